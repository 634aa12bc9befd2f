// Snapshots as the replica that needs one sees them: what it does with an answer that comes when the world
// has moved on, and whom it asks.
#include "config/limits.h"
#include "tests/unit/replica/lone_replica.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::log_replica;
using test::lone_replica;
using test::snapshot_questions;

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
  ASSERT_EQ(snapshot_questions(w), 1u);
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

TEST(Transfer, ThatIsNotWantedAnyMoreLeavesNothingBehind) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto first = log.put("one", "1");
  auto second = log.put("two", "2");
  w.hear(log.gone());
  w.pass(1100ms);
  ASSERT_EQ(snapshot_questions(w), 1u);
  auto piece = log.snapshot();
  piece.set_last(false);
  w.hear(piece);
  ASSERT_EQ(w.asked.stores.size(), 1u);
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.next_chunk = 1;
  w.items_say(std::move(answer));
  auto looks = w.asked.looks.size();
  w.hear(log.accept({first, second}, 2));
  w.pass(1100ms);
  ASSERT_EQ(w.asked.looks.size(), looks + 1);
  EXPECT_TRUE(w.asked.looks.back().anew);
}

// Installing a large one takes a while, and the log comes as fast as ever: what is not flushed is bounded.
TEST(Transfer, OfASnapshotThatIsNotWantedAnyMoreIsLeftWhenTooMuchWaitsForIt) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto first = log.put("one", "1");
  w.hear(log.accept({first}, 1));
  auto second = log.put("two", "2");
  w.hear(log.gone());
  w.pass(1100ms);
  w.hear(log.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  auto looks = w.asked.looks.size();
  w.hear(log.accept({second}, 2));
  w.pass(1100ms);
  EXPECT_EQ(w.asked.looks.size(), looks) << "a little can wait";
  for (int i = 0; i < 12; ++i)
    w.hear(log.accept({log.put("key" + std::to_string(i), std::string(400'000, 'x'))}, log.index));
  w.pass(100ms);
  ASSERT_EQ(w.asked.looks.size(), looks + 1);
  EXPECT_TRUE(w.asked.looks.back().anew);
  EXPECT_EQ(w.asked.looks.back().transfer, w.asked.stores[0].transfer);
  w.pass(1100ms);
  EXPECT_FALSE(w.asked.applies.empty()) << "and is flushed";
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
  ASSERT_EQ(snapshot_questions(w), 1u);
  w.hear(leader.snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  w.answer_store();
  auto reset =
      std::find_if(w.appended.begin(), w.appended.end(), [](auto& job) { return job.reset.has_value(); });
  ASSERT_NE(reset, w.appended.end()) << "the log goes on from there";
  EXPECT_EQ(reset->reset->index, 9u);
}

// Its disk is never idle: another Accept comes during every sync.
TEST(Transfer, OfItemsToALogReplicaEndsUnderSteadyLoad) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(snapshot_questions(w), 1u);
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
  ASSERT_EQ(snapshot_questions(w), 1u);
  auto first = w.told.back().snapshot_request().to();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.result = {wire::disk_outcome::corrupt, "it is not the snapshot that was announced"};
  w.items_say(std::move(answer));
  w.pass(1100ms);
  ASSERT_EQ(snapshot_questions(w), 2u);
  EXPECT_NE(w.told.back().snapshot_request().to(), first);
}

// What is whole stays where it is: to build from it again and again would only fill the disk.
TEST(Transfer, ThatFindsNoRoomWaitsForSome) {
  lone_replica w(log_replica(true));
  w.grow();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  auto looks = w.asked.looks.size();
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.result = {wire::disk_outcome::full, "no space left"};
  w.items_say(std::move(answer));
  for (int second = 0; second < 4; ++second)
    w.pass(1000ms);
  EXPECT_EQ(w.asked.looks.size(), looks);
  w.pass(1100ms);
  EXPECT_EQ(w.asked.looks.size(), looks + 1) << "and looks what is there";
}

// Installing a large one takes longer than a silent source is borne.
TEST(Transfer, IsNotGivenUpWhileTheLastPieceIsInstalled) {
  lone_replica w(log_replica(true));
  w.grow();
  w.hear(test::leaders_log().snapshot());
  ASSERT_EQ(w.asked.stores.size(), 1u);
  for (int second = 0; second < 10; ++second)
    w.pass(1000ms);
  EXPECT_EQ(snapshot_questions(w), 1u) << "what it asked for is there";
  w.answer_store();
  EXPECT_EQ(w.asked.opens.size(), 1u);
}

// A partition of any size: its snapshot is there when it is there.
TEST(Transfer, WaitsForASnapshotThatIsBeingCut) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(snapshot_questions(w), 1u);
  auto begun = w.told.back().snapshot_request();
  msg::SnapshotChunk sign_of_life;
  sign_of_life.set_being_cut(true);
  for (int second = 0; second < 60; ++second) {
    w.hear(sign_of_life);
    w.pass(1000ms);
  }
  EXPECT_EQ(snapshot_questions(w), 61u);
  auto& last = w.told.back().snapshot_request();
  EXPECT_EQ(last.transfer(), begun.transfer());
  EXPECT_EQ(last.to(), begun.to());
  w.hear(test::leaders_log().snapshot());
  EXPECT_EQ(w.asked.stores.size(), 1u);
}

// Whom it asks, when nobody answers.
std::set<std::uint64_t> asked_in_turn(lone_replica& w) {
  std::set<std::uint64_t> asked;
  for (int second = 0; second < 12; ++second)
    w.pass(1000ms);
  for (auto& one : w.told)
    if (one.has_snapshot_request())
      asked.insert(one.snapshot_request().to());
  return asked;
}

TEST(Transfer, GoesToAnotherMemberWhenTheFirstIsSilent) {
  lone_replica w(log_replica(true));
  w.grow();
  ASSERT_EQ(snapshot_questions(w), 1u);
  EXPECT_EQ(asked_in_turn(w), (std::set<std::uint64_t>{2, 3}));
}

// All voters with items are gone for good, and one that had been silent for long is back.
TEST(Transfer, OfItemsIsFromALearnerWhereNobodyElseHasThem) {
  lone_replica w([](replica_options& options) {
    log_replica(true)(options);
    options.configuration.mutable_members(2)->set_kind(msg::LEARNER);
  });
  w.grow();
  EXPECT_EQ(asked_in_turn(w), (std::set<std::uint64_t>{2, 3}));
}

TEST(Transfer, LeavesNothingBehindWhenSomebodyElseIsToGrow) {
  lone_replica w(log_replica(true));
  w.grow();
  auto looks = w.asked.looks.size();
  for (int second = 0; second < 70 && w.report().growth_total() > 0; ++second)
    w.pass(1000ms); // nobody says any more that it is to
  EXPECT_EQ(w.report().growth_total(), 0u);
  ASSERT_GT(w.asked.looks.size(), looks);
  EXPECT_TRUE(w.asked.looks.back().anew);
}

TEST(Transfer, AsksForNoMoreBytesASecondThanTheNodeMayTake) {
  lone_replica w([](replica_options& options) {
    log_replica(true)(options);
    options.takes = std::make_shared<kit::pace>(limits::snapshot_chunk_bytes, options.clock->now_us());
  });
  w.grow();
  int pieces = 0;
  for (int tenth = 0; tenth < 100; ++tenth) {
    if (snapshot_questions(w) > static_cast<std::size_t>(pieces)) {
      ++pieces;
      auto piece = test::leaders_log().snapshot();
      piece.set_last(false);
      w.hear(piece);
      ASSERT_FALSE(w.asked.stores.empty());
      wire::snapshot_stored answer;
      answer.transfer = w.asked.stores.back().transfer;
      answer.next_chunk = static_cast<std::uint64_t>(pieces);
      w.items_say(std::move(answer));
    }
    w.pass(100ms);
  }
  EXPECT_GE(pieces, 9);
  EXPECT_LE(pieces, 12);
}

// It has not got any bytes meanwhile.
TEST(Transfer, AsksAsOftenAsEverForWhatIsBeingCut) {
  lone_replica w([](replica_options& options) {
    log_replica(true)(options);
    options.takes = std::make_shared<kit::pace>(limits::snapshot_chunk_bytes, options.clock->now_us());
  });
  w.grow();
  msg::SnapshotChunk sign_of_life;
  sign_of_life.set_being_cut(true);
  for (int tenth = 0; tenth < 100; ++tenth) {
    w.hear(sign_of_life);
    w.pass(100ms);
  }
  EXPECT_GT(snapshot_questions(w), 50u);
}

// A member that is too far behind, and not one that grows.
TEST(Transfer, OfWhoIsBehindGoesToAnotherMemberWhenTheFirstIsSilentOrRefuses) {
  lone_replica w(test::follows);
  test::leaders_log log;
  log.put("one", "1");
  log.put("two", "2");
  w.hear(log.gone());
  w.pass(1100ms);
  ASSERT_EQ(snapshot_questions(w), 1u);
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

} // namespace
} // namespace troupe::replica
