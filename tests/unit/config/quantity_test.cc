#include "config/quantity.h"
#include <gtest/gtest.h>

using namespace troupe::config;

TEST(quantity, durations_are_whole_numbers_with_a_unit) {
  EXPECT_EQ(parse_duration("0ms").value, 0);
  EXPECT_EQ(parse_duration("1500ms").value, 1500);
  EXPECT_EQ(parse_duration("5s").value, 5'000);
  EXPECT_EQ(parse_duration("2min").value, 120'000);
  EXPECT_EQ(parse_duration("1h").value, 3'600'000);
}

TEST(quantity, sizes_are_binary) {
  EXPECT_EQ(parse_size("1B").value, 1);
  EXPECT_EQ(parse_size("64KiB").value, 65'536);
  EXPECT_EQ(parse_size("64MiB").value, 67'108'864);
  EXPECT_EQ(parse_size("1GiB").value, 1'073'741'824);
  EXPECT_EQ(parse_size("3TiB").value, 3'298'534'883'328);
}

TEST(quantity, what_is_refused_comes_with_the_right_spelling) {
  const std::pair<const char*, const char*> cases[] = {
      {"1500", "write 1500ms"}, {"5 s", "write 5s"},  {"5sec", "write 5s"},
      {"5S", "write 5s"},       {"2m", "write 2min"}, {"1500 msec", "write 1500ms"},
  };
  for (const auto& [text, advice] : cases) {
    EXPECT_FALSE(parse_duration(text).value) << text;
    EXPECT_EQ(parse_duration(text).advice, advice) << text;
  }
  const std::pair<const char*, const char*> sizes[] = {
      {"64MB", "write 64MiB"}, {"64M", "write 64MiB"},   {"64 MiB", "write 64MiB"},
      {"64m", "write 64MiB"},  {"64mib", "write 64MiB"}, {"1024", "write 1024B"},
  };
  for (const auto& [text, advice] : sizes) {
    EXPECT_FALSE(parse_size(text).value) << text;
    EXPECT_EQ(parse_size(text).advice, advice) << text;
  }
}

TEST(quantity, nonsense_is_refused_with_an_example) {
  for (const auto* text :
       {"", "ms", "-5s", "+5s", "1.5s", "soon", "5 parsecs", "0x10ms", "010ms", "1_000ms", "5s5s",
        "9223372036854775808ms", "9223372036854775807s", "99999999999999999999999h"}) {
    const auto got = parse_duration(text);
    EXPECT_FALSE(got.value) << text;
    EXPECT_FALSE(got.what.empty()) << text;
    EXPECT_NE(got.advice.find("1500ms"), std::string::npos) << text;
  }
  EXPECT_FALSE(parse_size("9007199254740992TiB").value);
  for (const auto* text : {"", "-1", "01", "1e3", "0x10", "1.0", "9223372036854775808", " 1"})
    EXPECT_FALSE(parse_count(text).value) << text;
  EXPECT_EQ(parse_count("9223372036854775807").value, INT64_MAX);
  EXPECT_EQ(parse_count("0").value, 0);
}

TEST(quantity, printing_takes_the_largest_unit_that_is_exact_and_reads_back) {
  EXPECT_EQ(print_duration(0), "0ms");
  EXPECT_EQ(print_duration(1500), "1500ms");
  EXPECT_EQ(print_duration(60'000), "1min");
  EXPECT_EQ(print_duration(90'000), "90s");
  EXPECT_EQ(print_size(0), "0B");
  EXPECT_EQ(print_size(1536), "1536B");
  EXPECT_EQ(print_size(64 << 20), "64MiB");
  for (std::int64_t v :
       {0ll, 1ll, 999ll, 1000ll, 61'000ll, 3'600'000ll, 1ll << 40, (1ll << 40) + 1, 9223372036854775807ll}) {
    EXPECT_EQ(parse_duration(print_duration(v)).value, v);
    EXPECT_EQ(parse_size(print_size(v)).value, v);
  }
}
