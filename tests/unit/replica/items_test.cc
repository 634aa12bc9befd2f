// Items as a replica finds them when it opens, and gives them to others.
#include "tests/unit/replica/lone_replica.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::log_replica;
using test::lone_replica;
using test::snapshot_questions;

wire::log_loaded empty_log(const msg::Configuration& configuration) {
  wire::log_loaded log;
  log.exists = true;
  *log.hard_state.mutable_configuration() = configuration;
  return log;
}

wire::snapshot_part answer_to(const wire::read_snapshot& question) {
  wire::snapshot_part part;
  part.token = question.token;
  part.chunk.set_transfer(question.transfer);
  part.chunk.set_chunk(question.chunk);
  return part;
}

TEST(Source, HasOneQuestionOfEachMemberWithItsWorkerWhateverTheyRepeat) {
  lone_replica w(test::follows);
  w.asked_for_piece(2, 22, 0);
  w.asked_for_piece(2, 22, 0);
  w.asked_for_piece(2, 23, 0);
  w.asked_for_piece(3, 33, 0);
  ASSERT_EQ(w.asked.pieces.size(), 2u);
  EXPECT_EQ(w.asked.pieces[0].transfer, 22u);
  EXPECT_EQ(w.asked.pieces[1].transfer, 33u);

  auto refusal = answer_to(w.asked.pieces[0]);
  refusal.result = {wire::disk_outcome::full, "too much changed"};
  w.told.clear();
  w.items_say(refusal);
  auto cutting = answer_to(w.asked.pieces[1]);
  cutting.being_cut = true;
  w.items_say(cutting);
  ASSERT_EQ(w.told.size(), 2u) << "both hear of it";
  EXPECT_EQ(w.told[0].snapshot_chunk().to(), 2u);
  EXPECT_NE(w.told[0].snapshot_chunk().refused(), "");
  EXPECT_EQ(w.told[1].snapshot_chunk().to(), 3u);
  EXPECT_TRUE(w.told[1].snapshot_chunk().being_cut());

  w.asked_for_piece(2, 24, 0, 5);
  ASSERT_EQ(w.asked.pieces.size(), 3u) << "and may ask again";
  EXPECT_EQ(w.asked.pieces[2].at_least, 5u);
}

// The log replica that grows has kept what this one's log has dropped since it was begun with.
TEST(Source, WhoseLogBeginsAboveASnapshotGoesOnWithItForWhoCan) {
  auto log = empty_log(test::three_members());
  log.base = 9;
  wire::items_opened file;
  file.applied = file.durable = 9;
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, log);
  w.asked_for_piece(2, 22, 4, 3);
  ASSERT_EQ(w.asked.pieces.size(), 1u);
  EXPECT_EQ(w.asked.pieces[0].at_least, 9u) << "a new one";
  EXPECT_EQ(w.asked.pieces[0].resume_at_least, 3u);
}

TEST(Source, WhoseItemsAreFoundCorruptByACutIsDamaged) {
  lone_replica w(test::follows);
  wire::items_applied news;
  news.result = {wire::disk_outcome::corrupt, "a record is not what was written"};
  w.items_say(news);
  EXPECT_NE(w.report().damage(), "");
}

TEST(Items, ThatCannotBeOpenedNowAreNotGone) {
  wire::items_opened file;
  file.result = {wire::disk_outcome::full, "no room"};
  lone_replica w(log_replica(false), file, empty_log(test::three_members(msg::LOG_REPLICA)));
  EXPECT_NE(w.report().trouble(), "") << "it is started again";
  EXPECT_EQ(w.report().damage(), "");
}

// Whether a damaged member still has items that somebody may need one day is for it to say.
TEST(Items, ThatAreDamagedWhenTheyAreOpenedAreStillThere) {
  auto opens = [](wire::disk_outcome outcome) {
    wire::items_opened file;
    file.result = {outcome, "as it is"};
    lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file,
                   empty_log(test::three_members()));
    auto report = w.report();
    EXPECT_NE(report.damage(), "");
    return !report.items_gone();
  };
  EXPECT_TRUE(opens(wire::disk_outcome::corrupt));
  EXPECT_FALSE(opens(wire::disk_outcome::missing));

  wire::items_opened file;
  file.items = 3;
  file.bytes = 300;
  lone_replica without_log([](auto& options) { test::follows(options), options.fresh = false; }, file);
  EXPECT_EQ(without_log.report().damage(), "its log is gone");
  EXPECT_TRUE(without_log.report().items_gone()) << "where they end nobody knows";
}

