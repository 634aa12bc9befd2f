// A group's members against what its archive makes of them, and an archive that is not what it should be.
#include "tests/unit/scrubber/proof_world.h"
#include <filesystem>
#include <gmock/gmock.h>

namespace troupe::scrubber {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using ask = msg::ScrubRequest;

struct Proof : ::testing::Test {
  world w;
  Proof() {
    w.write(40);
    w.archive(1, 10);
    w.archive(11, 20);
    w.archive(21, 40);
  }
  void prove(std::uint64_t index = 40) {
    const auto right = w.leaves_at(index);
    w.order(index, {right, right, right});
    w.run(1s);
  }
  bool proved() const { return !w.told(ask::kProved).empty(); }
};

TEST_F(Proof, MembersThatAreWhatTheArchiveMakesOfThemAreProved) {
  w.start();
  prove(33);
  ASSERT_EQ(w.told(ask::kProved).size(), 3u) << "all of them hear of it";
  EXPECT_EQ(w.told(ask::kProved)[0]->proved().archive(), "");
  EXPECT_EQ(w.counted("troupe_scrub_proofs_total", "equal"), 1);
  EXPECT_GT(w.counted("troupe_scrub_read_bytes_total", "archive"), 0);
  EXPECT_EQ(w.sent.front().parcel.id(), 77u);
  EXPECT_EQ(w.sent.front().parcel.scrub_reply().state(), msg::ScrubReply::HERE) << "the order was taken";
  EXPECT_GT(w.report().archive_ms(), 0);
  EXPECT_EQ(w.report().findings(), 0u);
  EXPECT_THAT(w.wanted, IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(w.where.file("scrub"))) << "the copy is gone";
}

TEST_F(Proof, ItWaitsForTheArchiveToReachTheIndex) {
  w.write(5);
  w.start();
  prove(45);
  EXPECT_FALSE(proved());
  w.archive(41, 45);
  w.run(1s);
  EXPECT_TRUE(proved());
}

TEST_F(Proof, MembersThatAgreeAreNeverRepairedFromAnArchiveThatDiffers) {
  w.start();
  const auto others = w.leaves_at(40, "another value");
  w.order(40, {others, others, others});
  w.run(1s);
  EXPECT_FALSE(proved());
  EXPECT_THAT(w.told(ask::kCondemn), IsEmpty());
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "reference"), 1);
  EXPECT_EQ(w.counted("troupe_scrub_proofs_total", "different"), 1);
  EXPECT_THAT(w.report().archive(), HasSubstr("differs in 1 of its ranges of keys"));
  EXPECT_THAT(w.wanted, ElementsAre(40)) << "whoever restores later shall get what the members have";
}

TEST_F(Proof, OfMembersThatDifferThoseThatTheArchivedLogDoesNotConfirmAreWrong) {
  w.start();
  w.order(40, {w.leaves_at(40, "x"), w.leaves_at(40), w.leaves_at(40, "y")}, true);
  w.run(1s);
  auto sentences = w.told(ask::kCondemn);
  ASSERT_EQ(sentences.size(), 2u);
  EXPECT_EQ(sentences[0]->condemn().member(), 1u);
  EXPECT_EQ(sentences[1]->condemn().member(), 3u);
  EXPECT_EQ(sentences[0]->condemn().epoch(), 5u) << "under the configuration in which they were compared";
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "replica"), 2);
  EXPECT_EQ(w.counted("troupe_scrub_repairs_total", "replica"), 2);
}

TEST_F(Proof, OneAgainstOneIsDecidedAndWhereNeitherIsConfirmedNobodyIsCondemned) {
  w.start();
  w.order(40, {w.leaves_at(40), w.leaves_at(40, "x")}, true);
  w.run(1s);
  ASSERT_EQ(w.told(ask::kCondemn).size(), 1u);
  EXPECT_EQ(w.told(ask::kCondemn)[0]->condemn().member(), 2u);
  w.order(40, {w.leaves_at(40, "y"), w.leaves_at(40, "x")}, true);
  w.run(1s);
  EXPECT_EQ(w.told(ask::kCondemn).size(), 1u);
  EXPECT_THAT(w.report().archive(), HasSubstr("none is what the archive makes"));
}

// Member 3 is wrong, has made a snapshot, and agrees with what is rebuilt from it.
TEST_F(Proof, TheSnapshotOfAWrongMemberConvictsNobody) {
  w.archive_snapshot(*w.items_at(30, "x"));
  w.start();
  w.order(40, {w.leaves_at(40), w.leaves_at(40), w.leaves_at(40, "x")}, true);
  w.run(1s);
  ASSERT_EQ(w.told(ask::kCondemn).size(), 1u) << "it is the log alone that is asked";
  EXPECT_EQ(w.told(ask::kCondemn)[0]->condemn().member(), 3u);
  prove();
  EXPECT_EQ(w.told(ask::kCondemn).size(), 1u);
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "reference"), 1) << "and the snapshot is found, too";
  EXPECT_THAT(w.report().archive(), HasSubstr("the snapshot of entry 30"));
}

TEST_F(Proof, ADamagedSegmentIsFoundAndPutBackFromTheLog) {
  testing::flip_byte(w.segment(11, 20), 150);
  ASSERT_NE(w.verify(), "");
  w.start();
  prove();
  EXPECT_EQ(w.verify(), "");
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 1);
  EXPECT_EQ(w.counted("troupe_scrub_repairs_total", "archive"), 1);
  EXPECT_EQ(w.report().repairs(), 1u);
  EXPECT_THAT(w.report().finding(), HasSubstr("entries 11 to 20 are in no sound segment"));
  EXPECT_EQ(w.report().archive(), "") << "nothing is wrong any more";
  EXPECT_TRUE(proved());
  EXPECT_TRUE(std::filesystem::exists(w.segment(11, 20))) << "the damaged one stays for inspection";
  prove();
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 1) << "and is not found again";
}

