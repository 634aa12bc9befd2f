// Pieces of the log that were fetched for a member that is behind: kept while somebody may ask for what is in
// them, and no longer.
#include "tests/unit/replica/lone_replica.h"
#include <gtest/gtest.h>

namespace troupe::replica {
namespace {

using namespace std::chrono_literals;
using test::lone_replica;

void asks_for_the_beginning(lone_replica& w) {
  msg::PaxosMessage ask;
  ask.mutable_catch_up()->set_from(1);
  w.hear_from(3, "n3", std::move(ask));
}

TEST(ReadAhead, IsForgottenWhenNobodyHasUsedItForAWhile) {
  lone_replica w(test::follows);
  test::leaders_log log;
  auto large = std::string(1u << 20, 'x');
  for (int i = 0; i < 12; ++i) {
    auto put = log.put("key " + std::to_string(i), large);
    w.hear(log.accept({put}, put.index()));
    w.pass(1100ms);
    while (!w.asked.applies.empty())
      w.answer_flush();
  }
  ASSERT_EQ(w.report().applied(), 12u);
  asks_for_the_beginning(w);
  ASSERT_EQ(w.log_reads.size(), 1u) << "it is too old to be in memory";
  w.pass(1000ms);
  asks_for_the_beginning(w);
  w.pass(1500ms);
  asks_for_the_beginning(w);
  EXPECT_EQ(w.log_reads.size(), 1u) << "it is at hand";
  w.pass(2500ms);
  asks_for_the_beginning(w);
  EXPECT_EQ(w.log_reads.size(), 2u);
}

} // namespace
} // namespace troupe::replica
