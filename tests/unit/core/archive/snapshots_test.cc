#include "actors/core/archive/names.h"
#include "actors/core/archive/snapshots.h"
#include <gtest/gtest.h>

namespace troupe::testing {

using namespace troupe::archive;
using act = snapshot_planner::act;

namespace {

constexpr instant second = 1'000'000;

snapshot_options small() {
  snapshot_options o;
  o.least_bytes = 1000;
  o.stagger = 10 * second;
  o.leader_waits = 100 * second;
  o.retry_first = 20 * second;
  o.retry_most = 60 * second;
  return o;
}

// A follower with items of 3000 bytes that has looked once, and found a snapshot at 50.
snapshot_planner follower(std::uint64_t chance = 0) {
  snapshot_planner p(small(), chance);
  p.told(false, true, 3000);
  p.archived(1);
  EXPECT_EQ(p.next(0).what, act::look);
  p.looked(50, 100, 0);
  return p;
}

} // namespace

TEST(SnapshotPlanner, NobodyLooksBeforeSomethingIsArchived) {
  snapshot_planner p(small(), 0);
  p.told(false, true, 3000);
  EXPECT_EQ(p.next(0).what, act::wait);
  EXPECT_EQ(p.next(0).until, never);
}

TEST(SnapshotPlanner, OneIsWorthItWhenTheLogBehindTheLastOutweighsTheItems) {
  auto p = follower();
  p.archived(2900);
  EXPECT_EQ(p.next(second).what, act::wait) << "exactly as much";
  p.archived(1);
  EXPECT_EQ(p.next(second).what, act::look) << "somebody else may have made one";
  p.looked(50, 3001, second);
  EXPECT_EQ(p.next(second).what, act::make);
  p.made(90, second);
  EXPECT_EQ(p.next(second).what, act::wait);
  EXPECT_EQ(p.newest(), 90u);
}

TEST(SnapshotPlanner, OfFewItemsOneIsNotMadeAllTheTime) {
  auto p = follower();
  p.told(false, true, 10);
  p.archived(900);
  EXPECT_EQ(p.next(0).what, act::wait);
  p.archived(1);
  EXPECT_EQ(p.next(0).what, act::look);
}

TEST(SnapshotPlanner, WhatSomebodyElseHasMadeIsNotMadeAgain) {
  auto p = follower();
  p.archived(5000);
  EXPECT_EQ(p.next(0).what, act::look);
  p.looked(80, 200, 0);
  EXPECT_EQ(p.next(0).what, act::wait);
  p.archived(3000);
  EXPECT_EQ(p.next(0).what, act::look) << "and looks again before the next one";
}

TEST(SnapshotPlanner, OneThatIsWantedIsMadeAtOnceByWhoeverWasTold) {
  for (bool leads : {false, true}) {
    snapshot_planner p(small(), 7 * second);
    p.told(leads, true, 3000);
    p.want(60);
    EXPECT_EQ(p.next(0).what, act::look) << "though nothing was archived in this run";
    p.looked(50, 100, 0);
    EXPECT_EQ(p.next(0).what, act::look) << "there may be one by now";
    p.looked(50, 100, 0);
    EXPECT_EQ(p.next(0).what, act::make);
    EXPECT_EQ(p.wanted(), 60u);
    p.made(64, second);
    EXPECT_EQ(p.next(second).what, act::wait);
    p.want(63);
    EXPECT_EQ(p.next(second).what, act::wait) << "that one will do";
  }
}

TEST(SnapshotPlanner, FollowersBeginAtDifferentTimesAndTheLeaderLongAfter) {
  auto p = follower(7 * second);
  p.archived(5000);
  EXPECT_EQ(p.next(second).until, 8 * second);
  EXPECT_EQ(p.next(8 * second).what, act::look);
  auto leader = follower(7 * second);
  leader.told(true, true, 3000);
  leader.archived(5000);
  EXPECT_EQ(leader.next(second).until, 101 * second);
  EXPECT_EQ(leader.next(101 * second).what, act::look);
}

TEST(SnapshotPlanner, WhoHoldsNoItemsMakesNone) {
  auto p = follower();
  p.told(false, false, 0);
  p.archived(50'000);
  EXPECT_EQ(p.next(second).what, act::wait);
}

// Errors that have long passed are none of the next one's.
TEST(SnapshotPlanner, ALookThatSucceedsForgetsThoseThatDidNot) {
  auto p = follower();
  for (instant now = 0; now < 1000 * second; now += 100 * second) {
    p.archived(5000);
    ASSERT_EQ(p.next(now).what, act::look);
    p.failed(now);
    EXPECT_EQ(p.next(now).until, now + 20 * second) << "as after the first";
    ASSERT_EQ(p.next(now + 20 * second).what, act::look);
    p.looked(50, 100, now + 20 * second); // somebody else has made one
    EXPECT_EQ(p.next(now + 20 * second).what, act::wait);
  }
}

TEST(SnapshotPlanner, AfterAFailureItWaitsLongerAndLonger) {
  auto p = follower();
  p.archived(5000);
  p.looked(50, 5100, 0);
  ASSERT_EQ(p.next(0).what, act::make);
  p.failed(0);
  EXPECT_EQ(p.next(0).until, 20 * second);
  EXPECT_EQ(p.next(20 * second).what, act::look);
  p.looked(50, 5100, 20 * second);
  EXPECT_EQ(p.next(20 * second).what, act::make);
  p.failed(20 * second);
  EXPECT_EQ(p.next(20 * second).until, 60 * second);
  p.looked(50, 5100, 60 * second);
  EXPECT_EQ(p.next(60 * second).what, act::make);
  p.failed(60 * second);
  EXPECT_EQ(p.next(60 * second).until, 120 * second) << "no longer than that";
}

TEST(ArchiveNames, OfSnapshotsAndTheirPartsAreNotMixedUp) {
  auto folder = folder_of({1, 2, 3});
  snapshot_id one{1234, 0xabcdef};
  auto manifest = snapshot_name(folder, one);
  auto part = snapshot_part_name(folder, one, 17);
  EXPECT_EQ(read_snapshot_name(folder, manifest), one);
  EXPECT_EQ(read_snapshot_part_name(folder, part), one);
  EXPECT_TRUE(manifest.starts_with(snapshots_folder(folder)));
  for (auto& name :
       {part, segment_name(folder, {1, 2, 0}), manifest + "x", manifest.substr(0, manifest.size() - 1)})
    EXPECT_FALSE(read_snapshot_name(folder, name)) << name;
  for (auto& name : {manifest, segment_name(folder, {1, 2, 0}), part + "1", part.substr(0, part.size() - 1)})
    EXPECT_FALSE(read_snapshot_part_name(folder, name)) << name;
  EXPECT_FALSE(read_segment_name(folder, manifest));
  EXPECT_FALSE(read_segment_name(folder, part));
}

} // namespace troupe::testing
