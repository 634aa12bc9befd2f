// A comparison from its mark to its result, with members that are slow, silent, or cannot say.
#include "actors/core/scrub/round.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::scrub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using want = round::want;

class scrub_round : public ::testing::Test {
protected:
  std::int64_t now = 1'000'000;
  round comparison{{1, 2, 3}, 5, now};

  round::step next() { return comparison.next(now); }
  void mark_at(std::uint64_t index) {
    ASSERT_EQ(next().what, want::mark);
    comparison.marked(index);
  }
  void roots(std::uint64_t index, std::initializer_list<std::uint64_t> values) {
    std::uint64_t member = 0;
    for (auto value : values)
      comparison.root(++member, index, value);
  }
};

TEST_F(scrub_round, equal_roots_end_it) {
  mark_at(40);
  auto step = next();
  EXPECT_EQ(step.what, want::read);
  EXPECT_FALSE(step.leaves);
  EXPECT_THAT(step.whom, ElementsAre(1, 2, 3));
  roots(40, {7, 7, 7});
  EXPECT_EQ(next().what, want::done);
  EXPECT_TRUE(comparison.outcome().compared);
  EXPECT_TRUE(comparison.outcome().verdict.agreed());
  EXPECT_THAT(comparison.outcome().members, ElementsAre(1, 2, 3));
  EXPECT_EQ(comparison.outcome().index, 40u);
}

TEST_F(scrub_round, asks_again_after_a_while_and_only_those_who_did_not_answer) {
  mark_at(40);
  next();
  comparison.root(2, 40, 7);
  EXPECT_EQ(next().what, want::nothing);
  now += ask_again_us;
  EXPECT_THAT(next().whom, ElementsAre(1, 3));
  comparison.root(1, 39, 8); // of another mark
  now += ask_again_us;
  EXPECT_THAT(next().whom, ElementsAre(1, 3));
}

TEST_F(scrub_round, narrows_a_difference_to_the_member_and_to_the_keys) {
  mark_at(40);
  roots(40, {7, 8, 7});
  auto step = next();
  EXPECT_TRUE(step.leaves);
  EXPECT_THAT(step.whom, ElementsAre(1, 2, 3));
  comparison.read_leaves(1, 40, {{1, 1}, {5, 2}});
  comparison.read_leaves(2, 40, {{1, 1}, {6, 2}});
  comparison.read_leaves(3, 40, {{1, 1}, {5, 2}});
  ASSERT_EQ(next().what, want::mark) << "one more, that lists the records of the leaf";
  EXPECT_THAT(comparison.named_leaves(), ElementsAre(1));
  comparison.marked(44);
  step = next();
  EXPECT_TRUE(step.records);
  comparison.read_records(1, 44, {{"a", 2}, {"b", 3}}, true);
  comparison.read_records(2, 44, {{"a", 2}, {"b", 4}}, true);
  comparison.read_records(3, 44, {{"a", 2}, {"b", 3}}, true);
  EXPECT_EQ(next().what, want::done);
  EXPECT_TRUE(comparison.outcome().compared);
  EXPECT_THAT(comparison.outcome().verdict.wrong, ElementsAre(2));
  EXPECT_THAT(comparison.outcome().keys, ElementsAre("b"));
  EXPECT_EQ(comparison.outcome().index, 40u) << "where it was seen";
}

TEST_F(scrub_round, a_whole_one_has_all_leaves_for_whoever_compares_them_with_a_reference) {
  comparison = round({1, 2, 3}, 5, now, true);
  mark_at(40);
  auto step = next();
  EXPECT_EQ(step.what, want::read);
  EXPECT_TRUE(step.leaves);
  for (std::uint64_t member : {1, 2, 3})
    comparison.read_leaves(member, 40, {{1, 1}, {5, 2}});
  EXPECT_EQ(next().what, want::done);
  const auto& seen = comparison.outcome();
  EXPECT_TRUE(seen.compared);
  EXPECT_TRUE(seen.verdict.agreed());
  EXPECT_EQ(seen.index, 40u);
  EXPECT_THAT(seen.members, ElementsAre(1, 2, 3));
  ASSERT_EQ(seen.opinions.size(), 3u);
  EXPECT_EQ(seen.opinions[2].member, 3u);
  EXPECT_EQ(seen.opinions[2].leaves, (leaf_list{{1, 1}, {5, 2}}));
}

TEST_F(scrub_round, who_is_wrong_is_known_before_the_keys_are) {
  mark_at(40);
  roots(40, {7, 8, 7});
  next();
  for (std::uint64_t member : {1, 2, 3})
    comparison.read_leaves(member, 40, {{member == 2 ? 9u : 5u, 1}});
  next();
  now += round_us;
  EXPECT_EQ(next().what, want::done);
  EXPECT_THAT(comparison.outcome().verdict.wrong, ElementsAre(2));
  EXPECT_THAT(comparison.outcome().keys, IsEmpty());
}

TEST_F(scrub_round, who_cannot_say_is_left_out_and_two_convict_nobody) {
  mark_at(40);
  next();
  comparison.unknown(3, 40);
  comparison.root(1, 40, 7);
  comparison.root(2, 40, 8);
  auto step = next();
  EXPECT_TRUE(step.leaves);
  EXPECT_THAT(step.whom, ElementsAre(1, 2));
  comparison.read_leaves(1, 40, {{5, 1}});
  comparison.read_leaves(2, 40, {{6, 1}});
  next();
  comparison.marked(41);
  next();
  comparison.read_records(1, 41, {{"a", 1}}, true);
  comparison.read_records(2, 41, {}, true);
  EXPECT_EQ(next().what, want::done);
  EXPECT_THAT(comparison.outcome().members, ElementsAre(1, 2));
  EXPECT_FALSE(comparison.outcome().verdict.agreed());
  EXPECT_THAT(comparison.outcome().verdict.wrong, IsEmpty());
  EXPECT_THAT(comparison.outcome().keys, ElementsAre("a"));
}

TEST_F(scrub_round, one_that_is_left_alone_has_compared_nothing) {
  mark_at(40);
  next();
  comparison.unknown(2, 40);
  comparison.unknown(3, 40);
  comparison.root(1, 40, 7);
  EXPECT_EQ(next().what, want::done);
  EXPECT_FALSE(comparison.outcome().compared);
}

TEST_F(scrub_round, ends_without_a_result_when_somebody_stays_silent_or_leadership_is_lost) {
  mark_at(40);
  next();
  comparison.root(1, 40, 7);
  now += round_us;
  EXPECT_EQ(next().what, want::done);
  EXPECT_FALSE(comparison.outcome().compared);

  round other({1, 2, 3}, 5, now);
  EXPECT_EQ(other.next(now).what, want::mark);
  other.refused();
  EXPECT_EQ(other.next(now).what, want::done);
  EXPECT_FALSE(other.outcome().compared);
}

TEST_F(scrub_round, leaves_that_cannot_be_compared_are_no_finding) {
  mark_at(40);
  roots(40, {7, 8, 7});
  next();
  comparison.read_leaves(1, 40, {{1, 1}});
  comparison.read_leaves(2, 40, {{1, 1}, {2, 2}}); // of a version that cuts otherwise
  comparison.read_leaves(3, 40, {{1, 1}});
  EXPECT_EQ(next().what, want::done);
  EXPECT_FALSE(comparison.outcome().compared);
  EXPECT_THAT(comparison.outcome().verdict.wrong, IsEmpty());
}

} // namespace
} // namespace troupe::scrub
