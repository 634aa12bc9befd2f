// The archiver and its group's items: who archives a snapshot of them, when, and what becomes of one that
// fails.
#include "storage/archive/item_snapshot.h"
#include "tests/unit/archiver/archiver_world.h"
#include <gtest/gtest.h>

namespace troupe::archiver {
namespace {

using namespace std::chrono_literals;

// A follower that holds items, of little log, and a leader.
struct Snapshots : ::testing::Test {
  Snapshots() {
    w.snapshots.least_bytes = 1500; // of segments, compressed
    w.snapshots.stagger = 5'000'000;
    w.snapshots.leader_waits = 3'600'000'000;
    w.snapshots.retry_first = 20'000'000;
    n1 = &w.add("n1");
    n2 = &w.add("n2");
    for (auto* node : {n1, n2}) {
      node->standing.holds_items = true;
      node->standing.item_bytes = 100;
      for (char c : {'a', 'b', 'c'})
        node->pieces.push_back(std::string(3 << 20, c));
    }
  }
  std::size_t parts() {
    std::size_t count = 0;
    for (auto& [name, bytes] : w.shelf->objects)
      count +=
          archive::read_snapshot_part_name(archive::folder_of({cluster, table, group}), name).has_value();
    return count;
  }
  bool run_until(const std::function<bool()>& holds) {
    for (int i = 0; i < 6000 && !holds(); ++i)
      w.run(10ms);
    return holds();
  }
  // By then all of the log is there.
  void away_with_the_second_part() {
    n2->at_piece = [this] {
      w.shelf->away_after = 2;
      n2->at_piece = nullptr;
    };
  }
  // Enough log for one, archived.
  void much() {
    w.commit(100, 100);
    w.run(3s);
  }
  storage::result<storage::archived_snapshot> manifest(const archive::snapshot_id& id) {
    auto name = archive::snapshot_name(archive::folder_of({cluster, table, group}), id);
    return storage::read_snapshot_manifest(w.shelf->objects[name], name);
  }
  world w;
  world::one_node* n1;
  world::one_node* n2;
};

TEST_F(Snapshots, AFollowerArchivesTheItemsWhenTheLogHasOutgrownThem) {
  w.commit(10, 100);
  w.run(20s);
  EXPECT_TRUE(w.archived_snapshots().empty()) << "too little log";
  much();
  w.run(20s);
  auto found = w.archived_snapshots();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].index, 110u);
  EXPECT_EQ(w.metric(*n2, "troupe_archive_snapshots_total"), 1) << "and not the leader";
  auto made = manifest(found[0]);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(made->about.table(), "people");
  EXPECT_EQ(made->header.index(), 110u);
  ASSERT_EQ(made->parts.size(), 2u);
  std::string all;
  for (std::size_t i = 0; i < 2; ++i)
    all +=
        w.shelf
            ->objects[archive::snapshot_part_name(archive::folder_of({cluster, table, group}), found[0], i)];
  EXPECT_EQ(all, n2->pieces[0] + n2->pieces[1] + n2->pieces[2]);
  w.run(10min);
  EXPECT_EQ(w.archived_snapshots().size(), 1u) << "one is enough";
  much();
  w.run(20s);
  EXPECT_EQ(w.archived_snapshots().size(), 2u) << "until there is as much log again";
}

TEST_F(Snapshots, TheLeaderDoesWhenNobodyElseHas) {
  n2->standing.holds_items = false;
  much();
  w.run(10min);
  EXPECT_TRUE(w.archived_snapshots().empty());
  w.run(60min);
  EXPECT_EQ(w.archived_snapshots().size(), 1u);
  EXPECT_EQ(w.metric(*n1, "troupe_archive_snapshots_total"), 1);
}

TEST_F(Snapshots, OneThatComesToNothingLeavesNothingAndIsBegunAgainLater) {
  n2->piece_refused = 2;
  much();
  w.run(15s);
  EXPECT_TRUE(w.archived_snapshots().empty());
  EXPECT_EQ(parts(), 0u) << "the part that was there was nobody else's";
  EXPECT_GT(w.shelf->removed, 0);
  n2->piece_refused = -1;
  w.run(60s);
  ASSERT_EQ(w.archived_snapshots().size(), 1u);
  EXPECT_TRUE(manifest(w.archived_snapshots()[0]));
  EXPECT_EQ(parts(), 2u);
}

// What another node is making looks like what a node has left.
TEST_F(Snapshots, NobodyRemovesWhatIsNotItsOwn) {
  auto folder = archive::folder_of({cluster, table, group});
  auto others = archive::snapshot_part_name(folder, {90, 1}, 0);
  w.shelf->objects[others] = "of a node that is still at it";
  n2->piece_refused = 2;
  much();
  w.run(15s);
  EXPECT_EQ(parts(), 1u);
  EXPECT_TRUE(w.shelf->objects.contains(others));
}

