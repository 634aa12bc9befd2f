// A restorer on virtual time beside a replica, with an archive: it gives the partition what another one had,
// where and as long as its member leads, and not a second time.
#include "actors/kit/log.h"
#include "actors/kit/node_config.h"
#include "actors/restorer/restorer_actor.h"
#include "messages/entry_link.h"
#include "messages/status.h"
#include "storage/archive/segment.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/archiver/lying_store.h"
#include "tests/unit/stand_in.h"
#include "tests/unit/storage/fixtures.h"
#include <caf/all.hpp>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace troupe::restorer {
namespace {

using namespace std::chrono_literals;

constexpr archive::place source{77, 5, 7};
constexpr std::uint64_t group = 12;

class world {
public:
  world()
      : config_(nodes_test::on_virtual_time()), system_(config_),
        scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
    kit::set_log_level(kit::level::error);
    report.set_leads(true);
    report.set_serving(true);
    report.mutable_ballot()->set_round(3);
    report.mutable_ballot()->set_member(1);
    part.set_table_id(source.table);
    part.set_group(source.group);
    replica = spawn_replica();
    peers = system_.spawn(stand_in_peers, this);
    restorer_options o;
    o.node = "n1";
    o.metadata_nodes = {"m1", "m2", "m3"};
    o.open = [this] {
      return storage::result<std::unique_ptr<storage::object_store>>(
          std::make_unique<testing::lying_store>(shelf));
    };
    o.scratch = where.file("restore");
    o.room.kept = 1 << 20;
    o.room.free = [this](const std::string&) { return storage::result<std::uint64_t>(free); };
    o.bytes_per_second = 1 << 20;
    o.detached = false;
    o.peers = peers;
    o.clock = &clock_;
    registry = std::make_shared<prometheus::Registry>();
    o.metrics = std::make_shared<kit::metrics>(registry, "n1");
    restorer = spawn_restorer(system_, std::move(o));
    scheduler_.run();
  }
  ~world() {
    caf::anon_send(restorer, wire::stop_atom::value);
    scheduler_.run();
    for (auto& one : replicas_)
      caf::anon_send_exit(one, caf::exit_reason::kill);
    caf::anon_send_exit(peers, caf::exit_reason::kill);
    scheduler_.run();
  }

  // Entry after entry of the source's log, each of one item, at times 1000, 1001, ...
  void archive_items(int count, std::size_t bytes = 10) {
    std::vector<msg::Entry> entries;
    for (int i = 0; i < count; ++i) {
      msg::Command command;
      command.set_time_ms(1000 + i);
      auto& effect = *command.add_effects();
      effect.set_key("key-" + std::to_string(1000 + i));
      effect.set_item(std::string(bytes, 'x') + std::to_string(i));
      auto& entry = entries.emplace_back();
      entry.set_index(static_cast<std::uint64_t>(i) + 1);
      entry.set_kind(msg::Entry::COMMAND);
      entry.set_payload(command.SerializeAsString());
      auto before = i == 0 ? 0 : entries[entries.size() - 2].link();
      entry.set_previous_link(before);
      entry.set_link(entry_link(source.group, entry, before));
    }
    msg::SegmentManifest about;
    about.set_cluster_id(source.cluster);
    about.set_table_id(source.table);
    about.set_group(source.group);
    auto made = storage::write_segment(about, entries);
    ASSERT_TRUE(made) << made.error().text;
    auto name = archive::segment_name(archive::folder_of(source), {1, static_cast<std::uint64_t>(count), 0});
    shelf->objects[name] = *made;
    part.set_last(static_cast<std::uint64_t>(count));
  }

  void order(std::uint64_t of = group) {
    caf::anon_send(restorer, wire::restore_group{source.cluster, of, "again", part, replica});
    scheduler_.run();
  }
  void run(std::chrono::milliseconds time) {
    for (auto until = clock_.now_us() + std::chrono::microseconds(time).count(); clock_.now_us() < until;) {
      scheduler_.clock().advance_time(10ms);
      scheduler_.run();
    }
  }
  void new_replica() { replica = spawn_replica(); }
  double count(const std::string& family) const {
    for (auto& one : registry->Collect())
      if (one.name == family)
        return one.type == prometheus::MetricType::Counter ? one.metric[0].counter.value
                                                           : one.metric[0].gauge.value;
    ADD_FAILURE() << "there is no " << family;
    return -1;
  }

