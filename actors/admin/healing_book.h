// What the leading admin remembers of its own healing: whom to look at next, since when a group has not been
// whole or a change has not come about, whom not to ask again soon. Nothing of it is durable, and all of it
// is counted on this node's own clock: a new leader begins with an empty book, looks at every group, and
// waits anew.
//
// Looking at ten thousand groups whenever a message arrives would be all that an admin does. So a plan looks
// at the groups of which something was heard, at those that were not whole when last looked at, and at a part
// of the others, in turns: what nobody noticed is found within seconds all the same.
//
// Thread: one owner. Times are microseconds on the clock of the node book.
#pragma once
#include "actors/admin/memory.h"
#include "actors/admin/node_book.h"
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::admin {

class healing_book {
public:
  static constexpr std::int64_t plan_every_us = 100'000;
  static constexpr std::int64_t target_patience_us = 30'000'000; // for a change to come about
  static constexpr std::int64_t shun_us = 300'000'000; // a node that was to make a member and did not
  static constexpr std::int64_t growth_patience_us =
      60'000'000;                                  // without a byte, before another one has its turn
  static constexpr std::size_t round_plans = 50;   // plans in which every group is looked at
  static constexpr std::size_t looks_most = 2'000; // groups in one plan; the others in the next ones

  void clear() { *this = healing_book(); }

  // What nodes have said since this was asked last.
  void hear(node_book& nodes, const memory& records);
  // Something of the group, or of everything, may be different now.
  void changed(std::uint64_t group) { due_.insert(group); }
  void everything_changed() { all_due_ = true; }
  // The groups to look at in this plan. Whoever does not come to all of them says so with changed().
  std::vector<std::uint64_t> turn(const memory& records);
  std::uint64_t looked_at() const { return looked_at_; } // groups, in all plans

  // What is remembered of a group that is not whole.
  struct line {
    std::int64_t ailing_since_us = 0; // 0: it was whole when last looked at
    bool hand_over = false;           // its leader is to be replaced
    // The target that is waited for, known by its epoch and newcomer.
    std::uint64_t epoch = 0;
    std::uint64_t newcomer = 0;
    std::int64_t target_since_us = 0;
    std::int64_t asked_us = 0; // when the group's leader was asked for what is due; 0: it was not, or refused
    // The member that grows, how far it is, and since when.
    std::uint64_t grows = 0;
    std::uint64_t growth_bytes = 0;
    std::int64_t growth_since_us = 0;
  };
  line& of(std::uint64_t group) { return lines_[group]; }
  const line* find(std::uint64_t group) const;
  void forget(std::uint64_t group) { lines_.erase(group); } // it is whole, or there no more

  // For so long the target has not been committed although somebody leads the group.
  std::int64_t waited_us(std::uint64_t group, std::uint64_t epoch, std::uint64_t newcomer, bool led,
                         std::int64_t now_us);
  // For so long no byte has come to the member that grows.
  std::int64_t growth_stands_us(std::uint64_t group, std::uint64_t member, std::uint64_t bytes,
                                std::int64_t now_us);

  void shun(const std::string& node, std::int64_t now_us) { shunned_[node] = now_us + shun_us; }
  bool shunned(const std::string& node, std::int64_t now_us) const;

  // Replicas that run on a node although the records want no such member there. Not yet proof that they may
  // go.
  void stray(const std::string& node, std::uint64_t group, bool is);
  void no_strays(std::uint64_t group); // on any node
  const std::set<std::uint64_t>& strays_on(const std::string& node) const;

private:
  std::set<std::uint64_t> due_;
  bool all_due_ = true;
  std::uint64_t round_at_ = 0; // group: the last of the others that had its turn
  std::uint64_t looks_at_ = 0; // group: the last one looked at, when they were too many for one plan
  std::uint64_t looked_at_ = 0;
  std::unordered_map<std::uint64_t, line> lines_;
  std::unordered_map<std::string, std::int64_t> shunned_; // until
  std::map<std::string, std::set<std::uint64_t>> strays_;
};

} // namespace troupe::admin
