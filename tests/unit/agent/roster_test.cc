#include "actors/agent/roster.h"
#include <gtest/gtest.h>

namespace troupe::agent {
namespace {

constexpr std::uint64_t disk = 11;

msg::PartitionRecord partition(std::uint64_t group, const std::string& node, std::uint64_t on_disk,
                               std::uint64_t member = 1) {
  msg::PartitionRecord record;
  record.set_group(group);
  record.set_table("music");
  record.set_from("a");
  record.set_to("b");
  auto& m = *record.mutable_configuration()->add_members();
  m.set_id(member);
  m.set_node(node);
  m.set_disk(on_disk);
  return record;
}

msg::NodeOrders orders(std::uint64_t metadata = 42) {
  msg::NodeOrders result;
  result.set_metadata(metadata);
  return result;
}

local_replicas here(std::vector<std::uint64_t> groups, std::uint64_t metadata = 42) {
  local_replicas result;
  for (auto group : groups) {
    result[group].set_group(group);
    result[group].set_member(1);
    result[group].set_metadata(metadata);
  }
  return result;
}

TEST(Roster, WhatIsOrderedAndNotHereIsMadeWithAllItNeedsToStartAgain) {
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk);
  o.mutable_partitions(0)->set_table_id(77);
  o.mutable_partitions(0)->mutable_local_indexes()->add_indexes()->set_name("by_year");

  auto plan = plan_orders({}, o, "n1", disk, 1234);

  ASSERT_EQ(plan.make.size(), 1u);
  const auto& made = plan.make.front();
  EXPECT_EQ(made.group(), 5u);
  EXPECT_EQ(made.member(), 1u);
  EXPECT_EQ(made.state(), msg::LocalReplica::CREATING);
  EXPECT_EQ(made.table(), "music");
  EXPECT_EQ(made.table_id(), 77u);
  EXPECT_EQ(made.from(), "a");
  EXPECT_EQ(made.to(), "b");
  EXPECT_EQ(made.configuration().members_size(), 1);
  EXPECT_EQ(made.metadata(), 42u);
  EXPECT_EQ(made.created_ms(), 1234);
  EXPECT_EQ(made.local_indexes().indexes(0).name(), "by_year");
}

TEST(Roster, AMemberThatWasReplacedIsRetiredAndNeverMadeAgain) {
  auto present = here({5});
  auto o = orders();
  auto& gone = *o.add_retire();
  gone.set_group(5);
  gone.set_member(2);
  EXPECT_TRUE(plan_orders(present, o, "n1", disk, 0).retire.empty()) << "another member's";
  o.mutable_retire(0)->set_member(1);
  EXPECT_EQ(plan_orders(present, o, "n1", disk, 0).retire, std::vector<std::uint64_t>{5});

  present[5].set_state(msg::LocalReplica::RETIRED);
  EXPECT_TRUE(plan_orders(present, o, "n1", disk, 0).retire.empty());
  auto old = orders();
  *old.add_partitions() = partition(5, "n1", disk, 1);
  EXPECT_TRUE(plan_orders(present, old, "n1", disk, 0).make.empty()) << "an order from before";
  auto fresh = orders();
  *fresh.add_partitions() = partition(5, "n1", disk, 4);
  ASSERT_EQ(plan_orders(present, fresh, "n1", disk, 0).make.size(), 1u);
  EXPECT_EQ(plan_orders(present, fresh, "n1", disk, 0).make[0].member(), 4u);
}

TEST(Roster, ANewcomerIsMadeByTheTargetAndWaitsUntilItsPredecessorIsGone) {
  auto o = orders();
  auto& record = *o.add_partitions();
  record = partition(5, "n2", 99);
  auto& m = *record.mutable_target()->add_members();
  m.set_id(4);
  m.set_kind(msg::LOG_REPLICA);
  m.set_node("n1");
  m.set_disk(disk);
  ASSERT_EQ(plan_orders({}, o, "n1", disk, 0).make.size(), 1u);
  EXPECT_EQ(plan_orders({}, o, "n1", disk, 0).make[0].kind(), msg::LOG_REPLICA);
  auto plan = plan_orders(here({5}), o, "n1", disk, 0);
  EXPECT_TRUE(plan.make.empty());
  EXPECT_TRUE(plan.troubles.empty());
}

TEST(Roster, ALogReplicaIsToldToGrowAndIsRecordedAsWhatItHasBecome) {
  auto present = here({5});
  present[5].set_kind(msg::LOG_REPLICA);
  present[5].set_state(msg::LocalReplica::ACTIVE);
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk);
  o.mutable_partitions(0)->mutable_configuration()->mutable_members(0)->set_kind(msg::LOG_REPLICA);
  o.mutable_partitions(0)->set_grow(1);
  EXPECT_EQ(plan_orders(present, o, "n1", disk, 0).grow, std::set<std::uint64_t>{5});
  EXPECT_TRUE(plan_orders(present, o, "n1", disk, 0).alter.empty());
  o.mutable_partitions(0)->mutable_configuration()->mutable_members(0)->set_kind(msg::STORAGE_REPLICA);
  ASSERT_EQ(plan_orders(present, o, "n1", disk, 0).alter.size(), 1u);
  EXPECT_EQ(plan_orders(present, o, "n1", disk, 0).alter[0].kind(), msg::STORAGE_REPLICA);
}