  // --- what the others say
  msg::ReplicaReport report;
  std::function<msg::ReplicaReply(const msg::ReplicaRequest::Write&)> say; // in place of taking the write
  std::map<std::uint64_t, msg::Status> refusals;                           // of groups that take nothing
  std::string metadata_leader = "m2";
  bool metadata_answers = true;
  bool table_gone = false;
  bool deletes = true;   // tables that it is asked to
  msg::RestorePart part; // by the metadata

  // --- what became of it
  std::map<std::string, std::string> items;
  bool restored = false;
  std::uint64_t free = 1 << 30; // of the disk
  int writes = 0;
  std::uint64_t largest_write = 0;
  int descriptions = 0;
  std::set<std::uint64_t> whole; // groups that were said to have all items
  std::vector<msg::DeleteTable> deletions;

  std::shared_ptr<testing::shelf> shelf = std::make_shared<testing::shelf>();
  testing::temporary_directory where;
  std::shared_ptr<prometheus::Registry> registry;
  wire::replica_actor replica;
  wire::peers_actor peers;
  wire::restorer_actor restorer;

private:
  wire::replica_actor spawn_replica() {
    return replicas_.emplace_back(system_.spawn(stand_in_replica, this));
  }

  static wire::replica_actor::behavior_type stand_in_replica(wire::replica_actor::pointer, world* w) {
    return testing::stand_in<wire::replica_actor>([w](wire::report_atom) { return w->report; });
  }

  static wire::peers_actor::behavior_type stand_in_peers(wire::peers_actor::pointer self, world* w) {
    return testing::stand_in<wire::peers_actor>([self, w](wire::outbox& mail) {
      for (auto& one : mail)
        if (auto reply = w->answer(one))
          self->send(w->restorer, wire::inbox{{std::make_shared<wire::peer>(), std::move(*reply)}});
    });
  }

  std::optional<msg::Parcel> answer(const wire::outgoing& one) {
    auto reply = wire::reply_to(one.parcel);
    if (one.parcel.has_admin_request()) {
      if (!metadata_answers)
        return std::nullopt;
      const auto& asked = one.parcel.admin_request();
      if (asked.has_delete_table() && one.node == metadata_leader)
        deletions.push_back(asked.delete_table());
      *reply.mutable_admin_reply() = describe(one.node);
      if (asked.has_delete_table() && !deletes)
        *reply.mutable_admin_reply()->mutable_status() = make_status(msg::OVERLOADED);
    } else {
      *reply.mutable_replica_reply() = take(one.parcel.to().group(), one.parcel.replica_request().write());
    }
    return reply;
  }

  msg::AdminReply describe(const std::string& node) {
    msg::AdminReply body;
    if (node != metadata_leader) {
      *body.mutable_status() = make_status(msg::MOVED);
      body.mutable_moved()->set_leader_node(metadata_leader);
      return body;
    }
    ++descriptions;
    if (table_gone) {
      *body.mutable_status() = make_status(msg::TABLE_NOT_FOUND);
      return body;
    }
    body.add_tables()->set_id(900);
    body.mutable_tables(0)->set_state(deletions.empty() || !deletes ? msg::TABLE_CREATING
                                                                    : msg::TABLE_DELETING);
    for (auto of : {group, group + 1}) {
      auto& partition = *body.add_partitions();
      partition.set_group(of);
      *partition.mutable_restore() = part;
    }
    return body;
  }

