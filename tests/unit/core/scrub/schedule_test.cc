// Everything gets its turn within a cycle.
#include "actors/core/scrub/schedule.h"
#include <gtest/gtest.h>

namespace troupe::scrub {
namespace {

constexpr std::int64_t second = 1'000'000;

TEST(scrub_schedule, what_is_new_is_due_at_once_and_then_once_in_a_cycle) {
  schedule turns(100 * second);
  EXPECT_FALSE(turns.due(0).has_value());
  turns.add(7, 0);
  ASSERT_EQ(turns.due(0), std::optional<std::uint64_t>(7));
  turns.begun(7, 0);
  EXPECT_FALSE(turns.due(10 * second).has_value());
  turns.ended(7, 10 * second);
  EXPECT_FALSE(turns.due(79 * second).has_value());
  EXPECT_TRUE(turns.due(80 * second).has_value()) << "early enough to be over within the cycle";
  EXPECT_EQ(turns.next(), std::optional<std::int64_t>(80 * second));
  EXPECT_EQ(turns.last_end(7), 10 * second);
}

TEST(scrub_schedule, who_has_waited_longest_comes_first) {
  schedule turns(100 * second);
  turns.add(1, 5);
  turns.add(2, 3);
  turns.add(3, 4);
  EXPECT_EQ(turns.due(10), std::optional<std::uint64_t>(2));
  turns.hurry(3, 1);
  EXPECT_EQ(turns.due(10), std::optional<std::uint64_t>(3));
  turns.remove(3);
  EXPECT_EQ(turns.due(10), std::optional<std::uint64_t>(2));
}

TEST(scrub_schedule, a_thousand_things_all_have_their_turn_in_every_cycle) {
  schedule turns(1000 * second);
  std::map<std::uint64_t, std::int64_t> last;
  for (std::uint64_t group = 1; group <= 1000; ++group)
    turns.add(group, 0);
  std::int64_t now = 0;
  while (now < 5000 * second) {
    auto group = turns.due(now);
    if (!group) {
      now = *turns.next();
      continue;
    }
    EXPECT_LE(now - last[*group], 1000 * second);
    last[*group] = now;
    turns.begun(*group, now);
    now += second / 2;
    turns.ended(*group, now);
  }
  EXPECT_LE(turns.oldest(now), 1001 * second);
}

TEST(scrub_schedule, what_was_hurried_while_it_had_its_turn_comes_again) {
  schedule turns(100 * second);
  turns.add(1, 0);
  turns.begun(1, 0);
  turns.hurry(1, second);
  turns.ended(1, 2 * second);
  EXPECT_TRUE(turns.due(2 * second).has_value());
}

TEST(scrub_schedule, what_came_to_nothing_comes_again_soon) {
  schedule turns(100 * second);
  turns.add(1, 0);
  turns.begun(1, 0);
  turns.failed(1, 2 * second);
  EXPECT_FALSE(turns.due(2 * second).has_value());
  EXPECT_TRUE(turns.due(3 * second).has_value());
  EXPECT_EQ(turns.last_end(1), 0);
  EXPECT_EQ(turns.oldest(3 * second), 3 * second);
}

TEST(scrub_schedule, what_is_put_off_is_not_due_before) {
  schedule turns(100 * second);
  turns.add(1, 0);
  turns.put_off(1, 30 * second);
  EXPECT_FALSE(turns.due(29 * second).has_value());
  EXPECT_TRUE(turns.due(30 * second).has_value());
  turns.hurry(1, 5 * second);
  EXPECT_TRUE(turns.due(5 * second).has_value());
}

TEST(scrub_pace, waits_as_long_as_its_bytes_are_worth) {
  pace slow(1024);
  EXPECT_EQ(slow.wait_us(1024), second);
  EXPECT_EQ(slow.wait_us(0), 0);
}

} // namespace
} // namespace troupe::scrub
