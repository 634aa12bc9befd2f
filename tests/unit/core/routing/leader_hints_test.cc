#include "actors/core/routing/leader_hints.h"
#include <gtest/gtest.h>

namespace troupe::routing {
namespace {

// Storage replicas on a1, b1, c1 in this order, and a log replica on c2.
msg::PartitionRecord partition(std::uint64_t group, std::uint64_t epoch) {
  msg::PartitionRecord out;
  out.set_group(group);
  out.mutable_configuration()->set_epoch(epoch);
  for (const char* node : {"a1", "c2", "b1", "c1"}) {
    msg::Member* member = out.mutable_configuration()->add_members();
    member->set_node(node);
    member->set_kind(std::string(node) == "c2" ? msg::LOG_REPLICA : msg::STORAGE_REPLICA);
  }
  return out;
}

msg::Moved moved(std::uint64_t group, std::uint64_t epoch, const std::string& node) {
  msg::Moved out;
  out.set_group(group);
  out.set_epoch(epoch);
  out.set_leader_node(node);
  return out;
}

TEST(LeaderHints, WithoutAHintThePreferredLeaderIsAsked) {
  const leader_hints hints;
  EXPECT_EQ(hints.target(partition(1, 3)), "a1");
  EXPECT_EQ(hints.epoch(partition(1, 3)), 3u);
  EXPECT_EQ(hints.target(msg::PartitionRecord()), "");
}

TEST(LeaderHints, TheLastWordIsFollowed) {
  leader_hints hints;
  hints.update_from_moved(moved(1, 3, "b1"));
  EXPECT_EQ(hints.target(partition(1, 3)), "b1");
  hints.update_from_moved(moved(1, 3, "c1"));
  EXPECT_EQ(hints.target(partition(1, 3)), "c1") << "leaders change within an epoch";
  hints.learn(1, "a1", 3);
  EXPECT_EQ(hints.target(partition(1, 3)), "a1");
  EXPECT_EQ(hints.target(partition(2, 3)), "a1") << "another group's hint is not its own";
}

TEST(LeaderHints, AWordOfAnOlderEpochIsIgnored) {
  leader_hints hints;
  hints.update_from_moved(moved(1, 5, "b1"));
  hints.update_from_moved(moved(1, 4, "c1"));
  EXPECT_EQ(hints.target(partition(1, 5)), "b1");
  hints.update_from_moved(moved(1, 4, ""));
  EXPECT_EQ(hints.target(partition(1, 5)), "b1");
  hints.suspect(1, "b1");
  hints.update_from_moved(moved(1, 4, "c1"));
  EXPECT_EQ(hints.target(partition(1, 5)), "a1") << "also once the hint was given up";
}

TEST(LeaderHints, ANodeThatLeftTheGroupIsNotAskedAgain) {
  leader_hints hints;
  hints.update_from_moved(moved(1, 5, "b7"));
  EXPECT_EQ(hints.target(partition(1, 4)), "b7") << "the hint is newer than the map";
  EXPECT_EQ(hints.epoch(partition(1, 4)), 5u);
  EXPECT_EQ(hints.target(partition(1, 6)), "a1") << "the map is newer than the hint";
  EXPECT_EQ(hints.epoch(partition(1, 6)), 6u);
  hints.update_from_moved(moved(1, 6, "c2"));
  EXPECT_EQ(hints.target(partition(1, 6)), "a1") << "a log replica serves nothing";
}

TEST(LeaderHints, OnlyTheNodeThatFailedIsSuspected) {
  leader_hints hints;
  hints.learn(1, "b1", 3);
  hints.suspect(1, "a1");
  EXPECT_EQ(hints.target(partition(1, 3)), "b1");
  hints.suspect(1, "b1");
  EXPECT_EQ(hints.target(partition(1, 3)), "a1");
  hints.suspect(2, "b1");
  EXPECT_EQ(hints.size(), 1u);
}

TEST(LeaderHints, TryingGoesAroundTheStorageReplicas) {
  const auto one = partition(1, 3);
  EXPECT_EQ(leader_hints::after(one, "a1"), "b1");
  EXPECT_EQ(leader_hints::after(one, "b1"), "c1");
  EXPECT_EQ(leader_hints::after(one, "c1"), "a1");
  EXPECT_EQ(leader_hints::after(one, "elsewhere"), "a1");
  EXPECT_EQ(leader_hints::after(msg::PartitionRecord(), "a1"), "");
}

TEST(LeaderHints, TheOldestIsForgottenWhenFull) {
  leader_hints hints(100);
  for (std::uint64_t group = 1; group <= 1'050; ++group) {
    hints.learn(group, "b1", 1);
    hints.learn(group, "c1", 1); // again: not a new one
    ASSERT_EQ(hints.size(), std::min<std::size_t>(group, 100));
    ASSERT_NE(hints.find(group), nullptr);
  }
  EXPECT_EQ(hints.find(950), nullptr);
  EXPECT_NE(hints.find(951), nullptr);
  EXPECT_EQ(hints.find(951)->node, "c1");
}

TEST(LeaderHints, GroupsThatAreGoneAreForgotten) {
  leader_hints hints(10);
  for (std::uint64_t group = 1; group <= 15; ++group)
    hints.learn(group, "b1", 1); // 6 to 15 are left, and the ring has turned
  msg::MapReply reply;
  reply.add_tables()->set_id(1);
  for (const std::uint64_t group : {8, 12, 99}) {
    msg::PartitionRecord* one = reply.add_partitions();
    one->set_table_id(1);
    one->set_group(group);
  }
  const partition_map map(std::move(reply));
  hints.retain(map);
  EXPECT_EQ(hints.size(), 2u);
  EXPECT_NE(hints.find(8), nullptr);
  EXPECT_NE(hints.find(12), nullptr);
  for (std::uint64_t group = 20; group < 28; ++group)
    hints.learn(group, "b1", 1);
  EXPECT_EQ(hints.size(), 10u);
  hints.learn(28, "b1", 1);
  EXPECT_EQ(hints.size(), 10u);
  EXPECT_EQ(hints.find(8), nullptr) << "now the oldest";
  EXPECT_NE(hints.find(12), nullptr);
}

} // namespace
} // namespace troupe::routing
