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
  o.mutable_partitions(0)->mutable_local_indexes()->add_indexes()->set_name("by_year");

  auto plan = plan_orders({}, o, "n1", disk, 1234);

  ASSERT_EQ(plan.make.size(), 1u);
  const auto& made = plan.make.front();
  EXPECT_EQ(made.group(), 5u);
  EXPECT_EQ(made.member(), 1u);
  EXPECT_EQ(made.state(), msg::LocalReplica::CREATING);
  EXPECT_EQ(made.table(), "music");
  EXPECT_EQ(made.from(), "a");
  EXPECT_EQ(made.to(), "b");
  EXPECT_EQ(made.configuration().members_size(), 1);
  EXPECT_EQ(made.metadata(), 42u);
  EXPECT_EQ(made.created_ms(), 1234);
  EXPECT_EQ(made.local_indexes().indexes(0).name(), "by_year");
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

TEST(Roster, AGroupThatIsHereAsAnotherMemberIsTrouble) {
  auto o = orders();
  *o.add_partitions() = partition(5, "n1", disk, 4);
  auto plan = plan_orders(here({5}), o, "n1", disk, 0);
  EXPECT_TRUE(plan.make.empty());
  EXPECT_EQ(plan.troubles.size(), 1u);
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
