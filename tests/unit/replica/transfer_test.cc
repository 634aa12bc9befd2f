// Snapshots as the replica that needs one sees them: what it does with an answer that comes when the world
// has moved on.
#include "tests/unit/replica/lone_replica.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::lone_replica;

std::size_t questions(const lone_replica& w) {
  return static_cast<std::size_t>(
      std::count_if(w.told.begin(), w.told.end(), [](auto& one) { return one.has_snapshot_request(); }));
}

// The log above the snapshot came after all while the snapshot was being stored. The item file is ahead of
// what is applied then, and a flush of less would be wrong.
TEST(Transfer, OfASnapshotThatIsNotWantedAnyMoreStillCountsWhenItIsInstalled) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto first = log.put("one", "1");
  w.hear(log.accept({first}, 1));
  auto second = log.put("two", "2");
  auto third = log.put("three", "3");
  w.hear(log.gone());
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 1u);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);

  w.hear(log.accept({second, third, log.put("four", "4")}, 4));
  w.pass(1100ms);
  w.pass(1100ms);
  EXPECT_EQ(w.asked.applies.size(), 0u) << "the file is about to be another one";
  auto opened = w.asked.opens.size();
  w.answer_store();
  ASSERT_EQ(w.asked.opens.size(), opened + 1) << "it begins again, from the file that is there";
  w.pass(1100ms);
  for (auto& flush : w.asked.applies)
    EXPECT_GE(flush.applied, 3u);
}

TEST(Transfer, IsOverWhereTheFileStandsAtTheSnapshotAlready) {
  wire::items_opened
      file; // a crash came between the installing of a snapshot and the log's going on from there
  file.applied = file.durable = 9;
  wire::log_loaded log;
  log.exists = true;
  *log.hard_state.mutable_configuration() = test::three_members();
  lone_replica w([](auto& options) { test::follows(options), options.fresh = false; }, file, log);
  test::leaders_log leader;
  while (leader.index < 9)
    leader.put("key", "item");
  w.hear(leader.gone());
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 1u);
  w.hear(leader.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.answer_store();
  auto reset =
      std::find_if(w.appended.begin(), w.appended.end(), [](auto& job) { return job.reset.has_value(); });
  ASSERT_NE(reset, w.appended.end()) << "the log goes on from there";
  EXPECT_EQ(reset->reset->index, 9u);
}

lone_replica::adjustment log_replica(bool fresh) {
  return [fresh](replica_options& options) {
    options.configuration = test::three_members(msg::LOG_REPLICA);
    options.kind = msg::LOG_REPLICA;
    options.preferred_leader = false;
    options.fresh = fresh;
  };
}

// Its disk is never idle: another Accept comes during every sync.
TEST(Transfer, OfItemsToALogReplicaEndsUnderSteadyLoad) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  test::leaders_log log;
  auto snapshot = log.snapshot();
  w.slow_disk = true;
  w.hear(log.accept({log.put("one", "1")}, 0));
  w.hear(snapshot);
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.answer_store();
  w.hear(log.accept({log.put("two", "2")}, 1));
  ASSERT_EQ(w.appends.size(), 1u);
  w.answer_disk();
  EXPECT_EQ(w.asked.opens.size(), 1u) << "it opens its items before the disk is given more to do";
}

TEST(Transfer, ThatCannotBeStoredIsTriedFromAnotherMember) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  auto first = w.told.back().snapshot_request().to();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.result = {wire::disk_outcome::corrupt, "it is not the snapshot that was announced"};
  w.items_say(std::move(answer));
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 2u);
  EXPECT_NE(w.told.back().snapshot_request().to(), first);
}

// Installing a large one takes longer than a silent source is borne.
TEST(Transfer, IsNotGivenUpWhileTheLastPieceIsInstalled) {
  lone_replica w(log_replica(true));
  w.grow();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  for (int second = 0; second < 10; ++second)
    w.pass(1000ms);
  EXPECT_EQ(questions(w), 1u) << "what it asked for is there";
  w.answer_store();
  EXPECT_EQ(w.asked.opens.size(), 1u);
}

// A partition of any size: its snapshot is there when it is there.
TEST(Transfer, WaitsForASnapshotThatIsBeingCut) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  auto begun = w.told.back().snapshot_request();
  msg::SnapshotChunk sign_of_life;
  sign_of_life.set_being_cut(true);
  for (int second = 0; second < 60; ++second) {
    w.hear(sign_of_life);
    w.pass(1000ms);
  }
  EXPECT_EQ(questions(w), 61u);
  auto& last = w.told.back().snapshot_request();
  EXPECT_EQ(last.transfer(), begun.transfer());
  EXPECT_EQ(last.to(), begun.to());
  w.hear(test::leaders_log().snapshot());
  EXPECT_EQ(w.asked.stores.size(), 1u);
}

TEST(Transfer, GoesToAnotherMemberWhenTheFirstIsSilent) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(questions(w), 1u);
  auto first = w.told.back().snapshot_request().to();
  for (int second = 0; second < 8; ++second)
    w.pass(1000ms);
  EXPECT_NE(w.told.back().snapshot_request().to(), first);
}

// A member that is too far behind, and not one that grows.
TEST(Transfer, OfWhoIsBehindGoesToAnotherMemberWhenTheFirstIsSilentOrRefuses) {
  lone_replica w(test::follows);
  test::leaders_log log;
  log.put("one", "1");
  log.put("two", "2");
  w.hear(log.gone());
  w.pass(1100ms);
  ASSERT_EQ(questions(w), 1u);
  ASSERT_EQ(w.told.back().snapshot_request().to(), 2u);
  auto asked_last = [&] {
    auto it =
        std::find_if(w.told.rbegin(), w.told.rend(), [](auto& one) { return one.has_snapshot_request(); });
    return it->snapshot_request().to();
  };
  for (int second = 0; second < 8; ++second)
    w.pass(1000ms);
  EXPECT_EQ(asked_last(), 3u) << "silent";
  w.hear(log.gone());
  EXPECT_EQ(asked_last(), 3u) << "what it has begun goes on";
  msg::SnapshotChunk refusal;
  refusal.set_refused("too much changed");
  w.hear(refusal);
  w.pass(1100ms);
  EXPECT_EQ(asked_last(), 2u) << "refuses";
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

TEST(Source, WhoseItemsAreFoundCorruptByACutIsDamaged) {
  lone_replica w(test::follows);
  wire::items_applied news;
  news.result = {wire::disk_outcome::corrupt, "a record is not what was written"};
  w.items_say(news);
  EXPECT_NE(w.report().damage(), "");
}

wire::log_loaded empty_log(const msg::Configuration& configuration) {
  wire::log_loaded log;
  log.exists = true;
  *log.hard_state.mutable_configuration() = configuration;
  return log;
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
  lone_replica w(test::follows, file);
  EXPECT_FALSE(w.report().items_gone()) << "nothing is wrong";
  w.items_say(wire::condemn{1, true, "it differs from two others"});
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

} // namespace
} // namespace troupe::replica
