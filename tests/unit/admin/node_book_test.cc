#include "actors/admin/node_book.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

struct reporter {
  std::uint64_t run = 1;
  std::uint64_t sequence = 0;
  msg::NodeReport next(std::uint64_t base) {
    msg::NodeReport report;
    report.set_node("n1");
    report.set_run(run);
    report.set_sequence(++sequence);
    report.set_base(base);
    return report;
  }
};

void add(msg::NodeReport& report, std::uint64_t group, bool serves) {
  auto& replica = *report.add_replicas();
  replica.set_group(group);
  replica.set_leads(serves);
  replica.set_serving(serves);
}

TEST(NodeBook, ChangesAddUpToTheWhole) {
  node_book book(3'000'000);
  reporter n1;
  auto all = n1.next(0);
  add(all, 2, true);
  add(all, 3, false);
  ASSERT_TRUE(book.take(all, 0));
  auto change = n1.next(1);
  add(change, 3, true);
  change.add_gone(2);
  ASSERT_TRUE(book.take(change, 0));

  EXPECT_EQ(book.server_of(2), nullptr);
  ASSERT_NE(book.server_of(3), nullptr);
  EXPECT_EQ(*book.server_of(3), "n1");
  EXPECT_FALSE(book.may_hold("n1", 2));
  EXPECT_TRUE(book.may_hold("n1", 3));
}

TEST(NodeBook, ChangesOnAnUnknownBaseAreSentBack) {
  node_book book(3'000'000);
  reporter n1;
  n1.next(0); // lost on its way
  auto change = n1.next(1);
  add(change, 3, true);
  EXPECT_FALSE(book.take(change, 0));
  EXPECT_TRUE(book.alive("n1", 0)) << "it has been heard all the same";
  EXPECT_EQ(book.server_of(3), nullptr);
  EXPECT_TRUE(book.may_hold("n1", 9)) << "it has not told everything";

  auto all = n1.next(0);
  EXPECT_TRUE(book.take(all, 0));
  EXPECT_FALSE(book.may_hold("n1", 9));
}

TEST(NodeBook, ARestartedNodeStartsOver) {
  node_book book(3'000'000);
  reporter n1;
  for (int i = 0; i < 5; ++i)
    book.take(n1.next(0), 0);
  reporter again;
  again.run = 2;
  auto early = again.next(4);
  EXPECT_FALSE(book.take(early, 0)) << "a base of another run means nothing";
  auto all = again.next(0);
  add(all, 2, true);
  EXPECT_TRUE(book.take(all, 0));
  EXPECT_NE(book.server_of(2), nullptr);
}

TEST(NodeBook, AReportThatWasOvertakenChangesNothing) {
  node_book book(3'000'000);
  reporter n1;
  auto old = n1.next(0);
  add(old, 2, true);
  auto newer = n1.next(0);
  book.take(newer, 0);
  EXPECT_TRUE(book.take(old, 0));
  EXPECT_EQ(book.server_of(2), nullptr);
}

TEST(NodeBook, SilenceIsAway) {
  node_book book(3'000'000);
  reporter n1;
  book.take(n1.next(0), 1'000'000);
  EXPECT_TRUE(book.alive("n1", 3'999'999));
  EXPECT_FALSE(book.alive("n1", 4'000'000));
  EXPECT_FALSE(book.alive("n2", 0));
}

TEST(NodeBook, TheLastToServeIsTheServer) {
  node_book book(3'000'000);
  auto tell = [&](const std::string& node, std::uint64_t sequence, bool serves) {
    msg::NodeReport report;
    report.set_node(node);
    report.set_run(1);
    report.set_sequence(sequence);
    add(report, 2, serves);
    book.take(report, 0);
  };
  tell("n1", 1, true);
  tell("n2", 1, true);
  tell("n1", 2, false); // heard late: n1 has stepped down before n2 served
  ASSERT_NE(book.server_of(2), nullptr);
  EXPECT_EQ(*book.server_of(2), "n2");
}

// What a leader says of member 2. `heard_ms_ago`: -1 when it has never answered this leader.
struct watch_story {
  node_book book{3'000'000};
  std::int64_t now = 1'000'000'000;
  std::map<std::string, reporter> nodes;

