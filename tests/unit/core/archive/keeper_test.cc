#include "actors/core/archive/keeper.h"
#include <gtest/gtest.h>

namespace troupe::testing {

using namespace troupe::archive;

namespace {

constexpr instant second = 1'000'000;

options small() {
  options o;
  o.segment_bytes = 1000;
  o.segment_age = 60 * second;
  o.takeover = 30 * second;
  o.look_again = 5 * second;
  o.alarm_bytes = 5000;
  o.refuse_bytes = 10'000;
  return o;
}

progress at(std::uint64_t committed, std::uint64_t bytes, bool leads = true) {
  return {leads, 0, committed, bytes};
}

} // namespace

TEST(ArchiveNames, SayWhatTheyHoldAndSortByTheirEnd) {
  extent e{41, 140, 2};
  auto name = segment_name("c/g/log/", e);
  EXPECT_EQ(name, "c/g/log/00000000000000000140-00000000000000000041-2.segment");
  EXPECT_EQ(read_segment_name("c/g/log/", name), e);
  for (auto wrong : {"c/g/log/", "c/g/log/x", "c/h/log/00000000000000000140-00000000000000000041-2.segment",
                     "c/g/log/00000000000000000040-00000000000000000041-2.segment",
                     "c/g/log/0000000000000000014x-00000000000000000041-2.segment",
                     "c/g/log/00000000000000000140-00000000000000000000-2.segment"})
    EXPECT_FALSE(read_segment_name("c/g/log/", wrong)) << wrong;
  EXPECT_GT(name, names_behind("c/g/log/", 139));
  EXPECT_LT(name, names_behind("c/g/log/", 140));
}

TEST(ArchiveNames, SayWhoseTheyAre) {
  place town{0xc0ffee, 0xfedcba9876543210, 12};
  auto folder = folder_of(town);
  EXPECT_EQ(folder, "0000000000c0ffee/fedcba9876543210/00000000000000000012/");
  EXPECT_EQ(read_place(segment_name(folder, {1, 2, 0})), town);
  EXPECT_EQ(read_place(folder + "anything"), town);
  EXPECT_EQ(read_place(folder), std::nullopt) << "no object";
  EXPECT_EQ(read_place("C0FFEE0000000000" + folder.substr(16) + "x"), std::nullopt) << "one way to write it";
  EXPECT_EQ(read_place("0000000000c0ffee/fedcba9876543210/12/00000000001-2"), std::nullopt);
  EXPECT_EQ(read_place("short"), std::nullopt);
}

TEST(Keeper, ALeaderUploadsWhenThereIsEnoughAndBelievesWhatItReadBack) {
  keeper k(small(), 0);
  k.told(at(10, 900), 0);
  EXPECT_EQ(k.next(0).what, act::wait);
  EXPECT_EQ(k.next(0).until, 60 * second);
  k.told(at(12, 1100), second);
  EXPECT_EQ(k.next(second).what, act::list);
  k.listed({}, second);
  auto upload = k.next(second);
  EXPECT_EQ(upload.what, act::upload);
  EXPECT_EQ(upload.object, (extent{1, 12, 0}));
  k.uploaded({1, 11, 0}, second); // as many as fitted
  EXPECT_EQ(k.archived(), 0u);
  auto look = k.next(second);
  EXPECT_EQ(look.what, act::read_back);
  EXPECT_EQ(look.object, (extent{1, 11, 0}));
  k.checked({1, 11, 0}, verdict::same, 1000, second);
  EXPECT_EQ(k.archived(), 11u);
  EXPECT_EQ(k.unarchived_bytes(), 100u);
  EXPECT_EQ(k.next(second).what, act::wait);
}

TEST(Keeper, WhatIsOldGoesHoweverLittleItIsAndNoOpsNever) {
  keeper k(small(), 0);
  k.told(at(1, 10), 0);
  k.listed({{1, 1, 0}}, 0);
  k.checked({1, 1, 0}, verdict::same, 10, 0);
  k.told(at(3, 10), 0); // no-ops only
  EXPECT_EQ(k.next(1000 * second).until, never);
  k.told(at(4, 20), 1000 * second);
  EXPECT_EQ(k.next(1000 * second).until, 1060 * second);
  EXPECT_EQ(k.next(1060 * second).what, act::list);
  k.listed({}, 1060 * second);
  EXPECT_EQ(k.next(1060 * second).object, (extent{2, 4, 0}));
}

// Or a partition to which nothing was ever written would look like one that is missing.
TEST(Keeper, OfALogThatIsNotThereAtAllNoOpsAreArchivedToo) {
  keeper k(small(), 0);
  k.told(at(2, 0), 0);
  EXPECT_EQ(k.next(0).until, 60 * second);
  EXPECT_EQ(k.next(60 * second).what, act::list);
  k.listed({}, 60 * second);
  EXPECT_EQ(k.next(60 * second).object, (extent{1, 2, 0}));
  k.uploaded({1, 2, 0}, 60 * second);
  k.checked({1, 2, 0}, verdict::same, 0, 60 * second);
  k.told(at(3, 0), 61 * second);
  EXPECT_EQ(k.next(1000 * second).until, never);
}

TEST(Keeper, AFollowerWatchesAndTakesOverWhatIsLeftUndone) {
  keeper k(small(), 0);
  k.told(at(12, 2000, false), 0);
  EXPECT_EQ(k.next(0).what, act::list);
  k.listed({}, 0);
  EXPECT_EQ(k.next(0).what, act::wait);
  EXPECT_EQ(k.next(5 * second).what, act::list);
  k.listed({{1, 8, 0}, {9, 40, 0}}, 5 * second);
  EXPECT_EQ(k.next(5 * second).object, (extent{1, 8, 0}));
  k.checked({1, 8, 0}, verdict::same, 800, 5 * second);
  // The next one goes beyond what this member knows to be chosen: it waits, and does not upload its own.
  k.listed({{9, 40, 0}}, 5 * second);
  EXPECT_EQ(k.next(5 * second).what, act::wait);
  k.told(at(40, 6000, false), 6 * second);
  EXPECT_EQ(k.next(6 * second).object, (extent{9, 40, 0}));
  k.checked({9, 40, 0}, verdict::same, 5200, 6 * second);
  EXPECT_EQ(k.unarchived_bytes(), 0u);

  k.told(at(50, 8000, false), 10 * second);
  for (instant now = 10 * second; now < 40 * second; now += second) {
    auto step = k.next(now);
    EXPECT_NE(step.what, act::upload);
    if (step.what == act::list)
      k.listed({}, now);
  }
  EXPECT_EQ(k.next(40 * second).what, act::list);
  k.listed({}, 40 * second);
  EXPECT_EQ(k.next(40 * second).what, act::upload);
}

TEST(Keeper, AnUploadThatWasLostIsDoneAgain) {
  keeper k(small(), 0);
  k.told(at(12, 2000), 0);
  k.listed({}, 0);
  k.uploaded({1, 12, 0}, 0);
  k.checked({1, 12, 0}, verdict::missing, 0, 0);
  EXPECT_EQ(k.archived(), 0u);
  EXPECT_EQ(k.next(0).what, act::wait);
  EXPECT_EQ(k.next(second).what, act::upload);
}

// The damaged one stays for whoever wants to look; another copy is put beside it.
TEST(Keeper, BesideADamagedSegmentComesAnother) {
  keeper k(small(), 0);
  k.told(at(12, 2000), 0);
  k.listed({{1, 12, 0}}, 0);
  k.checked({1, 12, 0}, verdict::damaged, 0, 0);
  EXPECT_EQ(k.next(second).object, (extent{1, 12, 1}));
  k.uploaded({1, 12, 1}, second);
  k.checked({1, 12, 1}, verdict::same, 2000, second);
  EXPECT_EQ(k.archived(), 12u);
}

// It may have been the way from the store that damaged them: after a while all are read again, and nothing is
// uploaded in vain.
TEST(Keeper, WhenEveryCopyIsDamagedTheyAreReadAgainFromTimeToTime) {
  keeper k(small(), 0);
  k.told(at(12, 2000), 0);
  std::vector<extent> all;
  bool heals = false;
  int reads = 0, lists = 0;
  instant now = 0;
  auto run = [&](instant until) {
    while (now < until) {
      auto step = k.next(now);
      switch (step.what) {
      case act::wait:
        ASSERT_GT(step.until, now);
        now = std::min(step.until, until);
        break;
      case act::list:
        ++lists;
        k.listed(all, now);
        break;
      case act::upload:
        all.push_back(step.object);
        k.uploaded(step.object, now);
        break;
      case act::read_back:
        ++reads;
        k.checked(step.object, heals ? verdict::same : verdict::damaged, 2000, now);
      }
    }
  };
  run(600 * second);
  EXPECT_EQ(all.size(), 10u);
  EXPECT_TRUE(k.exhausted());
  lists = reads = 0;
  run(3600 * second);
  EXPECT_EQ(all.size(), 10u) << "there are no more names";
  EXPECT_GT(reads, 10) << "again";
  EXPECT_LE(reads, 51) << "but not all the time";
  EXPECT_LE(lists, 60);
  EXPECT_TRUE(k.exhausted()) << "all the while";
  heals = true;
  run(3800 * second);
  EXPECT_EQ(k.archived(), 12u);
  EXPECT_FALSE(k.exhausted());
}

// Told in one sum, entries above the new beginning must not pass for archived.
TEST(Keeper, WhatLiesAboveANewBeginningIsNotArchivedByIt) {
  keeper k(small(), 0);
  k.told(at(50, 500), 0);
  k.told({true, 100, 150, 2000}, second);
  EXPECT_EQ(k.archived(), 100u);
  EXPECT_GE(k.unarchived_bytes(), 1000u) << "entries 101 to 150";
  EXPECT_EQ(k.next(second).what, act::list);
  k.listed({}, second);
  EXPECT_EQ(k.next(second).object, (extent{101, 150, 0}));
  k.uploaded({101, 150, 0}, second);
  k.checked({101, 150, 0}, verdict::same, 1000, second);
  EXPECT_EQ(k.unarchived_bytes(), 0u) << "and all of it is, once all is";

  // Also when a no-op comes before that: what is taken for not archived has its time, too.
  keeper other(small(), 0);
  other.told({true, 100, 150, 2000}, second);
  other.told({true, 100, 151, 2000}, second);
  other.listed({{101, 150, 0}}, second);
  other.checked({101, 150, 0}, verdict::same, 1000, second);
  EXPECT_GT(other.unarchived_bytes(), 0u);
  EXPECT_EQ(other.next(second).what, act::upload);
  EXPECT_EQ(other.next(second).object, (extent{151, 151, 0}));
  other.checked({151, 151, 0}, verdict::same, 0, second);
  EXPECT_EQ(other.unarchived_bytes(), 0u);
}

TEST(Keeper, AnotherHistoryStopsEverything) {
  keeper k(small(), 0);
  k.told(at(12, 2000), 0);
  k.listed({{1, 12, 0}}, 0);
  k.checked({1, 12, 0}, verdict::different, 0, 0);
  EXPECT_TRUE(k.stuck());
  for (instant now = 0; now < 300 * second; now += second) {
    auto step = k.next(now);
    ASSERT_NE(step.what, act::upload);
    if (step.what == act::list)
      k.listed({{1, 12, 0}, {1, 10, 0}}, now);
    if (step.what == act::read_back)
      k.checked({1, 12, 0}, verdict::different, 0, now);
    ASSERT_TRUE(k.stuck()) << "also while it is looked at again";
  }
  EXPECT_EQ(k.archived(), 0u);
  k.listed({}, 400 * second); // somebody took it away
  EXPECT_EQ(k.next(400 * second).what, act::upload);
}

TEST(Keeper, AStoreThatFailsIsAskedMoreAndMoreRarely) {
  keeper k(small(), 0);
  k.told(at(12, 2000), 0);
  instant now = 0;
  int asked = 0;
  while (now < 600 * second) {
    auto step = k.next(now);
    if (step.what == act::wait) {
      now = step.until;
      continue;
    }
    ++asked;
    k.failed(now);
  }
  EXPECT_GT(asked, 10);
  EXPECT_LT(asked, 20);
}

TEST(Keeper, PressureGrowsWithWhatIsNotArchived) {
  keeper k(small(), 0);
  EXPECT_EQ(k.pressure(), pressure::calm);
  k.told(at(12, 5000), 0);
  EXPECT_EQ(k.pressure(), pressure::alarm);
  k.told(at(20, 10'000), 0);
  EXPECT_EQ(k.pressure(), pressure::refuse);
  k.checked({1, 15, 0}, verdict::same, 6000, 0);
  EXPECT_EQ(k.pressure(), pressure::calm);
}

TEST(Keeper, ASnapshotTakesThePlaceOfTheLog) {
  keeper k(small(), 0);
  k.told(at(12, 2000), 0);
  k.told({false, 500, 500, 2000}, second);
  EXPECT_EQ(k.archived(), 500u);
  EXPECT_EQ(k.unarchived_bytes(), 0u);
  EXPECT_EQ(k.next(second).until, never);
}

TEST(Keeper, WhoTookOverGoesOnWithoutWaitingForTheLeaderAgain) {
  keeper k(small(), 0);
  k.told(at(30, 3000, false), 0);
  EXPECT_EQ(k.next(0).what, act::list);
  k.listed({}, 0);
  EXPECT_EQ(k.next(0).what, act::wait);
  auto now = 30 * second;
  EXPECT_EQ(k.next(now).what, act::list);
  k.listed({}, now);
  EXPECT_EQ(k.next(now).what, act::upload);
  k.uploaded({1, 10, 0}, now);
  k.checked({1, 10, 0}, verdict::same, 1000, now);
  EXPECT_EQ(k.next(now).what, act::upload) << "at once";
  k.uploaded({11, 20, 0}, now);
  k.checked({11, 20, 0}, verdict::same, 1000, now);
  now += 5 * second;
  EXPECT_EQ(k.next(now).what, act::list);
  k.listed({{21, 25, 0}}, now);
  EXPECT_EQ(k.next(now).what, act::read_back) << "the leader is back";
  k.checked({21, 25, 0}, verdict::same, 500, now);
  k.told(at(40, 4000, false), now);
  EXPECT_EQ(k.next(now).what, act::wait);
}

TEST(Keeper, WhatSomebodyWaitsForIsDueAtOnceAndNothingBehindIt) {
  keeper k(small(), 0);
  k.told(at(3, 10), 0);
  EXPECT_EQ(k.next(0).what, act::wait);
  k.hurry(3);
  EXPECT_EQ(k.next(0).what, act::list);
  k.listed({}, 0);
  EXPECT_EQ(k.next(0).what, act::upload);
  k.uploaded({1, 3, 0}, 0);
  k.checked({1, 3, 0}, verdict::same, 10, 0);
  EXPECT_EQ(k.archived(), 3u);
  EXPECT_EQ(k.next(0).until, never);
  k.told(at(4, 20), second);
  EXPECT_EQ(k.next(second).what, act::wait) << "as ever";
  k.told(at(5, 20), second); // a no-op, which alone is no reason
  k.hurry(5);
  EXPECT_EQ(k.next(second).what, act::upload);
}

TEST(Keeper, WhoeverWaitsDoesNotWaitForThePauseAfterAFailure) {
  keeper k(small(), 0);
  k.told(at(3, 2000), 0);
  k.failed(0);
  EXPECT_EQ(k.failures(), 1);
  EXPECT_EQ(k.next(0).what, act::wait);
  k.hurry(3);
  EXPECT_EQ(k.next(0).what, act::list);
}

TEST(ArchiveChecks, OnlyTheLogsOwnHistoryCountsAsArchived) {
  constexpr std::uint64_t link = 7;
  msg::Entry last;
  last.set_index(9);
  last.set_link(link);
  msg::SegmentManifest m;
  m.set_cluster_id(1);
  m.set_table_id(2);
  m.set_group(3);
  m.set_first(5);
  m.set_last(9);
  m.set_last_link(link);
  EXPECT_EQ(judge(m, {5, 9, 0}, {1, 2, 3}, last), verdict::same);
  EXPECT_EQ(judge(m, {5, 9, 0}, {2, 2, 3}, last), verdict::different);
  EXPECT_EQ(judge(m, {5, 9, 0}, {1, 3, 3}, last), verdict::different)
      << "of another table: no reader takes it";
  EXPECT_EQ(judge(m, {5, 9, 0}, {1, 2, 4}, last), verdict::different);
  EXPECT_EQ(judge(m, {4, 9, 0}, {1, 2, 3}, last), verdict::damaged);
  m.set_last_link(link + 1);
  EXPECT_EQ(judge(m, {5, 9, 0}, {1, 2, 3}, last), verdict::different);
}

} // namespace troupe::testing