// A snapshot of many gigabytes takes hours, and no store answers for hours without a fault.
TEST_F(Snapshots, AStoreThatIsAwayForAWhileIsWaitedFor) {
  away_with_the_second_part();
  much();
  ASSERT_TRUE(run_until([&] { return w.shelf->away; }));
  EXPECT_EQ(parts(), 2u) << "the second was put, and nobody has got it back";
  w.run(5min); // ten times as long as the item worker waits for anybody
  w.shelf->away = false;
  w.run(2min);
  ASSERT_EQ(w.archived_snapshots().size(), 1u);
  EXPECT_EQ(w.metric(*n2, "troupe_archive_snapshots_total"), 1);
  EXPECT_EQ(n2->begun, 1) << "it was not begun anew";
  EXPECT_EQ(parts(), 2u);
}

TEST_F(Snapshots, AStoreThatStaysAwayIsGivenUpAndWhatIsThereIsRemovedWhenItIsBack) {
  away_with_the_second_part();
  much();
  ASSERT_TRUE(run_until([&] { return w.shelf->away; }));
  EXPECT_EQ(parts(), 2u) << "the second was put, and nobody has got it back";
  w.run(1h);
  n1->piece_refused = n2->piece_refused = 0; // of other tries
  w.shelf->away = false;
  w.run(3min);
  EXPECT_EQ(parts(), 0u);
  EXPECT_TRUE(w.archived_snapshots().empty());
}

// Its table is deleted, or its member replaced, at any moment of the making, and also while all hands are
// busy with logs.
TEST_F(Snapshots, AGroupMayBeForgottenAtAnyTime) {
  for (bool busy : {false, true})
    for (int moment = 1; moment < 16; ++moment) {
      SCOPED_TRACE(moment);
      w.know(*n2);
      w.tell(*n2);
      for (std::uint64_t other = 100; other < 104; ++other)
        w.know(*n2, other);
      w.commit(100, 100);
      int asked = 0;
      n2->at_piece = w.shelf->at_each = [&] {
        if (n2->begun == 0 || ++asked != moment)
          return;
        for (std::uint64_t other = 100; busy && other < 104; ++other)
          w.say_other(*n2, other, 100, 10'000);
        w.say_forget(*n2);
        w.say(*n2); // a last word, when nobody knows any more whose it is
      };
      w.run(20s);
      EXPECT_GE(asked, moment);
      n2->at_piece = w.shelf->at_each = nullptr;
      for (std::uint64_t other = 100; other < 104; ++other)
        w.forget(*n2, other);
      w.forget(*n2);
      w.run(5s);
      n2->begun = 0;
      std::erase_if(w.shelf->objects, [](auto& one) {
        return one.first.find("/parts/") != std::string::npos ||
               one.first.find("/snapshots/") != std::string::npos;
      });
    }
  w.know(*n2);
  w.tell(*n2);
  w.run(5min);
  EXPECT_FALSE(w.archived_snapshots().empty()) << "and whoever looks after it still does";
}

TEST_F(Snapshots, WhatCameBackAsSomethingElseIsNotBelieved) {
  much(); // of the log there is enough, and it is sound
  w.shelf->spoils = true;
  w.run(15s);
  EXPECT_TRUE(w.archived_snapshots().empty());
  EXPECT_GE(w.metric(*n2, "troupe_archive_damaged_total"), 1);
  w.shelf->spoils = false;
  w.run(60s);
  EXPECT_EQ(w.archived_snapshots().size(), 1u);
}

TEST_F(Snapshots, OneThatTheScrubWantsIsMadeAtOnceHoweverLittleLogThereIs) {
  w.commit(10, 100);
  w.run(3s);
  ASSERT_TRUE(w.archived_snapshots().empty());
  caf::anon_send(n1->archiver, wire::want_snapshot{group, 4}); // it leads, and does not wait for others
  w.run(4s);
  ASSERT_EQ(w.archived_snapshots().size(), 1u);
  EXPECT_GE(w.archived_snapshots()[0].index, 4u);
  caf::anon_send(n1->archiver, wire::want_snapshot{group, 4});
  w.run(4s);
  EXPECT_EQ(w.archived_snapshots().size(), 1u);
}

TEST_F(Snapshots, OneBridgesTheGapBelowALogThatIsArchivedLate) {
  n1->standing.base = n2->standing.base = 10; // on both: nobody has the first ten
  w.commit(20, 100);
  w.run(3s);
  EXPECT_EQ(w.metric(*n1, "troupe_archive_alarms", "gap"), 1);
  w.run(200s);
  ASSERT_EQ(w.archived_snapshots().size(), 1u) << "however little log there is";
  EXPECT_EQ(w.metric(*n1, "troupe_archive_alarms"), 0);
  EXPECT_EQ(w.metric(*n2, "troupe_archive_alarms"), 0);
}

} // namespace
} // namespace troupe::archiver
