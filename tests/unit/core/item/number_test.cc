#include "actors/core/item/number.h"
#include "random_items.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using test::dice;

std::string canonical(std::string_view text) {
  const auto parsed = number::parse(text);
  return parsed ? parsed->text() : "refused: " + parsed.why().message;
}
std::string why_not(std::string_view text) {
  const auto parsed = number::parse(text);
  return parsed ? "accepted as " + parsed->text() : parsed.why().message;
}
std::string encoded(const number& value) {
  std::string out;
  value.encode(out);
  return out;
}
std::string zeros(std::size_t count) {
  return std::string(count, '0');
}

// Compares plain decimal texts digit by digit: shares nothing with the code under test.
int compare_texts(std::string_view a, std::string_view b) {
  const bool a_below = a[0] == '-', b_below = b[0] == '-';
  if (a_below != b_below)
    return a_below ? -1 : 1;
  if (a_below)
    return compare_texts(b.substr(1), a.substr(1));
  const auto whole = [](std::string_view text) { return text.substr(0, text.find('.')); };
  const auto fraction = [](std::string_view text) {
    const auto point = text.find('.');
    return point == text.npos ? std::string_view() : text.substr(point);
  };
  if (whole(a).size() != whole(b).size())
    return whole(a).size() < whole(b).size() ? -1 : 1;
  if (const int order = whole(a).compare(whole(b)); order != 0)
    return order;
  return fraction(a).compare(fraction(b)); // without trailing zeros, the longer of equal beginnings is larger
}

TEST(Number, EveryNotationOfANumberHasOneText) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"+0", "0"},
      {"0.000", "0"},
      {"0e99999", "0"},
      {"-0e-7", "0"},
      {"5", "5"},
      {"+5", "5"},
      {"-5", "-5"},
      {"007", "7"},
      {"1e3", "1000"},
      {"1E+2", "100"},
      {"1e-3", "0.001"},
      {"-0.001", "-0.001"},
      {".5", "0.5"},
      {"5.", "5"},
      {"1.500", "1.5"},
      {"100", "100"},
      {"0.10", "0.1"},
      {"12.34e1", "123.4"},
      {"12.34e-1", "1.234"},
      {"12.34e-5", "0.0001234"},
      {"1e+0003", "1000"},
      {"-1.0e0", "-1"},
      {"10e-1", "1"},
  };
  for (const auto& [given, printed] : cases)
    EXPECT_EQ(canonical(given), printed) << given;
}

TEST(Number, TheEndsOfTheRangeAreExact) {
  const std::string nines = "99999999999999999999999999999999999999"; // 38
  EXPECT_EQ(canonical("1e125"), "1" + zeros(125));
  EXPECT_EQ(canonical("9.9999999999999999999999999999999999999E+125"), nines + zeros(88));
  EXPECT_EQ(canonical("-9.9999999999999999999999999999999999999E+125"), "-" + nines + zeros(88));
  EXPECT_EQ(canonical("1e-130"), "0." + zeros(129) + "1");
  EXPECT_EQ(canonical(nines), nines);
  EXPECT_EQ(canonical("0." + nines), "0." + nines);
  EXPECT_EQ(canonical("1" + zeros(125)), "1" + zeros(125)) << "zeros at the end are not significant";
  EXPECT_EQ(canonical(zeros(1000) + nines + "." + zeros(1000)), nines) << "nor those around";
  EXPECT_EQ(canonical("12345678901234567890.123456789012345678"), "12345678901234567890.123456789012345678");
  EXPECT_EQ(canonical("100000000000000000000000000000000000001"), // 39 digits
            "refused: Attempting to store more than 38 significant digits in a Number");
}