TEST_F(Proof, WhatIsGoneAtTheBeginningOrAtTheEndIsMissedToo) {
  std::filesystem::remove(w.segment(1, 10));
  std::filesystem::remove(w.segment(21, 40));
  w.start();
  prove();
  EXPECT_EQ(w.verify(), "");
  EXPECT_TRUE(proved());
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 1) << "both in one";
}

TEST_F(Proof, AnArchiveThatIsGoneAltogetherIsMadeAgain) {
  for (auto [first, last] : {std::pair{1, 10}, {11, 20}, {21, 40}})
    std::filesystem::remove(w.segment(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(last)));
  w.start();
  prove();
  EXPECT_EQ(w.verify(), "");
  EXPECT_TRUE(proved());
}

TEST_F(Proof, WhatNoLogHoldsAnyMoreIsLostAndASnapshotBridgesIt) {
  testing::flip_byte(w.segment(11, 20), 150);
  w.start(20); // its log was cut
  prove();
  EXPECT_FALSE(proved()) << "nothing can be rebuilt across the hole";
  EXPECT_THAT(w.report().archive(), HasSubstr("history between entry 11 and entry 20 is lost"));
  EXPECT_THAT(w.wanted, ElementsAre(20));
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 2) << "the damage, and the loss";
  w.archive_snapshot(*w.items_at(38)); // it has been made
  prove();
  ASSERT_TRUE(proved());
  EXPECT_THAT(w.told(ask::kProved)[0]->proved().archive(), HasSubstr("is lost"))
      << "what is gone stays gone, and all members say so";
  EXPECT_THAT(w.wanted, ElementsAre(20)) << "that one does";
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 2) << "and is told once";
}

TEST_F(Proof, OfAHoleThatReachesBelowItsLogAMemberPutsBackWhatItHas) {
  std::filesystem::remove(w.segment(11, 20));
  w.start(14);
  prove();
  EXPECT_EQ(w.verify(), "entries 11 to 14 are in no sound segment");
  EXPECT_THAT(w.report().archive(), HasSubstr("history between entry 11 and entry 14 is lost"));
  EXPECT_THAT(w.wanted, ElementsAre(14));
}

// The archive is right, and this log is not: nothing of it goes there.
TEST_F(Proof, ALogThatIsNotTheOneTheArchiveHadPutsNothingBack) {
  world other;
  other.write(40, "other ");
  std::filesystem::remove(w.segment(11, 20));
  const auto right = w.leaves_at(40);
  w.log = other.log; // of another history from the first entry on
  w.start();
  w.order(40, {right, right, right});
  w.run(1s);
  EXPECT_EQ(w.verify(), "entries 11 to 20 are in no sound segment");
  EXPECT_EQ(w.counted("troupe_scrub_repairs_total", "archive"), 0);
  EXPECT_THAT(w.report().finding(), HasSubstr("another history than the log here"));
  EXPECT_THAT(w.wanted, IsEmpty()) << "nor of its items";
}

TEST_F(Proof, AnArchiveOfTwoHistoriesIsLeftAlone) {
  world other;
  other.write(40, "other ");
  other.archive(15, 30);
  std::filesystem::copy_file(other.segment(15, 30), w.segment(15, 30));
  w.start();
  prove();
  EXPECT_FALSE(proved());
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 1);
  EXPECT_THAT(w.report().archive(), HasSubstr("another history"));
}

TEST_F(Proof, ADamagedSnapshotIsMadeAgain) {
  w.archive_snapshot(*w.items_at(30));
  w.start();
  prove();
  ASSERT_TRUE(proved());
  for (const auto& one : std::filesystem::recursive_directory_iterator(w.where.file("archive")))
    if (one.path().string().find("/parts/") != std::string::npos && one.is_regular_file())
      testing::flip_byte(one.path(), 40);
  prove();
  EXPECT_EQ(w.counted("troupe_scrub_findings_total", "archive"), 1);
  EXPECT_THAT(w.wanted, ElementsAre(31));
  EXPECT_EQ(w.counted("troupe_scrub_proofs_total", "equal"), 2) << "the log before it is still there";
}

TEST_F(Proof, TooLittleRoomIsSaidAndNothingIsMade) {
  w.free_bytes_min = std::uint64_t{1} << 60;
  w.start();
  prove();
  EXPECT_FALSE(proved());
  EXPECT_EQ(w.counted("troupe_scrub_proofs_total", "none"), 1);
  EXPECT_THAT(w.report().archive(), HasSubstr("MiB left"));
  EXPECT_EQ(w.report().findings(), 0u) << "nothing is known to be wrong";
}

TEST_F(Proof, AStoreThatIsAwayIsNoFinding) {
  w.start();
  std::filesystem::remove(w.where.file("archive/.troupe-archive"));
  prove();
  EXPECT_FALSE(proved());
  EXPECT_EQ(w.report().findings(), 0u);
  EXPECT_THAT(w.report().archive(), HasSubstr("cannot be read"));
}

TEST_F(Proof, WhoHasEnoughToDoSaysSo) {
  w.write(5); // not archived: everything waits
  w.start();
  const auto right = w.leaves_at(45);
  w.order(45, {right});
  w.order(45, {right});
  EXPECT_EQ(w.sent.back().parcel.scrub_reply().state(), msg::ScrubReply::HERE) << "the first one will do";
  w.archive(41, 45);
  w.run(1s);
  EXPECT_EQ(w.counted("troupe_scrub_proofs_total", "equal"), 1);
}

} // namespace
} // namespace troupe::scrubber