  void leader_says(const std::string& node, bool silent, std::int64_t heard_ms_ago, std::uint64_t match = 1,
                   bool level = false) {
    auto report = nodes[node].next(0);
    report.set_node(node);
    add(report, 5, true);
    auto& of = *report.mutable_replicas(0)->add_members();
    of.set_member(2);
    of.set_silent(silent);
    of.set_heard_ms_ago(heard_ms_ago);
    of.set_match(match);
    of.set_level(level);
    ASSERT_TRUE(book.take(report, now));
  }
  const node_book::attendance& line() { return *book.attendance_of(5, 2); }
  void pass(std::int64_t seconds) { now += seconds * 1'000'000; }
};

TEST(NodeBook, AbsenceCountsFromWhenItWasHeardHere) {
  watch_story t;
  EXPECT_EQ(t.book.attendance_of(5, 2), nullptr);
  t.leader_says("n1", true, 600'000);
  EXPECT_EQ(t.line().since_us, t.now) << "nobody here has watched the ten minutes";
  EXPECT_EQ(t.line().answered_us, t.now - 600'000'000);
  auto first = t.now;
  t.pass(60);
  t.leader_says("n1", true, 660'000);
  EXPECT_EQ(t.line().since_us, first);
  t.pass(10);
  t.leader_says("n1", false, 10);
  EXPECT_EQ(t.line().since_us, 0);
  t.pass(10);
  t.leader_says("n1", true, 3'000);
  EXPECT_EQ(t.line().since_us, t.now) << "every silence counts for itself";
}

TEST(NodeBook, AnAnswerBetweenTwoReportsBeginsTheCountAnew) {
  watch_story t;
  t.leader_says("n1", true, 3'000);
  t.pass(100);
  t.leader_says("n1", true, 5'000);
  EXPECT_EQ(t.line().since_us, t.now - 5'000'000);
}

TEST(NodeBook, ANewLeaderThatHasHeardNothingEndsNoSilenceAndLengthensNone) {
  watch_story t;
  t.leader_says("n1", true, 3'000);
  auto first = t.line();
  t.pass(10);
  t.leader_says("n2", true, -1);
  EXPECT_EQ(t.line().since_us, first.since_us);
  EXPECT_EQ(t.line().answered_us, first.answered_us);
  t.pass(10);
  t.leader_says("n2", true, -1, 7); // some other news
  EXPECT_EQ(t.line().since_us, first.since_us);

  t.leader_says("n2", false, 10);
  t.pass(10);
  t.leader_says("n3", true, -1);
  EXPECT_EQ(t.line().since_us, t.now) << "it has answered the one before";
  EXPECT_EQ(t.line().answered_us, t.now);
}

TEST(NodeBook, WhoComesAndGoesIsNotSteady) {
  watch_story t;
  t.leader_says("n1", false, 10);
  auto first = t.now;
  t.pass(10);
  t.leader_says("n2", false, 10); // another leader hears it, too
  EXPECT_EQ(t.line().steady_us, first);
  t.leader_says("n2", true, 3'000);
  EXPECT_EQ(t.line().steady_us, 0);
  t.pass(1);
  t.leader_says("n2", false, 10);
  EXPECT_EQ(t.line().steady_us, t.now);
}

TEST(NodeBook, WhoAnswersAndGetsNothingIsNoticed) {
  watch_story t;
  t.leader_says("n1", false, 10, 7);
  auto first = t.now;
  t.pass(10);
  t.leader_says("n1", false, 10, 7);
  EXPECT_EQ(t.line().stays_us, first);
  t.pass(10);
  t.leader_says("n1", false, 10, 8);
  EXPECT_EQ(t.line().stays_us, t.now);
  t.leader_says("n1", false, 10, 8, true);
  EXPECT_EQ(t.line().stays_us, 0);
}

TEST(NodeBook, WhoWasStoppedItselfHasWatchedNobody) {
  watch_story t;
  EXPECT_TRUE(t.book.attend(t.now));
  t.leader_says("n1", true, 3'000);
  t.pass(2);
  EXPECT_TRUE(t.book.attend(t.now));
  EXPECT_NE(t.book.find("n1"), nullptr);
  t.pass(600);
  EXPECT_FALSE(t.book.attend(t.now));
  EXPECT_EQ(t.book.find("n1"), nullptr);
  EXPECT_EQ(t.book.attendance_of(5, 2), nullptr);
}

} // namespace
} // namespace troupe::admin