  msg::ReplicaReply take(std::uint64_t of, const msg::ReplicaRequest::Write& write) {
    ++writes;
    if (auto it = refusals.find(of); it != refusals.end()) {
      msg::ReplicaReply body;
      *body.mutable_status() = it->second;
      return body;
    }
    largest_write = std::max<std::uint64_t>(largest_write, write.ByteSizeLong());
    if (say)
      return say(write);
    msg::ReplicaReply body;
    if (write.in_round() != report.ballot().round() || write.in_member() != report.ballot().member()) {
      *body.mutable_status() = make_status(msg::MOVED);
      return body;
    }
    for (auto& mutation : write.mutations())
      items[mutation.key()] = mutation.item();
    restored = restored || write.mutations().empty();
    if (write.mutations().empty())
      whole.insert(of);
    return body;
  }

  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  nodes_test::virtual_clock clock_;
  std::vector<wire::replica_actor> replicas_;
};

TEST(ARestorer, WritesAllThatThePartitionHadAndThenSaysSo) {
  world w;
  w.archive_items(30);
  w.order();
  w.run(1s);
  EXPECT_EQ(w.items.size(), 30u);
  EXPECT_EQ(w.items["key-1029"], "xxxxxxxxxx29");
  EXPECT_TRUE(w.restored);
  EXPECT_EQ(w.count("troupe_restored_partitions_total"), 1);
  EXPECT_EQ(w.count("troupe_restored_items_total"), 30);
  EXPECT_EQ(w.count("troupe_restorer_waiting_partitions"), 0);
  EXPECT_TRUE(std::filesystem::is_empty(w.where.file("restore"))) << "the scratch files are gone";
}

