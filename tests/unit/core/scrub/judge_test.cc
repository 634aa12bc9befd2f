// Who is wrong, and when nobody can be told to be.
#include "actors/core/scrub/judge.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::scrub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A leaf per number, with that sum; no items where it is 0.
opinion says(std::uint64_t member, std::initializer_list<std::uint64_t> sums, bool reference = false) {
  opinion o{member, {}, reference};
  for (auto sum : sums)
    o.leaves.push_back({sum, sum != 0 ? 1u : 0u});
  return o;
}

TEST(scrub_judge, finds_nothing_where_all_agree) {
  auto v = judge({says(1, {7, 8, 9}), says(2, {7, 8, 9}), says(3, {7, 8, 9})});
  EXPECT_TRUE(v.agreed());
  EXPECT_THAT(v.wrong, IsEmpty());
  EXPECT_TRUE(judge({says(1, {7})}).agreed()) << "one alone agrees with itself";
  EXPECT_TRUE(judge({}).agreed());
}

TEST(scrub_judge, copies_that_were_found_equal_are_witnesses_until_one_is_replaced) {
  const std::vector<witness> known{{1, 70}, {2, 80}, {3, 90}};
  EXPECT_TRUE(were_equal(known, {{1, 70}, {2, 80}, {3, 90}}));
  EXPECT_TRUE(were_equal(known, {{3, 90}, {1, 70}}));
  EXPECT_FALSE(were_equal(known, {{1, 70}, {2, 80}, {4, 90}})) << "another member";
  EXPECT_FALSE(were_equal(known, {{1, 70}, {2, 81}, {3, 90}})) << "the same one, with another copy";
  EXPECT_FALSE(were_equal({}, {{1, 70}}));
  EXPECT_FALSE(were_equal({{1, 0}}, {{1, 0}})) << "nobody knows which copy that is";
}

TEST(scrub_judge, one_against_two_that_agree_is_wrong_whichever_it_is) {
  for (std::uint64_t liar = 1; liar <= 3; ++liar) {
    std::vector<opinion> all;
    for (std::uint64_t member = 1; member <= 3; ++member)
      all.push_back(member == liar ? says(member, {7, 1, 9, 2}) : says(member, {7, 8, 9, 10}));
    auto v = judge(all);
    EXPECT_THAT(v.wrong, ElementsAre(liar));
    EXPECT_THAT(v.differing, ElementsAre(1, 3));
  }
}

TEST(scrub_judge, an_item_more_is_a_difference_even_if_the_sums_are_equal) {
  auto a = says(1, {7}), b = says(2, {7}), c = says(3, {7});
  b.leaves[0].items = 2;
  EXPECT_THAT(judge({a, b, c}).wrong, ElementsAre(2));
}

TEST(scrub_judge, condemns_nobody_where_it_would_be_a_guess) {
  auto two = judge({says(1, {7}), says(2, {8})});
  EXPECT_FALSE(two.agreed());
  EXPECT_THAT(two.wrong, IsEmpty()) << "one word against another";
  EXPECT_THAT(judge({says(1, {7}), says(2, {8}), says(3, {9})}).wrong, IsEmpty()) << "three opinions";
  // Each leaf has a majority. But whoever is rebuilt may be rebuilt from the other wrong one.
  auto crossed = judge({says(1, {7, 8}), says(2, {1, 8}), says(3, {7, 2})});
  EXPECT_THAT(crossed.wrong, IsEmpty());
  EXPECT_THAT(crossed.differing, ElementsAre(0, 1));
  EXPECT_THAT(judge({says(1, {7}), says(2, {7}), says(3, {8}), says(4, {8})}).wrong, IsEmpty())
      << "two against two";
}

TEST(scrub_judge, a_reference_decides_between_members_that_differ) {
  auto v = judge({says(1, {7}), says(2, {8}), says(0, {7}, true)});
  EXPECT_THAT(v.wrong, ElementsAre(2));
  EXPECT_FALSE(v.reference_alone);
  EXPECT_THAT(judge({says(1, {7}), says(2, {8}), says(3, {9}), says(0, {9}, true)}).wrong, ElementsAre(1, 2))
      << "pairwise: all but the one that it confirms";
  EXPECT_THAT(judge({says(1, {8}), says(2, {8}), says(3, {7}), says(0, {7}, true)}).wrong, ElementsAre(1, 2))
      << "two that agree may be one and its copy";
  EXPECT_THAT(judge({says(1, {7, 1}), says(2, {7, 8}), says(3, {2, 8}), says(0, {7, 8}, true)}).wrong,
              ElementsAre(1, 3));
}

TEST(scrub_judge, a_reference_that_no_member_confirms_condemns_nobody) {
  auto v = judge({says(1, {7}), says(2, {8}), says(0, {9}, true)});
  EXPECT_THAT(v.wrong, IsEmpty());
  EXPECT_FALSE(v.reference_alone) << "they do not agree with each other either";
  v = judge({says(1, {7}), says(2, {7}), says(3, {7}), says(0, {9}, true)});
  EXPECT_THAT(v.wrong, IsEmpty());
  EXPECT_THAT(v.differing, ElementsAre(0));
  EXPECT_TRUE(v.reference_alone);
  EXPECT_TRUE(judge({says(1, {7}), says(0, {9}, true)}).reference_alone);
  EXPECT_TRUE(judge({says(1, {7}), says(2, {7}), says(0, {7}, true)}).agreed());
}

TEST(scrub_judge, names_the_keys_that_are_not_the_same_everywhere) {
  listing a{1, {{"a", 1}, {"b", 2}, {"c", 3}}};
  listing b{2, {{"a", 1}, {"b", 9}, {"c", 3}}};
  listing c{3, {{"a", 1}, {"b", 2}, {"d", 4}}};
  EXPECT_THAT(differing_keys({a, b, c}, 10), ElementsAre("b", "c", "d"));
  EXPECT_THAT(differing_keys({a, b, c}, 2), ElementsAre("b", "c"));
  EXPECT_THAT(differing_keys({a, a, a}, 10), IsEmpty());
}

} // namespace
} // namespace troupe::scrub
