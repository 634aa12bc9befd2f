// A log replica asks the archiver for items that nobody else gives it, from a store that may lie.
#include "storage/files.h"
#include "storage/snapshot.h"
#include "tests/unit/archiver/archiver_world.h"
#include <gtest/gtest.h>

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
  for (auto& one : n1.made)
    EXPECT_EQ(one.file, "");
  EXPECT_FALSE(storage::exists(w.scratch.file("7-archived.snapshot")));
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
