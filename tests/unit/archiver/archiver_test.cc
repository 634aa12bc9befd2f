#include "storage/archive/item_snapshot.h"
#include "tests/unit/archiver/archiver_world.h"
#include <gtest/gtest.h>

namespace troupe::archiver {
namespace {

using namespace std::chrono_literals;

TEST(Archiver, AFullSegmentIsUploadedAndReadBackBeforeItCounts) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(5, 100);
  w.run(1s);
  EXPECT_EQ(w.archived(n1), 0u) << "too little, and too young";
  EXPECT_EQ(w.shelf->puts, 0);
  w.commit(10, 100);
  w.run(1s);
  EXPECT_EQ(w.archived(n1), 10u) << "as many as make a segment; the rest is young";
  EXPECT_EQ(w.whole(10), "");
  EXPECT_GE(w.shelf->gets, 1);
  w.run(61s);
  EXPECT_EQ(w.archived(n1), 15u) << "by age";
  EXPECT_EQ(w.whole(15), "");
  EXPECT_EQ(w.metric(n1, "troupe_archive_behind_bytes"), 0);
}

TEST(Archiver, NobodyKnowsWhoseLogItIsAndSoNothingIsArchived) {
  world w;
  auto& n1 = w.add("n1");
  caf::anon_send(n1.archiver, wire::archive_forget{group});
  w.commit(20, 100);
  w.run(120s);
  EXPECT_EQ(w.shelf->puts, 0);
  caf::anon_send(n1.archiver, wire::archive_group{group, table, "people", "", "m"});
  w.run(1s);
  EXPECT_EQ(w.archived(n1), 20u);
}

TEST(Archiver, MembersCompareWhatTheLeaderUploadedAndUploadNothing) {
  world w;
  auto& n1 = w.add("n1");
  auto& n2 = w.add("n2");
  auto& n3 = w.add("n3");
  w.commit(30, 100);
  w.run(10s);
  for (auto* node : {&n1, &n2, &n3})
    EXPECT_EQ(w.archived(*node), 30u) << node->name;
  EXPECT_EQ(w.metric(n2, "troupe_archive_uploads_total") + w.metric(n3, "troupe_archive_uploads_total"), 0);
  EXPECT_EQ(w.metric(n2, "troupe_archive_read_backs_total"), 3);
}

TEST(Archiver, AnotherMemberUploadsWhatTheLeaderLeavesUndone) {
  world w;
  auto& n1 = w.add("n1");
  auto& n2 = w.add("n2");
  caf::anon_send(n1.archiver, wire::archive_forget{group}); // it does nothing
  w.commit(20, 100);
  w.run(20s);
  EXPECT_EQ(w.archived(n2), 0u) << "the leader has its time";
  w.run(20s);
  EXPECT_EQ(w.archived(n2), 20u);
  EXPECT_EQ(w.whole(20), "");
}

TEST(Archiver, AnAcknowledgedUploadThatIsLostIsNoArchive) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->forgets = true;
  w.commit(20, 100);
  w.run(30s);
  EXPECT_EQ(w.archived(n1), 0u);
  EXPECT_NE(w.alarm(n1), "");
  w.shelf->forgets = false;
  w.run(120s);
  EXPECT_EQ(w.archived(n1), 20u);
  EXPECT_EQ(w.whole(20), "");
  EXPECT_EQ(w.alarm(n1), "");
}

TEST(Archiver, ASpoiltSegmentGetsASecondCopy) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->spoils = true;
  w.commit(10, 100);
  w.run(500ms);
  EXPECT_EQ(w.archived(n1), 0u);
  EXPECT_GE(w.metric(n1, "troupe_archive_damaged_total"), 1);
  w.shelf->spoils = false;
  w.run(60s);
  EXPECT_EQ(w.archived(n1), 10u);
  EXPECT_EQ(w.segments().size(), 2u) << "the damaged one stays for inspection";
  EXPECT_EQ(w.whole(10), "");
}

