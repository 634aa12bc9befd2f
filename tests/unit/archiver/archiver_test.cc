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

// A proxy that garbles answers makes ten sound copies look damaged. Nobody has to restart anything for it.
TEST(Archiver, WhatOnlyCameBackDamagedIsArchivedWhenTheWayIsSoundAgain) {
  world w;
  auto& n1 = w.add("n1");
  w.shelf->garbles = true;
  w.commit(10, 100);
  w.run(20min);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "damaged"), 1);
  auto copies = w.segments().size();
  EXPECT_EQ(copies, 10u);
  w.shelf->garbles = false;
  w.run(3min);
  EXPECT_EQ(w.archived(n1), 10u);
  EXPECT_EQ(w.alarm(n1), "");
  EXPECT_EQ(w.segments().size(), copies);
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
  w.run(5s);
  n1.told.clear();
  w.run(60s);
  for (auto& told : n1.told)
    EXPECT_NE(told.alarm().find("another history"), std::string::npos) << "it is looked at again, in vain";
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
  EXPECT_EQ(w.may_cut(n1), 30u) << "what it has, it archives";
  EXPECT_EQ(w.archived(n1), 0u) << "but nobody can rebuild anything from that";
  caf::anon_send(n2.archiver, wire::archive_group{group, table, "people", "", "m"});
  w.tell(n2);
  w.run(200s);
  EXPECT_EQ(w.whole(30), "") << "another member has the rest";
  EXPECT_EQ(w.archived(n1), 30u);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "gap"), 0);
}

// A log that was cut before there was an archive, of a partition that has rested since.
TEST(Archiver, APartitionThatRestsIsLookedForInTheArchive) {
  world w;
  w.shelf->away = true;
  auto& n1 = w.add("n1");
  w.commit(12, 100);
  n1.standing.base = 12;
  n1.standing.bytes = 0;
  w.restart_replica(n1);
  w.shelf->away = false;
  w.run(10s);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "gap"), 1) << "nothing of it is there";
  EXPECT_EQ(w.archived(n1), 0u);
  EXPECT_LT(w.shelf->lists, 10);
}

// It was restarted, and by then had cut what it had archived: that its log begins in the middle of what is
// there says nothing about what lies below.
TEST(Archiver, AGapIsNoneTheLessOneWhenTheLogBeginsAboveIt) {
  world w;
  auto& n1 = w.add("n1");
  n1.standing.base = 10;
  w.commit(30, 100);
  w.run(10s);
  ASSERT_EQ(w.may_cut(n1), 30u);
  EXPECT_EQ(n1.told.back().reach(), msg::ArchiveProgress::GAP);
  n1.standing.base = 25;
  w.restart_replica(n1);
  w.run(70s);
  EXPECT_EQ(n1.told.back().reach(), msg::ArchiveProgress::GAP);
  EXPECT_EQ(w.metric(n1, "troupe_archive_alarms", "gap"), 1);
  EXPECT_EQ(w.archived(n1), 0u);
  // A snapshot within what is there, and the log goes on behind it.
  w.shelf->objects[archive::snapshot_name(archive::folder_of({cluster, table, group}), {12, 1})] =
      "a manifest";
  w.run(70s);
  EXPECT_EQ(n1.told.back().reach(), msg::ArchiveProgress::WHOLE);
  EXPECT_EQ(w.archived(n1), 30u);
}

TEST(Archiver, ALogThatBeginsWithItsFirstEntryHasNoGapWhateverIsArchived) {
  world w;
  w.shelf->away = true;
  auto& n1 = w.add("n1");
  w.commit(1, 100);
  w.run(1s);
  ASSERT_FALSE(n1.told.empty());
  EXPECT_EQ(n1.told.back().reach(), msg::ArchiveProgress::WHOLE);
}

// Both at once: the gap must not be asked after all the time because it never gets an answer.
TEST(Archiver, AGapAndAStoreThatIsAwayAreAskedAfterLessAndLess) {
  world w;
  auto& n1 = w.add("n1");
  n1.standing.base = 10;
  w.commit(30, 100);
  w.run(70s);
  ASSERT_EQ(w.metric(n1, "troupe_archive_alarms", "gap"), 1);
  w.shelf->away = true;
  w.shelf->lists = 0;
  w.run(10min);
  EXPECT_LE(w.shelf->lists, 16);
  EXPECT_GE(w.shelf->lists, 5);
}

TEST(Archiver, WhoAsksForALogWhoseBeginningIsNotThereIsNotToldThatAllIs) {
  world w;
  auto& n1 = w.add("n1");
  n1.standing.base = 10;
  w.commit(30, 100);
  w.run(10s);
  ASSERT_EQ(w.may_cut(n1), 30u);
  w.ask(n1, 2'000);
  w.run(3s);
  ASSERT_EQ(n1.sent.size(), 1u);
  EXPECT_EQ(n1.sent[0].archive_reply().status().code(), msg::UNAVAILABLE);
  EXPECT_NE(n1.sent[0].archive_reply().status().message().find("ends below"), std::string::npos)
      << n1.sent[0].archive_reply().status().message();
  // A snapshot that stands where the log begins, or above, is a beginning as well.
  w.shelf->objects[archive::snapshot_name(archive::folder_of({cluster, table, group}), {12, 1})] =
      "a manifest";
  w.ask(n1, 90'000);
  w.run(80s);
  ASSERT_EQ(n1.sent.size(), 2u);
  EXPECT_EQ(n1.sent[1].archive_reply().status().code(), msg::OK);
  EXPECT_EQ(n1.sent[1].archive_reply().archived(), 30u);
}

TEST(Archiver, WhatIsToldSaysWhatWasHeard) {
  world w;
  auto& n1 = w.add("n1");
  w.commit(10, 100);
  w.run(1s);
  EXPECT_EQ(n1.told.back().heard(), 10u);
  EXPECT_EQ(n1.told.back().behind_bytes(), 0u);
  ++n1.standing.committed; // a no-op, which nobody archives
  w.tell(n1);
  w.run(1s);
  EXPECT_EQ(n1.told.back().heard(), 11u);
  EXPECT_EQ(n1.told.back().behind_bytes(), 0u);
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

// Without it logs would grow until the disk is full, and everybody would go on saying that all is archived.
TEST(Archiver, ItsEndIsTheNodesEnd) {
  world w;
  auto& n1 = w.add("n1");
  n1.may_fall = true;
  w.end(n1, caf::exit_reason::unhandled_exception);
  ASSERT_EQ(n1.fell.size(), 1u);
  EXPECT_NE(n1.fell[0].find("the archiver has ended"), std::string::npos) << n1.fell[0];
}

} // namespace
} // namespace troupe::archiver
