// What the nodes have said of themselves, as the metadata leader remembers it. Nothing of it is durable: a
// new leader starts with an empty book and asks every node to tell everything again.
//
// A node tells all of its replicas once and then only what has changed. `base` in a report names the report
// it builds on; when that one is not known here, the node is asked to start over.
//
// It also counts for how long the members of a group have been away, by what their leaders say, when it was
// heard here, on the clock of this node alone: no clock that is set, and no word of an admin before this one,
// makes a member seem to be away for longer than somebody has watched it.
//
// Thread: one owner. Times are microseconds on the node's clock.
#pragma once
#include "messages/table.pb.h"
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::admin {

class node_book {
public:
  explicit node_book(std::int64_t alive_us) : alive_us_(alive_us) {}

  struct page {
    msg::NodeReport head; // the newest, without its replicas
    std::map<std::uint64_t, msg::ReplicaReport> replicas;
    std::unordered_map<std::uint64_t, std::int64_t> told_us; // of each of them: when it was last told anew
    std::unordered_map<std::uint64_t, std::int64_t> idle_us; // of those that do not run: since when
    std::int64_t heard_us = 0;
    bool whole = false; // false: replicas is not all of them yet
  };

  // Its owner is at work, which it says several times a second. False: it was not for so long that everybody
  // must seem silent, which says nothing of them, and everything is forgotten.
  bool attend(std::int64_t now_us);

  // A member of a group that another one leads.
  struct attendance {
    std::int64_t since_us =
        0; // it has not answered the group's leaders, and that was heard here; 0: it answers
    std::int64_t answered_us = 0; // when it last did, by the word of its leader; of any use when it does not
    std::int64_t steady_us = 0;   // since when it answers, as far as was heard here; 0: it does not
    std::int64_t stays_us = 0; // it answers, lacks what is chosen, and gets nothing; 0: it has it, or gets it
    std::uint64_t match = 0;
  };

  // False: the report builds on one that is not known; its replicas are ignored, the rest is taken.
  bool take(const msg::NodeReport& report, std::int64_t now_us);

  const std::map<std::string, page>& pages() const { return pages_; }
  const page* find(const std::string& node) const;
  bool alive(const std::string& node, std::int64_t now_us) const;
  // The node whose replica leads the group and serves; nullptr when none has said so.
  const std::string* server_of(std::uint64_t group) const;
  // When the node last said something new about its replica of the group; 0: never.
  std::int64_t told_us(const std::string& node, std::uint64_t group) const;
  // Since when its replica of the group has not run, as far as it was heard here; 0: it runs, or is none.
  std::int64_t idle_us(const std::string& node, std::uint64_t group) const;
  // It says that it takes part, and that nothing is wrong with it.
  static bool runs(const msg::ReplicaReport& replica);
  // nullptr: no leader of the group has said anything of this member.
  const attendance* attendance_of(std::uint64_t group, std::uint64_t member) const;
  // The newest configuration that a leader of the group has said is committed; nullptr: none has.
  const msg::Configuration* committed_of(std::uint64_t group) const;
  void note_committed(std::uint64_t group, const msg::Configuration& configuration);
  // What is known best of a group: what its server says, or else whoever has applied most. nullptr: nothing.
  const msg::ReplicaReport* newest_of(std::uint64_t group) const;
  // Nodes that have told of a replica of the group, gone for good or not.
  const std::vector<std::string>& holders(std::uint64_t group) const;
  // Groups of which something new was heard since this was asked last.
  std::set<std::uint64_t> take_changed() { return std::exchange(changed_, {}); }
  // Nodes that have come with a data directory since that is not the one they had, or with their first.
  std::set<std::string> take_other_directories() { return std::exchange(other_directories_, {}); }
  // Whether this node has said that it runs a replica of the group, or has not told everything yet.
  bool may_hold(const std::string& node, std::uint64_t group) const;

  void clear();

private:
  void put(page& on, const std::string& node, const msg::ReplicaReport& replica, std::int64_t now_us);
  void drop(page& on, const std::string& node, std::uint64_t group);
  void watch(const msg::ReplicaReport& leader, std::int64_t now_us);

  std::int64_t alive_us_;
  std::int64_t attended_us_ = 0; // 0: not yet
  std::map<std::string, page> pages_;
  std::unordered_map<std::uint64_t, std::string> servers_;
  std::unordered_map<std::uint64_t, msg::Configuration> committed_;
  std::unordered_map<std::uint64_t, std::map<std::uint64_t, attendance>> watched_; // group -> member
  std::unordered_map<std::uint64_t, std::vector<std::string>> holders_;
  std::set<std::uint64_t> changed_;
  std::set<std::string> other_directories_;
};

} // namespace troupe::admin
