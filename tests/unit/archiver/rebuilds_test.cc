// A log replica asks the archiver for items that nobody else gives it, from a store that may lie.
#include "storage/files.h"
#include "storage/snapshot.h"
#include "tests/unit/archiver/archiver_world.h"
#include <gtest/gtest.h>
#include <utility>

namespace troupe::archiver {
namespace {

using namespace std::chrono_literals;

TEST(Rebuilds, AreOfWhatIsArchivedAndSayWithWhichEntryTheyEnd) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(20, 100);
  w.run(1s);
  ASSERT_EQ(w.archived(n1), 20u);
  w.rebuild(n1, 5, 17);
  ASSERT_FALSE(n1.made.empty());
  auto& last = n1.made.back();
  EXPECT_EQ(last.trouble, "");
  EXPECT_EQ(last.transfer, 1u);
  EXPECT_EQ(last.index, 17u);
  EXPECT_EQ(last.link, n1.log[16].link());
  auto snapshot = storage::snapshot_reader::open(last.file);
  ASSERT_TRUE(snapshot) << snapshot.error().text;
  EXPECT_EQ((*snapshot)->header().index(), 17u);
}

TEST(Rebuilds, FromAnArchiveThatShowsLessThanItHasEndEarlierOrNotAtAll) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(10, 100);
  w.run(1s);
  w.shelf->old = w.shelf->objects;
  w.commit(10, 100);
  w.run(1s);
  ASSERT_EQ(w.archived(n1), 20u);
  w.shelf->lists_old = true;
  w.rebuild(n1, 10, 20);
  ASSERT_FALSE(n1.made.empty());
  EXPECT_EQ(n1.made.back().trouble, "");
  EXPECT_EQ(n1.made.back().index, 10u) << "the log goes on from there";
  w.rebuild(n1, 11, 20);
  ASSERT_FALSE(n1.made.empty());
  EXPECT_NE(n1.made.back().trouble, "");
  EXPECT_EQ(n1.made.back().file, "") << "between the two an entry would be missing";
}

TEST(Rebuilds, OfWhatComesBackDamagedOrNotAtAllAreNone) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(20, 100);
  w.run(1s);
  w.shelf->garbles = true;
  w.rebuild(n1, 5, 20);
  ASSERT_FALSE(n1.made.empty());
  EXPECT_NE(n1.made.back().trouble, "");
  EXPECT_EQ(n1.made.back().file, "");
  w.shelf->garbles = false;
  w.shelf->away = true;
  w.rebuild(n1, 5, 20);
  ASSERT_FALSE(n1.made.empty());
  EXPECT_NE(n1.made.back().trouble, "");
  w.shelf->away = false;
  w.rebuild(n1, 5, 20);
  ASSERT_FALSE(n1.made.empty());
  EXPECT_EQ(n1.made.back().index, 20u) << "it was nobody's last word";
}

TEST(Rebuilds, ForAMemberThatIsDroppedMeanwhileLeaveNothing) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(20, 100);
  w.run(1s);
  w.shelf->at_each = [&] { w.say_forget(n1); };
  w.rebuild(n1, 5, 20);
  w.shelf->at_each = nullptr;
  ASSERT_FALSE(n1.made.empty());
  EXPECT_NE(n1.made.back().trouble, "") << "whoever asked is told, for it may wait";
  for (auto& one : n1.made)
    EXPECT_EQ(one.file, "");
  EXPECT_FALSE(storage::exists(w.scratch.file("7-archived.snapshot")));
}

// One at a time here, and each for as long as the store takes.
TEST(Rebuilds, OfMoreGroupsThanMayBeStandInLine) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(20, 100);
  w.run(1s);
  w.know(n1, 8);
  w.know(n1, 9);
  bool asked = false;
  w.shelf->at_each = [&] {
    if (std::exchange(asked, true))
      return;
    for (std::uint64_t group : {8, 9})
      w.say_rebuild(n1, group, 0, 0);
    w.say_rebuild(n1, 8, 0, 0); // again: it has its place already
  };
  w.rebuild(n1, 5, 20);
  w.shelf->at_each = nullptr;
  std::erase_if(n1.made, [](const auto& one) { return !one.waits; });
  ASSERT_EQ(n1.made.size(), 3u);
  for (const auto& one : n1.made)
    EXPECT_EQ(one.trouble, "") << "it is no failure";

  w.rebuild(n1, 0, 0, 9);
  ASSERT_EQ(n1.made.size(), 1u);
  EXPECT_TRUE(n1.made[0].waits) << "8 was first";
  w.rebuild(n1, 0, 0, 8);
  ASSERT_FALSE(n1.made.empty());
  EXPECT_FALSE(n1.made.back().waits);
  w.rebuild(n1, 0, 0, 9);
  EXPECT_FALSE(n1.made.back().waits);
}

TEST(Rebuilds, DoNotWaitForWhoDoesNotAskAgain) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(20, 100);
  w.run(1s);
  w.know(n1, 8);
  bool asked = false;
  w.shelf->at_each = [&] {
    if (!std::exchange(asked, true))
      w.say_rebuild(n1, 8, 0, 0);
  };
  w.rebuild(n1, 5, 20);
  w.shelf->at_each = nullptr;
  w.rebuild(n1, 5, 20);
  EXPECT_TRUE(n1.made.back().waits) << "8 is before it";
  w.run(31s);
  w.rebuild(n1, 5, 20);
  EXPECT_FALSE(n1.made.back().waits);
}

TEST(Rebuilds, WaitUntilItIsKnownWhoseLogItIs) {
  world w;
  auto& n1 = w.add("n1");
  w.forget(n1);
  w.rebuild(n1, 0, 0);
  ASSERT_EQ(n1.made.size(), 1u);
  EXPECT_NE(n1.made[0].trouble, "");
}

} // namespace
} // namespace troupe::archiver