TEST(Items, ThatAreWrongAreNothingToKeep) {
  wire::items_opened file;
  file.bytes = 300;
  file.lineage = 31;
  lone_replica w(test::follows, file);
  EXPECT_FALSE(w.report().items_gone()) << "nothing is wrong";
  EXPECT_TRUE(w.condemn({true, 1, "it differs from two others", 31}));
  EXPECT_NE(w.report().damage(), "");
  EXPECT_TRUE(w.report().items_gone());
}

TEST(Items, OfWhoIsCalledAStorageReplicaAndHasNoneAreDamage) {
  wire::items_opened file;
  file.result = {wire::disk_outcome::missing, "there is no file"};
  lone_replica w(log_replica(false), file, empty_log(test::three_members(msg::LOG_REPLICA)));
  EXPECT_EQ(w.report().damage(), "") << "a log replica needs none";
  auto promoted = test::three_members();
  promoted.set_epoch(2);
  test::leaders_log log;
  w.pass(5000ms); // whoever leads, and was promised what this member forgot, has lost its lease by now
  w.hear(log.accept({log.configuration(promoted)}, 1));
  EXPECT_EQ(w.report().damage(), "its items are gone");
}

// It was promoted in this run, or in one whose order was not kept: what it is says its log.
TEST(Items, OfWhoWasPromotedAreNotGoneWhenTheyAreDamaged) {
  wire::items_opened file;
  file.result = {wire::disk_outcome::corrupt, "no database"};
  lone_replica w(log_replica(false), file, empty_log(test::three_members()));
  EXPECT_EQ(w.report().damage(), "items: no database");
  EXPECT_FALSE(w.report().items_gone()) << "they may be all there is";
}

// Its log reaches further down than items of now would.
TEST(Items, AreFetchedByALogReplicaWhenItsLogHasBegun) {
  auto log = empty_log(test::three_members(msg::LOG_REPLICA));
  log.hard_state.set_configuration_index(3); // it was told of it, and has not got there
  wire::items_opened none;
  none.result = {wire::disk_outcome::missing, "there is no file"};
  lone_replica w(log_replica(false), none, log);
  w.grow();
  w.pass(1100ms);
  EXPECT_EQ(snapshot_questions(w), 0u);
  log.hard_state.set_configuration_index(0);
  lone_replica begun(log_replica(false), none, log);
  begun.grow();
  begun.pass(1100ms);
  EXPECT_GE(snapshot_questions(begun), 1u);
}

// A crash came between the installing of a snapshot and the log's going on from there. What the log has there
// was proposed by somebody who was deposed.
TEST(Items, AheadOfWhatTheLogKnowsToBeChosenReplaceALeftover) {
  test::leaders_log old;
  auto loaded = empty_log(test::three_members());
  for (const char* key : {"one", "two", "three"})
    loaded.entries.push_back(old.put(key, "never chosen"));
  loaded.hard_state.set_commit(1);
  wire::items_opened file;
  file.applied = file.durable = 2;
  file.applied_link = 4711;
  file.configuration = test::three_members();
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, loaded);
  auto reset =
      std::find_if(w.appended.begin(), w.appended.end(), [](auto& job) { return job.reset.has_value(); });
  ASSERT_NE(reset, w.appended.end());
  EXPECT_EQ(reset->reset->index, 2u);
  EXPECT_EQ(reset->reset->link, 4711u);
  ASSERT_EQ(reset->entries.size(), 1u) << "what lies above may be a vote";
  EXPECT_EQ(reset->entries[0]->index(), 3u);
  EXPECT_EQ(w.report().damage(), "");
  EXPECT_EQ(w.report().applied(), 2u);
  EXPECT_EQ(w.report().commit(), 2u);
}

// Of another history than the log, where that is known to be chosen.
class StrangeItems : public ::testing::Test {
protected:
  StrangeItems() {
    for (const char* key : {"one", "two", "three"})
      log.entries.push_back(leader.put(key, "1"));
    log.hard_state.set_commit(2);
    file.applied = file.durable = 2;
    file.applied_link = leader.link + 1;
    file.configuration = test::three_members();
  }
  test::leaders_log leader;
  wire::log_loaded log = empty_log(test::three_members());
  wire::items_opened file;
};

TEST_F(StrangeItems, AreDamageToAStorageReplica) {
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, log);
  EXPECT_NE(w.report().damage().find("not those of its log at 2"), std::string::npos) << w.report().damage();
}

TEST_F(StrangeItems, AreNotTakenForItemsByALogReplica) {
  *log.hard_state.mutable_configuration() = test::three_members(msg::LOG_REPLICA);
  lone_replica w(log_replica(false), file, log);
  EXPECT_EQ(w.report().damage(), "") << "it needs none";
  EXPECT_EQ(w.report().trouble(), "");
  EXPECT_FALSE(w.report().grown());
  EXPECT_EQ(w.report().commit(), 2u) << "and votes on";
}

} // namespace
} // namespace troupe::replica
