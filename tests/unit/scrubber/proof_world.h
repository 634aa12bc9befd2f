// A scrubber on virtual time beside one member of a group, with real files as its archive. The replica, the
// log, the archiver and the other nodes are made up.
#pragma once
#include "actors/core/scrub/judge.h"
#include "actors/kit/node_config.h"
#include "actors/scrubber/scrubber_actor.h"
#include "storage/archive/directory_store.h"
#include "storage/item_store.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/storage/fixtures.h"
#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::scrubber {

inline constexpr archive::place whose{0xc1u, 0x7ab1eu, 12};

// What the scrubber beside a member says, and has been told.
struct voice {
  std::uint64_t member = 0;
  scrub::leaf_list leaves; // at every mark
  std::uint64_t lineage = 0;
  std::vector<scrub::witness> remembers;
  bool deaf = false;                                    // answers no sentence
  bool mute = false;                                    // answers nothing
  msg::ScrubReply::State hears = msg::ScrubReply::HERE; // what it answers to one
};

class world {
public:
  world();
  ~world();

  // --- the group: what was written, and what lies in the archive
  void write(int entries, const std::string& value = "value "); // one item each; every seventh time the same
  void archive(std::uint64_t first, std::uint64_t last, std::uint32_t copy = 0);
  void archive_snapshot(storage::item_store& of);
  std::string segment(std::uint64_t first, std::uint64_t last, std::uint32_t copy = 0) const; // its file
  // Items as of an entry, in a file of their own; `wrong`: one of them is not what was written.
  std::unique_ptr<storage::item_store> items_at(std::uint64_t index, const std::string& wrong = {});
  scrub::leaf_list leaves_at(std::uint64_t index, const std::string& wrong = {});
  std::string verify() const; // what a survey finds; empty: the archive is whole

  // --- the scrubber
  // Starts it beside member 2; that log begins behind `base`.
  void start(std::uint64_t base = 0);
  // As the leader's scrubber on n1: prove these members, 1 to 3 on n1 to n3, as of that index.
  void order(std::uint64_t index, std::vector<scrub::leaf_list> members, bool arbitrate = false);
  // As that of another node: compare the members, which the replica beside it leads, by what `voices` say.
  void compare();
  void read(); // as an operator: read the replica here in full, now
  // Likewise: member 2's copy of that lineage is wrong. What it answers: the last of `sent`.
  void condemn(std::uint64_t lineage);
  void run(std::chrono::milliseconds time);

  double counted(const std::string& family, const std::string& label = {}) const; // or a gauge's value
  const msg::ScrubReport& report() const { return reports.back(); }

  testing::temporary_directory where;
  std::unique_ptr<storage::directory_store> store =
      std::move(*storage::directory_store::open(where.file("archive")));
  std::vector<msg::Entry> log;
  std::uint64_t archived = 0;            // as the archiver beside it says
  std::uint64_t free_bytes_min = 0;      // of its disk
  std::vector<msg::ScrubReport> reports; // to the replica
  std::vector<wire::outgoing> sent;      // to other scrubbers
  std::vector<std::uint64_t> wanted;     // snapshots, of the archiver
  std::map<std::string, voice> voices;   // by node; without any, sentences alone are answered
  std::vector<wire::condemn> condemned;  // the replica
  bool condemnable = true;               // it is running
  bool runs = true;                      // likewise, as the scrubber sees it
  std::vector<std::uint64_t> unreadable; // entries of its log
  int log_reads = 0;                     // slices of it
  int mends = 0;                         // so often it was to fetch them
  std::vector<const msg::ScrubRequest*> told(msg::ScrubRequest::OpCase what) const; // of those sent

private:
  void deliver(msg::ScrubRequest request);
  void answer(const wire::outgoing& asked);

  testing::chain made_{whose.group};
  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  nodes_test::virtual_clock clock_;
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  std::uint64_t base_ = 0;
  int files_ = 0;
  wire::peers_actor peers_;
  wire::scrubbed_disk_actor disk_;
  wire::scrubbed_archiver_actor archiver_;
  wire::scrubbed_replica_actor replica_;
  wire::scrubbed_items_actor items_;
  scrubber_actor scrubber_;
};

} // namespace troupe::scrubber
