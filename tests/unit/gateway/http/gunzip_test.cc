#include "actors/gateway/http/gunzip.h"
#include "tests/unit/gateway/http/gzip.h"
#include <gtest/gtest.h>

using namespace troupe::http;

TEST(gunzip, gives_back_what_was_packed) {
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(100'000, 'x'), std::string("{\"a\":1}")}) {
    const auto out = gunzip(gzip(text), 100'000);
    EXPECT_FALSE(out.trouble);
    EXPECT_EQ(out.text, text);
  }
}

TEST(gunzip, reads_several_members_as_one_text) {
  const auto out = gunzip(gzip("one ") + gzip("two"), 100);
  EXPECT_FALSE(out.trouble);
  EXPECT_EQ(out.text, "one two");
}

TEST(gunzip, allows_exactly_as_much_as_it_is_told) {
  EXPECT_FALSE(gunzip(gzip(std::string(5000, 'a')), 5000).trouble);
  EXPECT_EQ(gunzip(gzip(std::string(5001, 'a')), 5000).trouble, gunzip_trouble::too_large);
}

TEST(gunzip, stops_at_the_bound_when_a_small_text_unpacks_to_a_huge_one) {
  const auto bomb = gzip(std::string(64u << 20, '\0'));
  ASSERT_LT(bomb.size(), 100'000u);
  const auto out = gunzip(bomb, 1u << 20);
  EXPECT_EQ(out.trouble, gunzip_trouble::too_large);
  EXPECT_EQ(out.text, "");
}

TEST(gunzip, refuses_what_is_damaged_cut_off_or_followed_by_something) {
  auto good = gzip(std::string(3000, 'q'));
  EXPECT_EQ(gunzip("", 100).trouble, gunzip_trouble::not_gzip);
  EXPECT_EQ(gunzip("{\"plain\": 1}", 100).trouble, gunzip_trouble::not_gzip);
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_EQ(gunzip(std::string_view(good).substr(0, cut), 10'000).trouble, gunzip_trouble::not_gzip) << cut;
  EXPECT_EQ(gunzip(good + "tail", 10'000).trouble, gunzip_trouble::not_gzip);
  good[good.size() - 5] = static_cast<char>(good[good.size() - 5] ^ 1); // its checksum
  EXPECT_EQ(gunzip(good, 10'000).trouble, gunzip_trouble::not_gzip);
}