TEST(Archiver, AStoreThatSpoilsEverythingRaisesAnAlarmAndIsNotAskedForEver) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->spoils = true;
  w.commit(10, 100);
  w.run(1h);
  EXPECT_EQ(w.archived(n1), 0u);
  EXPECT_EQ(w.segments().size(), 10u);
  EXPECT_NE(w.alarm(n1).find("every copy"), std::string::npos) << w.alarm(n1);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "damaged"), 1);
}

TEST(Archiver, AStoreThatIsAwayIsAnAlarmThenARefusalAndIsForgivenWhenItIsBack) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->away = true;
  w.commit(12, 100);
  w.run(30s);
  EXPECT_NE(w.alarm(n1).find("the store is away"), std::string::npos) << w.alarm(n1);
  EXPECT_FALSE(n1.told.back().refusing());
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "unreachable"), 1);
  EXPECT_LT(w.shelf->lists, 12) << "it is asked less and less often";
  w.commit(60, 100);
  w.run(1s);
  EXPECT_TRUE(n1.told.back().refusing());
  EXPECT_GT(n1.told.back().behind_bytes(), 6000u);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "refusing"), 1);
  EXPECT_GT(w.metric(n1, "troupe_archive_behind_seconds"), 20);
  w.shelf->away = false;
  w.run(130s);
  EXPECT_EQ(w.archived(n1), 72u);
  EXPECT_FALSE(n1.told.back().refusing());
  EXPECT_EQ(w.alarm(n1), "");
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms"), 0);
  EXPECT_EQ(w.whole(72), "");
}

TEST(Archiver, ALogThatIsNoneIsNotUploaded) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(20, 100);
  w.run(1s);
  auto uploaded = w.segments().size();
  w.shelf->away = true; // while it happens
  w.commit(12, 100);
  n1.log[25].mutable_payload()->back() ^=
      1; // after it was read, so that no checksum of the log's own shows it
  w.shelf->away = false;
  w.run(61s);
  EXPECT_EQ(w.segments().size(), uploaded);
  EXPECT_NE(w.alarm(n1).find("damaged"), std::string::npos) << w.alarm(n1);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "unsound"), 1);
}

TEST(Archiver, ALogWithAHoleIsNotUploaded) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->away = true;
  w.commit(20, 100);
  n1.log.erase(n1.log.begin() + 4);
  w.shelf->away = false;
  w.run(61s);
  EXPECT_TRUE(w.segments().empty());
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "unsound"), 1);
}

TEST(Archiver, AnotherHistoryInTheArchiveStopsEverythingUntilSomebodyHasLooked) {
  world w;
  auto& n1 = w.add("n1");
  std::string foreign;
  {
    world other;
    other.add("x1");
    other.commit(10, 99);
    other.run(61s);
    ASSERT_FALSE(other.segments().empty());
    foreign = other.shelf->objects.begin()->second;
    w.shelf->objects = other.shelf->objects;
  }
  w.commit(20, 100);
  w.run(20s);
  EXPECT_EQ(w.archived(n1), 0u);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "stuck"), 1);
  EXPECT_EQ(w.shelf->objects.size(), 1u);
  w.shelf->objects.clear(); // somebody has
  w.run(120s);
  EXPECT_EQ(w.archived(n1), 20u);
  EXPECT_EQ(w.alarm(n1), "");
}

TEST(Archiver, ALogThatBeginsAboveTheArchivesEndIsAnAlarmUntilSomebodyFillsTheHole) {
  world w;
  auto& n1 = w.add("n1");
  auto& n2 = w.add("n2");
  caf::anon_send(n2.archiver, wire::archive_forget{group}); // it comes later
  n1.standing.base = 10;                                    // its first ten were never archived
  w.commit(30, 100);
  w.run(10s);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "gap"), 1) << w.alarm(n1);
  EXPECT_EQ(w.archived(n1), 30u) << "what it has, it archives";
  caf::anon_send(n2.archiver, wire::archive_group{group, table, "people", "", "m"});
  w.tell(n2);
  w.run(200s);
  EXPECT_EQ(w.whole(30), "") << "another member has the rest";
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "gap"), 0);
}