TEST(ARestorer, StopsAtTheEntryAndAtTheTimeThatAreWanted) {
  world w;
  w.archive_items(30);
  w.part.set_last(20);
  w.part.set_time_ms(1009);
  w.order();
  w.run(1s);
  EXPECT_EQ(w.items.size(), 10u) << "the tenth was written at that time";
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, OfAnEmptyPartitionSaysSoAtOnce) {
  world w;
  w.archive_items(1);
  w.part.set_time_ms(5);
  w.order();
  w.run(1s);
  EXPECT_TRUE(w.items.empty());
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, WritesInBoundedBatchesNotFasterThanItMay) {
  world w;
  w.archive_items(60, 50'000); // three megabytes, at one a second
  w.order();
  w.run(1s);
  EXPECT_LT(w.items.size(), 40u);
  EXPECT_GT(w.items.size(), 5u);
  w.run(4s);
  EXPECT_EQ(w.items.size(), 60u);
  EXPECT_TRUE(w.restored);
  EXPECT_LT(w.largest_write, 300u * 1024);
}

TEST(ARestorer, DoesNothingWhereItsMemberDoesNotLeadUntilItDoes) {
  world w;
  w.archive_items(5);
  w.report.set_leads(false);
  w.order();
  w.run(2s);
  EXPECT_EQ(w.writes, 0);
  w.report.set_leads(true);
  w.run(1s);
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, DoesNothingBeforeTheLogIsArchived) {
  world w;
  w.archive_items(5);
  w.part.set_last(0);
  w.order();
  w.run(2s);
  EXPECT_EQ(w.writes, 0);
  w.part.set_last(5);
  w.order(); // the metadata has changed
  w.run(1s);
  EXPECT_TRUE(w.restored);
}

// Its node has old orders: somebody else has given the partition its items, and clients have written since.
TEST(ARestorer, AsksTheMetadataWhenItHasComeToLeadAndWritesNothingWhenAllIsThere) {
  world w;
  w.archive_items(5);
  auto orders = w.part;
  w.part.set_done(true);
  caf::anon_send(w.restorer, wire::restore_group{source.cluster, group, "again", orders, w.replica});
  w.run(2s);
  EXPECT_EQ(w.descriptions, 1);
  EXPECT_EQ(w.writes, 0);
}

TEST(ARestorer, WaitsForTheMetadata) {
  world w;
  w.archive_items(5);
  w.metadata_answers = false;
  w.order();
  w.run(5s);
  EXPECT_EQ(w.writes, 0);
  w.metadata_leader = "m3"; // another leads meanwhile
  w.metadata_answers = true;
  w.run(5s);
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, LeavesATableAloneThatIsDeleted) {
  world w;
  w.archive_items(5);
  w.table_gone = true;
  w.order();
  w.run(2s);
  EXPECT_EQ(w.writes, 0);
  EXPECT_EQ(w.descriptions, 1);
}

TEST(ARestorer, BeginsAnewInAnotherLeadership) {
  world w;
  w.archive_items(60, 50'000);
  w.order();
  w.run(500ms);
  auto before = w.items.size();
  ASSERT_GT(before, 0u);
  ASSERT_LT(before, 60u);
  w.items.clear(); // of a member that has none of them
  w.report.mutable_ballot()->set_round(9);
  w.run(6s);
  EXPECT_EQ(w.items.size(), 60u);
  EXPECT_TRUE(w.restored);
  EXPECT_EQ(w.descriptions, 2) << "asked in either leadership";
}

TEST(ARestorer, RepeatsABatchThatWasNotTaken) {
  world w;
  w.archive_items(5);
  int left = 4;
  w.say = [&](const msg::ReplicaRequest::Write& write) {
    msg::ReplicaReply body;
    if (left-- > 0) {
      *body.mutable_status() = make_status(left % 2 == 0 ? msg::OVERLOADED : msg::UNKNOWN_OUTCOME);
      return body;
    }
    for (auto& mutation : write.mutations())
      w.items[mutation.key()] = mutation.item();
    w.restored = w.restored || write.mutations().empty();
    return body;
  };
  w.order();
  w.run(3s);
  EXPECT_EQ(w.items.size(), 5u);
  EXPECT_TRUE(w.restored);
  EXPECT_EQ(w.count("troupe_restore_failures_total"), 0);
}

// A full disk, or an archive that is behind: it may last for hours, and there may be a terabyte to rebuild.
TEST(ARestorer, KeepsWhatItRebuiltForAsLongAsThePartitionTakesNothing) {
  world w;
  w.archive_items(60, 50'000);
  bool full = false;
  int refused = 0;
  std::map<std::string, int> written;
  w.say = [&](const msg::ReplicaRequest::Write& write) {
    msg::ReplicaReply body;
    if (full) {
      *body.mutable_status() = make_status(refused++ % 2 == 0 ? msg::STORAGE_FULL : msg::OVERLOADED);
      return body;
    }
    for (auto& mutation : write.mutations())
      ++written[mutation.key()];
    w.restored = w.restored || write.mutations().empty();
    return body;
  };
  w.order();
  w.run(1s);
  ASSERT_GT(written.size(), 0u);
  ASSERT_LT(written.size(), 60u);
  full = true;
  w.run(10min);
  EXPECT_LT(refused, 120) << "asked less and less often";
  EXPECT_GT(refused, 60) << "and never given up";
  full = false;
  w.run(15s);
  EXPECT_TRUE(w.restored);
  EXPECT_EQ(written.size(), 60u);
  for (auto& [key, times] : written)
    EXPECT_EQ(times, 1) << key;
  EXPECT_EQ(w.count("troupe_restore_failures_total"), 0);
  EXPECT_EQ(w.descriptions, 1) << "nothing was begun anew";
}

msg::Status overloaded(msg::Status::Place what) {
  auto status = make_status(msg::OVERLOADED, "too much");
  status.set_overloaded(what);
  return status;
}

// One partition's log may not be archived for a day, while all others could have their items.
TEST(ARestorer, LeavesAPartitionThatTakesNothingForOthersAndComesBackToIt) {
  world w;
  w.archive_items(5);
  w.refusals[group] = overloaded(msg::Status::PARTITION);
  w.order(group);
  w.run(1s);
  w.order(group + 1);
  w.run(30s);
  EXPECT_TRUE(w.whole.empty()) << "it may pass";
  w.run(90s);
  EXPECT_EQ(w.whole, std::set<std::uint64_t>{group + 1});
  w.refusals.clear();
  w.run(2min);
  EXPECT_EQ(w.whole, (std::set<std::uint64_t>{group, group + 1}));
  EXPECT_EQ(w.count("troupe_restore_failures_total"), 0);
}

// A full disk takes nothing of the others either.
TEST(ARestorer, DoesNotLeaveAPartitionForOthersWhereTheNodeIsFull) {
  for (const auto& status : {make_status(msg::STORAGE_FULL), overloaded(msg::Status::NODE)}) {
    world w;
    w.archive_items(5);
    w.refusals[group] = status;
    w.order(group);
    w.run(1s);
    w.order(group + 1);
    w.run(10min);
    EXPECT_TRUE(w.whole.empty());
    EXPECT_EQ(w.descriptions, 1) << "what was rebuilt is kept";
  }
}

// History that was lost while the cluster had no archive, or objects that rot has eaten: whoever waits for
// the table would wait for ever.
TEST(ARestorer, DeletesATableWhosePastIsNotInTheArchive) {
  world w;
  w.archive_items(30);
  w.part.set_last(31);
  w.order();
  w.run(3min);
  EXPECT_TRUE(w.deletions.empty()) << "a listing may be behind";
  w.deletes = false;
  w.run(30min);
  EXPECT_GE(w.deletions.size(), 10u) << "it is asked again while it refuses";
  EXPECT_LE(w.deletions.size(), 60u) << "not more often than twice a minute";
  w.deletions.clear();
  w.deletes = true;
  w.run(1h);
  ASSERT_EQ(w.deletions.size(), 1u);
  EXPECT_EQ(w.deletions[0].name(), "again");
  EXPECT_EQ(w.deletions[0].unrestorable(), 900u);
  EXPECT_NE(w.deletions[0].why().find("ends with entry 30"), std::string::npos) << w.deletions[0].why();
  EXPECT_EQ(w.writes, 0);
}

TEST(ARestorer, WaitsForAnArchiveThatIsAwayForAsLongAsItIs) {
  world w;
  w.archive_items(5);
  w.shelf->away = true;
  w.order();
  w.run(3h);
  EXPECT_TRUE(w.deletions.empty());
  w.shelf->away = false;
  w.run(1min);
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, BeginsAnewWhenTheArchiveFailsAndSaysWhyItWaits) {
  world w;
  w.archive_items(5);
  w.shelf->away = true;
  w.order();
  w.run(5s);
  EXPECT_FALSE(w.restored);
  EXPECT_GE(w.count("troupe_restore_failures_total"), 2);
  EXPECT_EQ(w.count("troupe_restorer_waiting_partitions"), 1);
  w.shelf->away = false;
  w.run(10s);
  EXPECT_TRUE(w.restored);
}

// What it makes is scratch: the room that is left is the data's.
TEST(ARestorer, WaitsForRoomOnTheDiskAndMakesNothingMeanwhile) {
  world w;
  w.archive_items(5);
  w.free = 10 << 20;
  w.order();
  w.run(5s);
  EXPECT_FALSE(w.restored);
  EXPECT_GE(w.count("troupe_restore_failures_total"), 2);
  EXPECT_TRUE(std::filesystem::is_empty(w.where.file("restore")));
  w.free = 1 << 30;
  w.run(10s);
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, BeginsAnewBesideAnotherLifeOfTheReplica) {
  world w;
  w.archive_items(5);
  w.order();
  w.run(1s);
  ASSERT_TRUE(w.restored);
  w.restored = false; // which that one does not know
  w.new_replica();
  w.order();
  w.run(1s);
  EXPECT_TRUE(w.restored);
}

TEST(ARestorer, ForgetsAPartitionThatIsDropped) {
  world w;
  w.archive_items(60, 50'000);
  w.order();
  w.run(300ms);
  caf::anon_send(w.restorer, wire::restore_forget{group});
  w.run(200ms);
  auto writes = w.writes;
  w.run(3s);
  EXPECT_EQ(w.writes, writes);
  EXPECT_FALSE(w.restored);
}

} // namespace
} // namespace troupe::restorer