TEST(Number, WhatIsNoNumberIsRefusedInDynamosWords) {
  EXPECT_EQ(why_not(""), "The parameter cannot be converted to a numeric value");
  for (const char* text :
       {"abc", " 1",      "1 ", "1 2", "NaN", "Infinity", "-inf",  "0x10",  "1e",    "1e+",
        "e5",  ".",       "-",  "+",   "--1", "1.2.3",    "1e5.5", "1,000", "1_000", "1e99999999999",
        "1f",  "\xD9\xA1"})
    EXPECT_EQ(why_not(text), "The parameter cannot be converted to a numeric value: " + std::string(text));
  EXPECT_EQ(why_not(std::string_view("1\0", 2)),
            std::string("The parameter cannot be converted to a numeric value: 1") + '\0');
}

TEST(Number, ALongTextIsNotQuotedBackWhole) {
  const std::string why = why_not(std::string(100'000, 'x'));
  EXPECT_LT(why.size(), 400u);
  EXPECT_TRUE(why.ends_with("...")) << why;
}

TEST(Number, OutsideTheRangeIsRefusedInDynamosWords) {
  const char* digits = "Attempting to store more than 38 significant digits in a Number";
  const char* over =
      "Number overflow. Attempting to store a number with magnitude larger than supported range";
  const char* under =
      "Number underflow. Attempting to store a number with magnitude smaller than supported range";
  EXPECT_EQ(why_not("123456789012345678901234567890123456789"), digits);
  EXPECT_EQ(why_not("-1.23456789012345678901234567890123456789"), digits);
  EXPECT_EQ(why_not("1e126"), over);
  EXPECT_EQ(why_not("-1e126"), over);
  EXPECT_EQ(why_not("10e125"), over);
  EXPECT_EQ(why_not("1" + zeros(126)), over);
  EXPECT_EQ(why_not("1e2147483647"), over);
  EXPECT_EQ(why_not("1e-131"), under);
  EXPECT_EQ(why_not("-0.1e-130"), under);
  EXPECT_EQ(why_not("0." + zeros(130) + "1"), under);
  EXPECT_EQ(why_not("1e-2147483647"), under);
}

TEST(Number, IsMadeOfCoefficientAndExponent) {
  const auto made = number::make(true, 12'300, -2);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->text(), "-123");
  EXPECT_EQ(made->digits(), 3);
  EXPECT_EQ(made->magnitude(), 2);
  EXPECT_TRUE(made->coefficient() == 123);
  EXPECT_EQ(made->exponent(), 0);
  EXPECT_EQ(*number::make(true, 0, 55), number());
  EXPECT_FALSE(number::make(false, 1, 126));
  EXPECT_TRUE(number::make(false, 10, 124));
}

TEST(Number, KnowsItsOwnTextsAndNoOthers) {
  dice roll(1);
  const auto agree = [](const std::string& text) {
    const auto parsed = number::parse(text);
    EXPECT_EQ(is_canonical_number(text), parsed && parsed->text() == text) << text;
  };
  constexpr std::string_view characters = "00011259.-+e ";
  for (int i = 0; i < 200'000; ++i) {
    const std::string as_written = test::number_text(roll);
    agree(as_written);
    std::string text = canonical(as_written);
    EXPECT_TRUE(is_canonical_number(text)) << text;
    text[roll.below(text.size())] = characters[roll.below(characters.size())];
    agree(text);
    text.insert(roll.below(text.size() + 1), 1, characters[roll.below(characters.size())]);
    agree(text);
  }
  for (const char* text :
       {"", "-", ".", "-0", "0.", "1.", "00", "01", "-01", "0.0", "1.0", "+1", ".5", "1e5"})
    agree(text);
}

TEST(Number, AMillionEncodingsSortAsTheNumbersDo) {
  dice roll(2);
  struct sample {
    std::string key;
    std::string text;
  };
  std::vector<sample> all(1'000'000);
  for (sample& one : all) {
    // Few leading digits and magnitudes, so that neighbours differ late.
    const int digits = roll.chance(10) ? 38 : roll.between(1, 5);
    uint128 coefficient = 1 + roll.below(3);
    for (int i = 1; i < digits; ++i)
      coefficient = coefficient * 10 + (roll.chance(60) ? 0 : roll.below(10));
    const int magnitude = roll.chance(80) ? roll.between(-2, 2) : roll.between(-130, 125);
    const auto made = number::make(roll.chance(50), roll.chance(1) ? 0 : coefficient, magnitude - digits + 1);
    ASSERT_TRUE(made) << made.why().message;
    one = {encoded(*made), made->text()};
  }
  std::sort(all.begin(), all.end(), [](const sample& a, const sample& b) { return a.key < b.key; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const sample &low = all[i - 1], &high = all[i];
    const int order = compare_texts(low.text, high.text);
    ASSERT_TRUE(low.key == high.key ? low.text == high.text : order < 0) << low.text << " and " << high.text;
    ASSERT_TRUE(low.key == high.key || !high.key.starts_with(low.key)) << low.text << " and " << high.text;
  }
}

TEST(Number, ComparesAsItsTextDoes) {
  dice roll(3);
  for (int i = 0; i < 300'000; ++i) {
    const auto a = number::parse(test::number_text(roll)), b = number::parse(test::number_text(roll));
    ASSERT_TRUE(a && b);
    const int order = compare_texts(a->text(), b->text());
    const auto sign = order <=> 0;
    ASSERT_TRUE((*a <=> *b) == sign) << a->text() << " and " << b->text();
    ASSERT_EQ(*a == *b, order == 0);
    ASSERT_EQ(encoded(*a) < encoded(*b), order < 0) << a->text() << " and " << b->text();
  }
}

TEST(Number, ComesBackFromItsEncodingAndItsText) {
  dice roll(4);
  for (int i = 0; i < 200'000; ++i) {
    const auto value = number::parse(test::number_text(roll));
    ASSERT_TRUE(value);
    std::string bytes = encoded(*value);
    ASSERT_LE(bytes.size(), number::max_encoded_bytes);
    bytes += "and more";
    std::string_view rest = bytes;
    ASSERT_EQ(number::decode(rest), *value);
    ASSERT_EQ(rest, "and more");
    ASSERT_EQ(*number::parse(value->text()), *value);
  }
}

TEST(Number, DecodesNothingButEncodings) {
  dice roll(5);
  int accepted = 0;
  for (int i = 0; i < 500'000; ++i) {
    std::string bytes(1, "\x40\x80\xC0\x11"[roll.below(4)]);
    for (int left = roll.between(0, 24); left > 0; --left)
      bytes += static_cast<char>(roll.chance(30) ? roll.below(256) : 2 * roll.below(100) + roll.chance(70));
    std::string_view rest = bytes;
    if (const auto value = number::decode(rest)) {
      ++accepted;
      ASSERT_EQ(encoded(*value) + std::string(rest), bytes);
      ASSERT_EQ(number::parse(value->text())->text(), value->text());
    } else {
      ASSERT_EQ(rest, bytes) << "a refusal takes nothing";
    }
  }
  EXPECT_GT(accepted, 10'000);
  const std::string whole = encoded(*number::parse("-123.456"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    std::string_view cut = std::string_view(whole).substr(0, length);
    EXPECT_FALSE(number::decode(cut)) << length;
  }
}

TEST(Number, SizeCountsPairsOfSignificantDigits) {
  EXPECT_EQ(number_size("0"), 1u);
  EXPECT_EQ(number_size("5"), 2u);
  EXPECT_EQ(number_size("12"), 2u);
  EXPECT_EQ(number_size("123"), 3u);
  EXPECT_EQ(number_size("-123"), 4u);
  EXPECT_EQ(number_size("1000000"), 2u);
  EXPECT_EQ(number_size("0.0001"), 2u);
  EXPECT_EQ(number_size("10.5"), 3u);
  EXPECT_EQ(number_size("99999999999999999999999999999999999999"), 20u);
}

} // namespace
} // namespace troupe::item
