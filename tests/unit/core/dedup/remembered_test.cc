#include "actors/core/dedup/remembered.h"
#include "config/limits.h"
#include <gtest/gtest.h>

namespace troupe::dedup {
namespace {

msg::RequestId request(std::uint64_t client, std::uint64_t sequence) {
  msg::RequestId id;
  id.set_client(client);
  id.set_sequence(sequence);
  return id;
}

TEST(remembered, knows_what_took_effect_and_what_was_refused) {
  remembered r;
  r.add(request(1, 1), {10}, 1'000);
  r.add(request(1, 2), {11, msg::VALIDATION}, 1'000);
  EXPECT_EQ(r.find(request(1, 1))->index, 10u);
  EXPECT_EQ(r.find(request(1, 1))->refused, msg::OK);
  EXPECT_EQ(r.find(request(1, 2))->refused, msg::VALIDATION);
  EXPECT_FALSE(r.find(request(2, 1)));
}

TEST(remembered, the_first_outcome_of_a_request_is_its_outcome) {
  remembered r;
  r.add(request(1, 1), {10, msg::VALIDATION}, 1'000);
  r.add(request(1, 1), {20}, 1'001);
  EXPECT_EQ(r.find(request(1, 1))->refused, msg::VALIDATION);
}

TEST(remembered, requests_without_a_number_are_nobodys) {
  remembered r;
  r.add(request(7, 0), {10}, 1'000);
  EXPECT_EQ(r.size(), 0u);
}

TEST(remembered, forgets_by_the_leaders_time_alone) {
  remembered r;
  std::int64_t time = 1'000;
  std::uint64_t index = 1;
  r.add(request(1, index), {index}, time);
  while (time < 1'000 + limits::remembered_ms) {
    time += 500;
    ++index;
    r.add(request(1, index), {index}, time);
  }
  EXPECT_TRUE(r.find(request(1, 1)));
  r.add(request(2, 1), {index + 1}, time + 1);
  EXPECT_FALSE(r.find(request(1, 1)));
  EXPECT_EQ(r.oldest_ms(), 1'500);
}

// The next leader's clock is an hour ahead, and a later one's an hour behind: what was asked for a moment ago
// may still be repeated.
TEST(remembered, forgets_nothing_because_leaders_clocks_differ) {
  remembered r;
  r.add(request(1, 1), {1}, 1'000);
  r.add(request(1, 2), {2}, 3'600'000);
  r.add(request(1, 3), {3}, 500);
  r.add(request(1, 4), {4}, 3'600'500);
  EXPECT_TRUE(r.find(request(1, 1)));
  remembered copy;
  copy.restore(r.take_new());
  copy.add(request(1, 5), {5}, 7'200'000);
  EXPECT_TRUE(copy.find(request(1, 1)));
}

// One that led had its clock an hour ahead; commands' times stand still until the others' clocks have come
// there.
TEST(remembered, forgets_while_commands_times_stand_still) {
  remembered r;
  r.add(request(1, 1), {1}, 1'000);
  const std::int64_t ahead = 3'600'000;
  r.add(request(1, 2), {2}, ahead);
  std::uint64_t index = 3;
  for (std::int64_t clock = 2'000; clock <= 2'000 + limits::remembered_ms + 2'000; clock += 1'000, ++index) {
    msg::Command command;
    command.set_time_ms(ahead);
    command.set_clock_ms(clock);
    r.add(request(1, index), {index}, clock_in(command));
  }
  EXPECT_FALSE(r.find(request(1, 1)));
  EXPECT_FALSE(r.find(request(1, 2)));
  EXPECT_TRUE(r.find(request(1, index - 1)));
  msg::Command in_step;
  in_step.set_time_ms(5);
  EXPECT_EQ(clock_in(in_step), 5);
}

TEST(remembered, does_not_pass_time_that_does_not_pass) {
  remembered r;
  for (std::uint64_t i = 1; i <= 1'000; ++i)
    r.add(request(1, i), {i}, 1'000);
  EXPECT_TRUE(r.find(request(1, 1)));
  EXPECT_EQ(r.oldest_ms(), 1'000);
}

TEST(remembered, is_bounded) {
  remembered r;
  for (std::uint64_t i = 1; i <= limits::remembered_requests + 10; ++i)
    r.add(request(1, i), {i}, 1'000);
  EXPECT_EQ(r.size(), limits::remembered_requests);
  EXPECT_FALSE(r.find(request(1, 10)));
  EXPECT_TRUE(r.find(request(1, 11)));
  EXPECT_TRUE(r.crowded()) << "somebody may still repeat the first";
  std::uint64_t index = limits::remembered_requests + 11;
  for (std::int64_t time = 1'000; time <= 2'000 + limits::remembered_ms; time += 1'000, ++index)
    r.add(request(2, index), {index}, time);
  EXPECT_FALSE(r.crowded());
}

TEST(remembered, hands_out_what_is_new_once_and_comes_back_from_it) {
  remembered r;
  r.add(request(1, 1), {1}, 1'000);
  r.add(request(1, 2), {2, msg::VALIDATION}, 1'000);
  auto first = r.take_new();
  EXPECT_EQ(first.size(), 2u);
  EXPECT_TRUE(r.take_new().empty());
  r.add(request(1, 3), {3}, 1'000);
  auto second = r.take_new();
  ASSERT_EQ(second.size(), 1u);
  first.push_back(second[0]);
  remembered again;
  again.restore(first);
  EXPECT_TRUE(again.find(request(1, 2))->refused);
  EXPECT_EQ(again.find(request(1, 3))->index, 3u);
  EXPECT_TRUE(again.take_new().empty()) << "what was restored is stored already";
}

} // namespace
} // namespace troupe::dedup