TEST(Archiver, AListingThatIsOldCostsTimeAndNothingElse) {
  world w;
  auto& n1 = w.add("n1");
  auto& n2 = w.add("n2");
  w.shelf->lists_old = true;
  w.commit(20, 100);
  w.run(60s);
  EXPECT_EQ(w.archived(n1), 20u);
  EXPECT_EQ(w.archived(n2), 20u) << "it has uploaded them itself, and found them there";
  EXPECT_EQ(w.whole(20), "");
}

TEST(Archiver, WhoNeedsAllThatIsCommittedGetsItArchivedAtOnce) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(3, 10);
  w.run(1s);
  w.ask(n1, 5'000);
  w.run(100ms);
  ASSERT_EQ(n1.sent.size(), 1u);
  auto& answer = n1.sent[0];
  EXPECT_TRUE(answer.reply());
  EXPECT_EQ(answer.id(), 3u);
  EXPECT_EQ(answer.archive_reply().status().code(), msg::OK);
  EXPECT_EQ(answer.archive_reply().archived(), 3u);
  EXPECT_EQ(w.whole(3), "");
  w.ask(n1, 5'000);
  ASSERT_EQ(n1.sent.size(), 2u);
  EXPECT_EQ(n1.sent[1].archive_reply().archived(), 3u) << "it is there already";
}

TEST(Archiver, TheScrubHearsWhoseLogItIsAndHowFarTheArchiveHasIt) {
  world w;
  auto& n1 = w.add("n1");
  EXPECT_FALSE(w.view(n1).known) << "its replica has not spoken";
  w.commit(30, 100);
  w.run(3s);
  auto seen = w.view(n1);
  EXPECT_TRUE(seen.known);
  EXPECT_EQ(seen.archived, 30u);
  EXPECT_EQ(seen.about.table(), "people");
  EXPECT_EQ(seen.about.group(), group);
  EXPECT_EQ(seen.about.to(), "m");
}

TEST(Archiver, WhatALogHasBeforeItsBeginningIsNotSaidToBeArchived) {
  world w;
  w.shelf->away = true;
  auto& n1 = w.add("n1");
  n1.standing.base = 10;
  w.commit(20, 100);
  w.run(1s);
  EXPECT_EQ(w.view(n1).archived, 0u) << "nobody has looked yet";
  w.shelf->away = false;
  w.run(60s);
  EXPECT_EQ(w.view(n1).archived, 20u);
}

TEST(Archiver, WhoAsksAMemberThatDoesNotLeadIsSentAway) {
  world w;
  w.add("n1");
  auto& n2 = w.add("n2");
  w.commit(3, 10);
  w.ask(n2, 5'000);
  ASSERT_EQ(n2.sent.size(), 1u);
  EXPECT_EQ(n2.sent[0].archive_reply().status().code(), msg::MOVED);
}

TEST(Archiver, WhoAsksInVainHearsWhyByTheDeadline) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->away = true;
  w.commit(3, 10);
  w.ask(n1, 4'000);
  w.run(3'900ms);
  EXPECT_TRUE(n1.sent.empty());
  w.run(200ms);
  ASSERT_EQ(n1.sent.size(), 1u);
  EXPECT_EQ(n1.sent[0].archive_reply().status().code(), msg::UNAVAILABLE);
  EXPECT_EQ(n1.sent[0].archive_reply().status().message(), "the store is away");
}

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
  EXPECT_EQ(made->bytes(), 9u << 20);
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

TEST_F(Snapshots, OneThatComesToNothingHasNoManifestAndIsBegunAgainLater) {
  n2->piece_refused = 2;
  much();
  w.run(15s);
  EXPECT_TRUE(w.archived_snapshots().empty());
  n2->piece_refused = -1;
  w.run(60s);
  ASSERT_EQ(w.archived_snapshots().size(), 1u);
  EXPECT_TRUE(manifest(w.archived_snapshots()[0]));
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