TEST(Roster, TheSameOrderAgainMakesNothing) {
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk);
  auto plan = plan_orders(here({5}), o, "n1", disk, 0);
  EXPECT_TRUE(plan.make.empty());
  EXPECT_TRUE(plan.troubles.empty());
}

TEST(Roster, AnOrderForAnotherDirectoryOrNodeMakesNothing) {
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk + 1);
  *o.add_partitions() = partition(6, "n2", disk);
  EXPECT_TRUE(plan_orders({}, o, "n1", disk, 0).make.empty());
}

TEST(Roster, NothingIsDroppedForNotBeingOrdered) {
  EXPECT_TRUE(plan_orders(here({5, 6}), orders(), "n1", disk, 0).drop.empty());
}

TEST(Roster, DropsWhatItIsToldToButNeverTheMetadata) {
  auto o = orders();
  for (auto group : {1, 6, 7})
    o.add_drop(group);
  auto replicas = here({5, 6});
  replicas[1].set_group(1);
  EXPECT_EQ(plan_orders(replicas, o, "n1", disk, 0).drop, std::vector<std::uint64_t>{6});
}

TEST(Roster, AnotherClustersOrdersAreRefusedWhole) {
  auto o = orders(43);
  *o.add_partitions() = partition(9, "n1", disk);
  o.add_drop(5);
  auto plan = plan_orders(here({5}), o, "n1", disk, 0);
  EXPECT_TRUE(plan.make.empty());
  EXPECT_TRUE(plan.drop.empty());
  EXPECT_EQ(plan.troubles.size(), 1u);
}

TEST(Roster, AGroupThatIsHereAsALaterMemberIsTrouble) {
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk, 4);
  auto present = here({5});
  present[5].set_member(6);
  auto plan = plan_orders(present, o, "n1", disk, 0);
  EXPECT_TRUE(plan.make.empty());
  EXPECT_EQ(plan.troubles.size(), 1u);
}

TEST(Roster, ARecordThatDoesNotKnowItsTablesIdLearnsIt) {
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk);
  o.mutable_partitions(0)->set_table_id(77);
  auto present = here({5});
  EXPECT_TRUE(plan_orders(present, o, "n1", disk, 0).alter.empty()) << "while it is being made";
  present[5].set_state(msg::LocalReplica::ACTIVE);
  auto plan = plan_orders(present, o, "n1", disk, 0);
  ASSERT_EQ(plan.alter.size(), 1u);
  EXPECT_EQ(plan.alter[0].table_id(), 77u);
  EXPECT_EQ(plan.alter[0].kind(), msg::STORAGE_REPLICA);
  present[5] = plan.alter[0];
  EXPECT_TRUE(plan_orders(present, o, "n1", disk, 0).alter.empty());
}

TEST(Roster, FreshOnlyWhenItWasBeingMadeAndTheLogHoldsNothing) {
  msg::LocalReplica creating;
  creating.set_state(msg::LocalReplica::CREATING);
  msg::LocalReplica active;
  active.set_state(msg::LocalReplica::ACTIVE);
  EXPECT_EQ(how_to_start(creating, false), start::fresh);
  EXPECT_EQ(how_to_start(creating, true), start::again) << "it may have promised something";
  EXPECT_EQ(how_to_start(active, true), start::again);
  EXPECT_EQ(how_to_start(active, false), start::lost);
}

} // namespace
} // namespace troupe::agent
