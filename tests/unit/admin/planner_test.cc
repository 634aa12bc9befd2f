#include "actors/admin/planner.h"
#include "actors/core/routing/partition_map.h"
#include "config/limits.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>
#include <set>

namespace troupe::admin {
namespace {

using verdict = decision::verdict;

// The table's partitions lie in three zones each and cover the key space, as a router sees them.
void expect_routable(const metadata_world& w, const std::string& name, std::size_t partitions) {
  routing::partition_map map(w.records.map());
  const auto* table = map.find(name);
  ASSERT_NE(table, nullptr);
  auto all = map.partitions_of(*table);
  EXPECT_EQ(all.size(), partitions);
  for (const auto* partition : all) {
    std::set<std::string> zones;
    for (const auto& member : partition->configuration().members())
      zones.insert(member.zone());
    EXPECT_EQ(zones.size(), 3u) << partition->group();
  }
}

// Nodes are told what to do, do it, and say so.
void run(metadata_world& w) {
  w.nodes_report();
  w.nodes_report();
  w.settle();
}

TEST(CreatingATable, BecomesActiveWhenAllItsPartitionsServe) {
  metadata_world w;
  ASSERT_EQ(w.create("music", 4).what, verdict::write);
  EXPECT_EQ(w.records.table("music")->state(), msg::TABLE_CREATING);
  w.settle();
  EXPECT_EQ(w.records.table("music")->state(), msg::TABLE_CREATING) << "nobody runs anything yet";

  w.nodes_report(); // is told what to run
  w.nodes_report(); // runs it
  w.settle();

  EXPECT_EQ(w.records.table("music")->state(), msg::TABLE_ACTIVE);
  expect_routable(w, "music", 4);
  EXPECT_EQ(w.replicas_running(), 12u);
}

TEST(CreatingATable, WithLocalIndexesTellsEveryPartitionOfThem) {
  metadata_world w;
  msg::CreateTable wish;
  wish.set_name("music");
  wish.set_partitions(3);
  wish.mutable_keys()->mutable_partition()->set_name("artist");
  wish.mutable_keys()->mutable_partition()->set_type(msg::KEY_TYPE_S);
  auto& index = *wish.mutable_options()->add_local_indexes();
  index.set_name("by_year");
  index.mutable_sort()->set_name("year");
  index.mutable_sort()->set_type(msg::KEY_TYPE_N);
  EXPECT_EQ(plan_create(w.view(), wish, {}, 5, 7).refusal.code(), msg::VALIDATION) << "without a sort key";
  wish.mutable_keys()->mutable_sort()->set_name("title");
  wish.mutable_keys()->mutable_sort()->set_type(msg::KEY_TYPE_S);
  auto plan = plan_create(w.view(), wish, {}, 5, 7);
  ASSERT_EQ(plan.what, verdict::write);
  ASSERT_EQ(plan.write.partitions.size(), 3u);
  for (const auto& partition : plan.write.partitions) {
    EXPECT_EQ(partition.local_indexes().keys().sort().name(), "title");
    ASSERT_EQ(partition.local_indexes().indexes_size(), 1);
    EXPECT_EQ(partition.local_indexes().indexes(0).name(), "by_year");
  }
}

TEST(CreatingATable, OfTenThousandPartitionsTakesSeveralEntriesEachSmallEnough) {
  metadata_world w(3);
  auto first = w.create("big", 10'000);
  ASSERT_EQ(first.what, verdict::write);
  EXPECT_LE(to_write(first.write).ByteSizeLong(), limits::command_bytes / 2);
  int changes = 0;
  while (auto next = plan_next(w.view(), 7)) {
    ASSERT_LE(to_write(*next).ByteSizeLong(), limits::command_bytes / 2);
    ASSERT_TRUE(w.make(*next));
    ASSERT_LT(++changes, 100);
  }
  EXPECT_EQ(w.records.groups_of(77).size(), 10'000u);
  expect_routable(w, "big", 10'000);

  std::set<std::size_t> counts; // of replicas per node
  for (const auto& [name, one] : w.machines)
    counts.insert(w.records.groups_on(name).size());
  EXPECT_LE(*counts.rbegin() - *counts.begin(), 1u) << "evenly over the nodes of each zone";
}

TEST(CreatingATable, IsCarriedOnByANewLeaderFromTheRecordsAlone) {
  metadata_world w;
  w.create("big", 3'000);
  ASSERT_LT(w.records.groups_of(77).size(), 3'000u);

  w.records = w.durable.load(); // the old leader's memory is gone
  w.book.clear();
  w.leading_us = w.now_us;
  EXPECT_EQ(plan_next(w.view(), 9), std::nullopt) << "no node has reported to the new leader";
  w.nodes_report();
  w.settle();
  w.nodes_report();
  w.nodes_report();
  w.settle();

  expect_routable(w, "big", 3'000);
  EXPECT_EQ(w.records.table("big")->state(), msg::TABLE_ACTIVE);
}

TEST(CreatingATable, IsRefusedForBadNamesSchemasAndCounts) {
  metadata_world w;
  for (const auto* name : {"ab", "a b", "tablé", "", "a/b"})
    EXPECT_EQ(w.create(name).refusal.code(), msg::VALIDATION) << name;
  EXPECT_EQ(w.create(std::string(256, 'a')).refusal.code(), msg::VALIDATION);
  EXPECT_EQ(w.create("many", 10'001).refusal.code(), msg::VALIDATION);
  msg::CreateTable no_keys;
  no_keys.set_name("nokeys");
  EXPECT_EQ(plan_create(w.view(), no_keys, {}, 1, 1).refusal.code(), msg::VALIDATION);
  EXPECT_TRUE(w.records.tables().empty());
  EXPECT_EQ(w.create("a-b_c.D9").what, verdict::write);
}

TEST(CreatingATable, TwiceIsInUseUnlessItIsTheSameRequest) {
  metadata_world w;
  msg::RequestId mine;
  mine.set_client(5);
  mine.set_sequence(1);
  msg::RequestId other = mine;
  other.set_sequence(2);
  ASSERT_EQ(w.create("music", 1, 77, mine).what, verdict::write);

  EXPECT_EQ(w.create("music", 1, 78, other).refusal.code(), msg::TABLE_IN_USE);
  EXPECT_EQ(w.create("music", 1, 79).refusal.code(), msg::TABLE_IN_USE);
  EXPECT_EQ(w.create("music", 1, 80, mine).what, verdict::done) << "the client sent it again";
  EXPECT_EQ(w.create("music", 1, 77, other).what, verdict::done) << "the admin planned it again";
}

TEST(CreatingATable, WaitsForNodesThatHaveNotReportedToANewLeaderYet) {
  metadata_world w;
  w.book.clear();
  w.leading_us = w.now_us;
  EXPECT_EQ(w.create("music").what, verdict::wait);

  w.machines["c1"].up = false;
  w.nodes_report();
  EXPECT_EQ(w.create("music").what, verdict::wait) << "the third may be on its way";
  w.pass_seconds(4);
  w.nodes_report();
  auto refused = w.create("music");
  EXPECT_EQ(refused.what, verdict::refuse);
  EXPECT_EQ(refused.refusal.code(), msg::UNAVAILABLE);
}

TEST(CreatingATable, LeavesOutNodesThatAreAwayOrFull) {
  metadata_world w(2);
  w.machines["a1"].up = false;
  w.pass_seconds(4);
  w.nodes_report();
  ASSERT_EQ(w.create("music", 8).what, verdict::write);
  EXPECT_EQ(w.records.groups_on("a1").size(), 0u);
  EXPECT_EQ(w.records.groups_on("a2").size(), 8u);
}

TEST(DeletingATable, DropsItsReplicasAndThenForgetsIt) {
  metadata_world w;
  w.create("music", 4);
  w.nodes_report();
  w.nodes_report();
  w.settle();
  ASSERT_EQ(w.remove("music").what, verdict::write);
  EXPECT_EQ(w.records.table("music")->state(), msg::TABLE_DELETING);
  w.settle();
  EXPECT_NE(w.records.table("music"), nullptr) << "its replicas still run";

  w.nodes_report(); // is told to drop
  w.nodes_report(); // tells that it has
  w.settle();

  EXPECT_EQ(w.records.table("music"), nullptr);
  EXPECT_TRUE(w.records.partitions().empty());
  EXPECT_EQ(w.replicas_running(), 0u);
  EXPECT_EQ(w.durable.rows().size(), 1u + w.machines.size()) << "the cluster and its nodes are left";
}

TEST(DeletingATable, DoesNotWaitForANodeThatIsAwayAndTellsItWhenItComesBack) {
  metadata_world w;
  w.create("music", 4);
  w.nodes_report();
  w.nodes_report();
  w.settle();
  w.machines["b1"].up = false;
  w.remove("music");
  w.nodes_report();
  w.nodes_report();
  w.settle();
  EXPECT_NE(w.records.table("music"), nullptr) << "b1 may only be slow";
  w.pass_seconds(4);
  w.nodes_report();
  w.settle();
  EXPECT_EQ(w.records.table("music"), nullptr);
  EXPECT_EQ(w.replicas_running(), 4u) << "those on b1";

  w.machines["b1"].up = true;
  w.nodes_report();
  EXPECT_EQ(w.replicas_running(), 0u);
  ASSERT_EQ(w.create("music", 2, 78).what, verdict::write) << "the name is free";
  w.nodes_report();

  for (const auto& [group, replica] : w.machines["b1"].replicas)
    EXPECT_EQ(w.records.partition(group)->table_id(), 78u);
  EXPECT_EQ(w.replicas_running(), 6u);
}

TEST(DeletingATable, ThatIsStillBeingCreatedIsRefused) {
  metadata_world w;
  w.create("music", 4);
  auto refused = w.remove("music");
  EXPECT_EQ(refused.refusal.code(), msg::TABLE_IN_USE);
  EXPECT_EQ(refused.refusal.message(),
            "Attempt to change a resource which is still in use: Table is being created: music");
  EXPECT_EQ(w.create("music", 1, 78).refusal.message(),
            "Attempt to change a resource which is still in use: Table is being created: music");
  run(w);
  EXPECT_EQ(w.create("music", 1, 78).refusal.message(), "Table already exists: music");
  EXPECT_EQ(w.remove("music").what, verdict::write);
}

TEST(DeletingATable, IsForOneRequestHoweverOftenItComes) {
  metadata_world w;
  msg::RequestId mine;
  mine.set_client(5);
  mine.set_sequence(1);
  msg::RequestId other = mine;
  other.set_sequence(2);
  w.create("music");
  run(w);
  EXPECT_EQ(w.remove("nothere").refusal.code(), msg::TABLE_NOT_FOUND);
  EXPECT_EQ(w.remove("music", 0, mine).what, verdict::write);

  w.records = w.durable.load(); // another admin leads now
  EXPECT_EQ(w.remove("music", 0, mine).what, verdict::done) << "the client sent it again";
  EXPECT_EQ(w.remove("music", 77, mine).what, verdict::done) << "the admin planned it again";
  auto late = w.remove("music", 0, other);
  EXPECT_EQ(late.refusal.code(), msg::TABLE_IN_USE);
  EXPECT_EQ(late.refusal.message(),
            "Attempt to change a resource which is still in use: Table is being deleted: music");
  EXPECT_EQ(w.remove("music").refusal.code(), msg::TABLE_IN_USE) << "nor for one without a number";
  EXPECT_EQ(w.create("music", 1, 78).refusal.message(), late.refusal.message());

  run(w);
  ASSERT_EQ(w.records.table("music"), nullptr);
  EXPECT_EQ(w.remove("music", 77).what, verdict::done) << "an attempt whose outcome was not known";
  w.create("music", 1, 78);
  EXPECT_EQ(w.remove("music", 77).what, verdict::done) << "it meant the table before this one";
  EXPECT_EQ(w.records.table("music")->state(), msg::TABLE_CREATING);
}

TEST(Figures, AreWhatTheLeadersOfATablesPartitionsSay) {
  metadata_world w;
  w.create("music", 3);
  run(w);
  auto& table = *w.records.table("music");
  auto groups = w.records.groups_of(table.id());
  std::uint64_t part = 0;
  for (auto group : groups) {
    ++part;
    for (auto& [name, one] : w.machines) {
      auto it = one.replicas.find(group);
      if (it == one.replicas.end())
        continue;
      it->second.set_items(it->second.leads() ? 10 * part : 1); // the others lag behind
      it->second.set_item_sizes(it->second.leads() ? 1000 * part : 1);
    }
  }
  w.nodes_report();
  auto sum = figures_of(w.view(), table);
  EXPECT_EQ(sum.items(), 60u);
  EXPECT_EQ(sum.bytes(), 6000u);
  EXPECT_EQ(sum.unknown(), 0u);

  w.book.clear(); // a new leader
  EXPECT_EQ(figures_of(w.view(), table).unknown(), 3u);
  EXPECT_EQ(figures_of(w.view(), table).items(), 0u);
}

// A table that is active, with some options.
struct table_with_options {
  metadata_world w;
  table_with_options() {
    w.create("music", 1);
    w.settle();
    w.nodes_report();
    w.nodes_report();
    w.settle();
    EXPECT_EQ(record().state(), msg::TABLE_ACTIVE);
  }
  const msg::TableRecord& record() { return *w.records.table("music"); }
  msg::UpdateTable wish(std::int64_t units) {
    msg::UpdateTable out;
    out.set_name("music");
    out.set_id(record().id());
    *out.mutable_before() = record().options();
    *out.mutable_after() = record().options();
    out.mutable_after()->set_read_units(units);
    return out;
  }
  verdict ask(const msg::UpdateTable& what) {
    const auto plan = plan_update(w.view(), what);
    if (plan.what == verdict::write) {
      EXPECT_TRUE(w.make(plan.write));
    }
    return plan.what;
  }
};

TEST(UpdatingATable, GivesItOtherOptionsAndNothingElse) {
  table_with_options t;
  const auto before = t.record();
  const auto wish = t.wish(7);
  EXPECT_EQ(t.ask(wish), verdict::write);
  EXPECT_EQ(t.record().options().read_units(), 7);
  auto expected = before;
  *expected.mutable_options() = wish.after();
  EXPECT_EQ(t.record().SerializeAsString(), expected.SerializeAsString());
  EXPECT_EQ(t.ask(wish), verdict::done) << "the same again, by an attempt whose outcome was not known";
}

TEST(UpdatingATable, OfTwoAtTheSameTimeTheSecondBeginsAgain) {
  table_with_options t;
  const auto first = t.wish(7);
  const auto second = t.wish(8);
  EXPECT_EQ(t.ask(first), verdict::write);
  EXPECT_EQ(plan_update(t.w.view(), second).refusal.code(), msg::TABLE_IN_USE);
  EXPECT_EQ(t.ask(t.wish(8)), verdict::write);
  EXPECT_EQ(t.record().options().read_units(), 8);
}

TEST(UpdatingATable, IsRefusedForOneThatIsAnotherOrNotActive) {
  table_with_options t;
  auto stranger = t.wish(7);
  stranger.set_id(stranger.id() + 1);
  EXPECT_EQ(plan_update(t.w.view(), stranger).refusal.code(), msg::TABLE_NOT_FOUND);
  const auto late = t.wish(7);
  msg::DeleteTable away;
  away.set_name("music");
  ASSERT_TRUE(t.w.make(plan_delete(t.w.view(), away, {}, 0).write));
  EXPECT_EQ(plan_update(t.w.view(), late).refusal.code(), msg::TABLE_IN_USE);
}

TEST(UpdatingATable, CanProtectItFromDeletion) {
  table_with_options t;
  auto wish = t.wish(0);
  wish.mutable_after()->set_deletion_protection(true);
  EXPECT_EQ(t.ask(wish), verdict::write);
  msg::DeleteTable away;
  away.set_name("music");
  EXPECT_EQ(plan_delete(t.w.view(), away, {}, 0).refusal.code(), msg::VALIDATION);
  wish = t.wish(0);
  wish.mutable_after()->set_deletion_protection(false);
  EXPECT_EQ(t.ask(wish), verdict::write);
  EXPECT_EQ(plan_delete(t.w.view(), away, {}, 0).what, verdict::write);
}

TEST(Nodes, AreRecordedWhenTheyIntroduceThemselvesAndWhenTheirDiskIsAnother) {
  metadata_world w;
  w.settle();
  ASSERT_EQ(w.records.nodes().size(), 3u);
  auto version = w.records.version();
  w.nodes_report();
  w.settle();
  EXPECT_EQ(w.records.version(), version) << "nothing new, nothing written";

  w.machines["a1"].disk = 5;
  w.machines["a1"].run = 2;
  w.machines["a1"].sequence = 0;
  w.nodes_report();
  w.settle();
  EXPECT_EQ(w.records.nodes().at("a1").disk(), 5u);
}

} // namespace
} // namespace troupe::admin
