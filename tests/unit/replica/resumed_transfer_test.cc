// Transfers that go on where an earlier one ended, after either side was killed.
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

// The node was killed in the middle of a transfer.
TEST(Transfer, GoesOnWhereAnEarlierOneEnded) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  ASSERT_EQ(snapshot_questions(w), 1u);
  EXPECT_EQ(w.told.back().snapshot_request().chunk(), 17u);
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 4711u);
  ASSERT_EQ(w.asked.looks.size(), 1u);
  EXPECT_FALSE(w.asked.looks[0].anew);
}

// A log replica that was restarted, and then heard that the items of all others hold what is in its log.
struct restarted {
  static wire::items_opened none() {
    wire::items_opened items;
    items.result.outcome = wire::disk_outcome::missing;
    return items;
  }
  static wire::log_loaded log() {
    wire::log_loaded empty;
    empty.exists = true;
    *empty.hard_state.mutable_configuration() = test::three_members(msg::LOG_REPLICA);
    return empty;
  }
  restarted() {
    std::vector<msg::Entry> entries;
    for (int i = 0; i < 3'000; ++i)
      entries.push_back(leader.put("key", "item"));
    w.hear(leader.accept(entries, leader.index));
    w.hear(leader.settled());
  }
  bool has_cut_its_log() const {
    return std::any_of(w.appended.begin(), w.appended.end(), [](auto& job) { return job.truncate_to > 0; });
  }
  test::leaders_log leader;
  lone_replica w{log_replica(false), none(), log()};
};

// Pieces of a snapshot may lie there, which this log must go on from. Nobody says at once whether it is to
// grow on.
TEST(Transfer, OfBeforeARestartFindsTheLogThatItNeeds) {
  restarted one;
  one.w.pass(50'000ms);
  EXPECT_FALSE(one.has_cut_its_log());
  one.w.grow();
  one.w.pass(50'000ms);
  EXPECT_FALSE(one.has_cut_its_log());
  one.w.pass(20'000ms); // somebody else is to grow
  EXPECT_TRUE(one.has_cut_its_log());
}

TEST(Transfer, ThatNobodyWantsAfterARestartDoesNotKeepTheLogForEver) {
  restarted one;
  one.w.pass(61'000ms);
  EXPECT_TRUE(one.has_cut_its_log());
}

msg::SnapshotChunk not_here_any_more() {
  msg::SnapshotChunk answer;
  answer.set_refused("gone");
  answer.set_ended(true);
  return answer;
}

TEST(Transfer, BeginsAnewWhenNobodyHasTheSnapshotAnyMore) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(snapshot_questions(w), asked.size() + 1);
    auto& question = w.told.back().snapshot_request();
    EXPECT_EQ(question.resume(), 4711u) << "every source may still have it";
    asked.push_back(question.to());
    w.hear(not_here_any_more());
    w.pass(1100ms);
  }
  EXPECT_NE(asked[0], asked[1]);
  ASSERT_EQ(snapshot_questions(w), 3u);
  EXPECT_EQ(w.told.back().snapshot_request().chunk(), 0u);
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 0u);
  EXPECT_TRUE(w.asked.looks.back().anew);
}

// Another one would have to give all of it anew.
TEST(Transfer, WaitsForASourceThatIsAwayForAMoment) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  std::set<std::uint64_t> asked;
  auto looks = w.asked.looks.size();
  auto begun_anew = [&] {
    return std::any_of(w.asked.looks.begin() + static_cast<std::ptrdiff_t>(looks), w.asked.looks.end(),
                       [](auto& look) { return look.anew; });
  };
  auto ask_for = [&](int seconds) {
    for (int second = 0; second < seconds && !begun_anew(); ++second) {
      w.grow();
      auto last =
          std::find_if(w.told.rbegin(), w.told.rend(), [](auto& one) { return one.has_snapshot_request(); });
      ASSERT_NE(last, w.told.rend());
      auto to = last->snapshot_request().to();
      asked.insert(to);
      if (to == 2) // the other one does not answer
        w.hear(not_here_any_more());
      w.pass(1000ms);
    }
  };
  ask_for(14);
  EXPECT_EQ(asked, (std::set<std::uint64_t>{2, 3}));
  EXPECT_FALSE(begun_anew());
  ask_for(20);
  EXPECT_TRUE(begun_anew()) << "but not for ever";
}

// A source of an older version refuses, and does not say that it has ended.
TEST(Transfer, BeginsAnewWhereNobodySaysThatTheSnapshotHasEnded) {
  lone_replica w(log_replica(true));
  w.left.next_chunk = 17;
  w.left.snapshot = 4711;
  w.grow();
  auto refusal = not_here_any_more();
  refusal.clear_ended();
  auto begun_anew = [&] {
    return std::any_of(w.asked.looks.begin(), w.asked.looks.end(), [](auto& look) { return look.anew; });
  };
  auto refuse_for = [&](int seconds) {
    for (int second = 0; second < seconds && !begun_anew(); ++second) {
      w.grow();
      w.hear(refusal);
      w.pass(1000ms);
    }
  };
  refuse_for(14);
  EXPECT_FALSE(begun_anew()) << "it may be for a moment";
  refuse_for(4);
  EXPECT_TRUE(begun_anew());
}

// The source was killed, and is back before the next question.
TEST(Transfer, NamesTheSnapshotThatItIsOfWithEveryQuestionAfterTheFirst) {
  lone_replica w(log_replica(true));
  w.grow();
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 0u);
  auto piece = test::leaders_log().snapshot();
  piece.set_last(false);
  piece.set_snapshot(4711);
  w.hear(piece);
  ASSERT_EQ(w.asked.stores.size(), 1u);
  wire::snapshot_stored answer;
  answer.transfer = w.asked.stores[0].transfer;
  answer.next_chunk = 1;
  w.items_say(std::move(answer));
  ASSERT_EQ(snapshot_questions(w), 2u);
  EXPECT_EQ(w.told.back().snapshot_request().chunk(), 1u);
  EXPECT_EQ(w.told.back().snapshot_request().resume(), 4711u);
}

} // namespace
} // namespace troupe::replica
