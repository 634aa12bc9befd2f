#include "actors/admin/node_book.h"
#include "actors/agent/report_book.h"
#include <gtest/gtest.h>
#include <random>

namespace troupe::agent {
namespace {

msg::ReplicaReport replica(std::uint64_t group, std::uint64_t commit, std::int64_t heard_ms_ago = 0) {
  msg::ReplicaReport report;
  report.set_group(group);
  report.set_commit(commit);
  report.add_members()->set_heard_ms_ago(heard_ms_ago);
  return report;
}

msg::NodeReport report(report_book& book) {
  msg::NodeReport result;
  book.fill(result);
  return result;
}

TEST(ReportBook, TellsAllOnceAndThenOnlyNews) {
  report_book book;
  book.note(replica(2, 10));
  book.note(replica(3, 20));
  auto first = report(book);
  EXPECT_EQ(first.replicas_size(), 2);
  EXPECT_EQ(first.base(), 0u);
  book.answered(first.sequence(), false);

  EXPECT_TRUE(book.note(replica(3, 21)));
  auto second = report(book);
  ASSERT_EQ(second.replicas_size(), 1);
  EXPECT_EQ(second.replicas(0).commit(), 21u);
  EXPECT_EQ(second.base(), first.sequence());
}

TEST(ReportBook, TimePassingIsNoNews) {
  report_book book;
  book.note(replica(2, 10, 100));
  EXPECT_FALSE(book.note(replica(2, 10, 900)));
}

TEST(ReportBook, WhatWasNotAnsweredIsToldAgain) {
  report_book book;
  book.answered(report(book).sequence(), false);
  book.note(replica(2, 10));
  report(book); // lost
  auto again = report(book);
  EXPECT_EQ(again.replicas_size(), 1);
  book.answered(again.sequence(), false);
  EXPECT_EQ(report(book).replicas_size(), 0);
}

TEST(ReportBook, WhatIsGoneIsToldUntilItIsHeard) {
  report_book book;
  book.note(replica(2, 10));
  book.answered(report(book).sequence(), false);
  book.forget(2);
  report(book); // lost
  auto again = report(book);
  EXPECT_EQ(again.gone_size(), 1);
  book.answered(again.sequence(), false);
  EXPECT_EQ(report(book).gone_size(), 0);
  EXPECT_EQ(book.find(2), nullptr);
}

TEST(ReportBook, ALeaderThatLacksTheBaseIsToldEverything) {
  report_book book;
  book.note(replica(2, 10));
  auto first = report(book);
  book.answered(first.sequence(), false);
  auto second = report(book);
  book.answered(second.sequence(), true);
  auto third = report(book);
  EXPECT_EQ(third.base(), 0u);
  EXPECT_EQ(third.replicas_size(), 1);
}

// Both ends together, over a wire that loses reports and answers, and with leaders that forget: what the
// leader holds, once it holds everything, is what the node runs.
TEST(ReportBook, TheLeaderEndsUpKnowingWhatTheNodeKnows) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 dice(seed);
    auto chance = [&](int percent) { return static_cast<int>(dice() % 100) < percent; };
    report_book book;
    admin::node_book leader(3'000'000);
    std::map<std::uint64_t, std::uint64_t> runs; // group -> commit
    auto exchange = [&](bool lossy) {
      auto told = report(book);
      told.set_node("n1");
      told.set_run(1);
      if (lossy && chance(30))
        return;
      bool usable = leader.take(told, 0);
      if (lossy && chance(30))
        return;
      book.answered(told.sequence(), !usable);
    };
    for (int step = 0; step < 100; ++step) {
      auto group = dice() % 8 + 2;
      if (chance(30) && runs.erase(group) > 0) {
        book.forget(group);
      } else {
        runs[group] = dice() % 100;
        book.note(replica(group, runs[group]));
      }
      if (chance(5))
        leader.clear();
      if (chance(50))
        exchange(true);
    }
    exchange(false);
    exchange(false);
    const auto* page = leader.find("n1");
    ASSERT_NE(page, nullptr);
    ASSERT_TRUE(page->whole);
    std::map<std::uint64_t, std::uint64_t> known;
    for (const auto& [group, one] : page->replicas)
      known[group] = one.commit();
    ASSERT_EQ(known, runs) << "seed " << seed;
  }
}

} // namespace
} // namespace troupe::agent
