// Archivers of several nodes on virtual time, each with a replica of one group and its log, all made up, and
// one store that may lie.
#pragma once
#include "actors/archiver/archiver_actor.h"
#include "actors/kit/node_config.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/archiver/lying_store.h"
#include "tests/unit/storage/fixtures.h"
#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <map>
#include <vector>

namespace troupe::archiver {

inline constexpr std::uint64_t group = 7;
inline constexpr std::uint64_t cluster = 77;
inline constexpr std::uint64_t table = 5;

class world {
public:
  world();
  ~world();

  struct one_node {
    world* in = nullptr;
    std::string name;
    std::vector<msg::Entry> log; // from base + 1 on
    wire::log_standing standing;
    std::vector<msg::ArchiveProgress> told; // to the replica
    std::vector<wire::items_rebuilt> made;  // likewise
    std::vector<msg::Parcel> sent;          // to other nodes
    prometheus::Registry* registry = nullptr;
    wire::replica_actor replica;
    wire::disk_actor disk;
    wire::items_actor items;
    std::vector<std::string> pieces; // of a snapshot of its items, as of what it has committed
    int piece_refused = -1;          // this one is not given
    int begun = 0;                   // so often the first one was given
    std::function<void()> at_piece;  // called for each; may be empty
    int cuts_left = 2;               // so often it is being cut, when it is asked for
    std::int64_t piece_asked_us = 0; // it is forgotten half a minute after that
    wire::peers_actor peers;
    wire::ticker_actor ticker;
    wire::scrubbed_archiver_actor archiver;
    std::vector<std::string> fell; // why it ended, when it should not have
    bool may_fall = false;
  };

  // With nothing in its log; the first one leads.
  one_node& add(const std::string& name);
  // Commits entries of that many bytes on all nodes whose log reaches so far, and tells their archivers.
  void commit(std::size_t count, std::size_t bytes);
  void tell(one_node& node); // its archiver how its log stands
  void forget(one_node& node, std::uint64_t whose = group);
  void know(one_node& node, std::uint64_t whose = group); // whose log it is
  void restart_replica(one_node& node);
  void end(one_node& node, caf::exit_reason why); // its archiver
  // The same, said and not waited for: for whoever is called while something runs.
  void say(one_node& node);
  void say_forget(one_node& node, std::uint64_t whose = group);
  // Of another group of that node, with a log of so many entries.
  void say_other(one_node& node, std::uint64_t whose, std::uint64_t entries, std::uint64_t bytes);
  std::int64_t now_us() const { return clock_.now_us(); }
  void run(std::chrono::milliseconds time);
  wire::archive_view view(one_node& node); // as the scrubber asks
  // Its items, as its replica asks; what it is told is in `made`.
  void rebuild(one_node& node, std::uint64_t least, std::uint64_t last, std::uint64_t whose = group);
  void say_rebuild(one_node& node, std::uint64_t whose, std::uint64_t least, std::uint64_t last);
  void ask(one_node& node, std::uint32_t deadline_ms); // as another node: archive all there is, now

  std::uint64_t archived(const one_node& node) const; // from the first entry or a snapshot on
  std::uint64_t may_cut(const one_node& node) const;
  std::string alarm(const one_node& node) const;
  double metric(const one_node& node, const std::string& family, const std::string& label = {}) const;
  std::vector<std::string> segments() const;
  std::vector<archive::snapshot_id> archived_snapshots() const;
  // A group's segments, read: every entry from 1 to `last` in one of them, sound and equal to the log.
  std::string whole(std::uint64_t last) const;

  std::shared_ptr<testing::shelf> shelf = std::make_shared<testing::shelf>();
  archive::options rules;
  archive::snapshot_options snapshots;
  testing::temporary_directory scratch; // where items are rebuilt

private:
  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  nodes_test::virtual_clock clock_;
  std::map<std::string, one_node> nodes_;
  std::vector<msg::Entry> history_;
};

} // namespace troupe::archiver
