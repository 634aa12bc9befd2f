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

} // namespace
} // namespace troupe::admin
