// Adding and subtracting, against schoolbook addition on digits that shares nothing with the code under test.
#include "actors/core/item/number.h"
#include "random_items.h"
#include <gtest/gtest.h>

namespace troupe::item {
namespace {

using test::dice;

number of(std::string_view text) {
  auto parsed = number::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.why().message);
  return parsed ? *parsed : number();
}
std::string sum(std::string_view a, std::string_view b) {
  const auto out = number::add(of(a), of(b));
  return out ? out->text() : out.why().message;
}

const std::string overflow =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";
const std::string underflow =
    "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const std::string nines(38, '9');

// A number as 400 digits, of which the last 200 lie behind the point.
constexpr int behind = 200, places = 400;
std::string digits_of(std::string_view text) {
  text.remove_prefix(text[0] == '-');
  const auto point = std::min(text.find('.'), text.size());
  const std::string fraction(point < text.size() ? text.substr(point + 1) : "");
  std::string out(static_cast<std::size_t>(places - behind) - point, '0');
  out += text.substr(0, point);
  out += fraction;
  return out + std::string(static_cast<std::size_t>(places) - out.size(), '0');
}
std::string text_of(const std::string& digits, bool negative) {
  std::string whole = digits.substr(0, places - behind), fraction = digits.substr(places - behind);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  const std::string out = whole + (fraction.empty() ? "" : "." + fraction);
  return (negative && out != "0" ? "-" : "") + out;
}
std::string schoolbook(const std::string& a, const std::string& b) {
  const bool a_below = a[0] == '-', b_below = b[0] == '-';
  std::string x = digits_of(a), y = digits_of(b);
  bool negative = a_below;
  if (a_below != b_below && x < y) {
    std::swap(x, y);
    negative = b_below;
  }
  int carry = 0;
  for (std::size_t i = places; i-- > 0;) {
    int digit = (x[i] - '0') + (a_below == b_below ? 1 : -1) * (y[i] - '0') + carry;
    carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
    digit -= 10 * carry;
    x[i] = static_cast<char>('0' + digit);
  }
  return text_of(x, negative);
}

TEST(NumberSum, IsExact) {
  EXPECT_EQ(sum("0.1", "0.2"), "0.3");
  EXPECT_EQ(sum("5", "-5"), "0");
  EXPECT_EQ(sum("0", "-7.5"), "-7.5");
  EXPECT_EQ(sum("-1", "0.001"), "-0.999");
  EXPECT_EQ(sum("1e125", "-1e125"), "0");
  EXPECT_EQ(sum(nines, "1"), "1" + std::string(38, '0'));
  EXPECT_EQ(sum("1e38", "-1"), nines) << "39 digits become 38";
  EXPECT_EQ(sum("5e37", "5e37"), "1" + std::string(38, '0'));
  EXPECT_EQ(sum("-" + nines + "e87", "1e87"), "-" + nines.substr(1) + "8" + std::string(87, '0'));
}

TEST(NumberSum, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(sum("9e125", "9e125"), overflow);
  EXPECT_EQ(sum("-9e125", "-9e125"), overflow);
  EXPECT_EQ(sum("9e125", "9e124"), "99" + std::string(124, '0'));
  EXPECT_EQ(sum("1e50", "1"), overflow) << "51 digits: DynamoDB's words for that, too";
  EXPECT_EQ(sum("1e50", "-1"), overflow);
  EXPECT_EQ(sum("2e38", "-1"), overflow);
  EXPECT_EQ(sum(nines, "0.1"), overflow);
  EXPECT_EQ(sum(nines, "2"), overflow);
  EXPECT_EQ(sum("1e125", "1e-130"), overflow);
  EXPECT_EQ(sum("1.5e-130", "-1e-130"), underflow);
}

TEST(NumberSum, IsThatOfSchoolbookAddition) {
  dice roll(20261123);
  int refused = 0;
  for (int i = 0; i < 200'000; ++i) {
    const number a = of(test::number_text(roll));
    number b = of(test::number_text(roll));
    if (roll.chance(60)) { // near to each other, where sums fit
      const auto moved = number::make(b.negative(), b.coefficient(),
                                      std::clamp(a.exponent() + roll.between(-20, 20), -130, 85));
      if (moved)
        b = *moved;
    }
    const std::string expected = schoolbook(a.text(), b.text());
    const auto parsed = number::parse(expected);
    const auto added = number::add(a, b);
    ASSERT_EQ(bool(added), bool(parsed)) << a.text() << " + " << b.text() << " = " << expected;
    if (added)
      ASSERT_EQ(added->text(), expected) << a.text() << " + " << b.text();
    else
      ++refused;
    ASSERT_EQ(number::add(a, a.negated())->text(), "0");
  }
  EXPECT_GT(refused, 1'000);
  EXPECT_LT(refused, 150'000) << "most cases ought to be about sums";
}

} // namespace
} // namespace troupe::item
