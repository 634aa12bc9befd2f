#include "actors/core/item/number.h"
#include "actors/core/item/texts.h"
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace troupe::item {
namespace {

constexpr auto powers = [] {
  std::array<uint128, number::max_digits + 1> out{};
  out[0] = 1;
  for (std::size_t i = 1; i < out.size(); ++i)
    out[i] = out[i - 1] * 10;
  return out;
}();
constexpr std::uint64_t ten_to_19 = 10'000'000'000'000'000'000ull;

int count_digits(uint128 value) {
  return static_cast<int>(std::upper_bound(powers.begin(), powers.end(), value) - powers.begin());
}

// The digits of a value below 10^38, without leading zeros. Division by 128 bits is slow, so at most one.
class digit_text {
public:
  explicit digit_text(uint128 value) {
    end_ = buffer_.data();
    if (value > std::numeric_limits<std::uint64_t>::max()) {
      append(static_cast<std::uint64_t>(value / ten_to_19));
      const auto low = static_cast<std::uint64_t>(value % ten_to_19);
      const int padding = 19 - count_digits(low);
      end_ = std::fill_n(end_, low == 0 ? 18 : padding, '0');
      append(low);
    } else {
      append(static_cast<std::uint64_t>(value));
    }
  }
  std::string_view view() const { return {buffer_.data(), static_cast<std::size_t>(end_ - buffer_.data())}; }

private:
  void append(std::uint64_t value) { end_ = std::to_chars(end_, buffer_.data() + buffer_.size(), value).ptr; }

  std::array<char, 40> buffer_;
  char* end_;
};

refusal not_a_number(std::string_view text) {
  std::string message = "The parameter cannot be converted to a numeric value";
  if (!text.empty())
    message += ": " + texts::clip(text);
  return {std::move(message)};
}

const std::string overflow =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";

verdict check_range(std::int64_t digits, std::int64_t magnitude) {
  if (magnitude > number::max_magnitude)
    return refusal{overflow};
  if (magnitude < number::min_magnitude)
    return refusal{
        "Number underflow. Attempting to store a number with magnitude smaller than supported range"};
  if (digits > number::max_digits)
    return refusal{"Attempting to store more than 38 significant digits in a Number"};
  return {};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The text after "e": an optional sign and digits that fit 32 bits.
std::optional<std::int64_t> read_exponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty())
    return {};
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c))
      return {};
    value = value * 10 + (c - '0');
    if (value > std::numeric_limits<std::int32_t>::max())
      return {};
  }
  return negative ? -value : value;
}

} // namespace

result<number> number::parse(std::string_view text) {
  const std::string_view whole = text;
  number out;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    out.negative_ = text[0] == '-';
    text.remove_prefix(1);
  }

  // Zeros are held back until a digit follows that makes them significant.
  std::int64_t digits = 0, zeros = 0, fraction = 0;
  bool any = false, point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(c))
      break;
    any = true;
    fraction += point;
    if (c == '0') {
      zeros += digits > 0;
      continue;
    }
    digits += zeros + 1;
    if (digits <= max_digits)
      out.coefficient_ = out.coefficient_ * powers[zeros + 1] + static_cast<unsigned>(c - '0');
    zeros = 0;
  }
  if (!any)
    return not_a_number(whole);

  std::int64_t exponent = zeros - fraction;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E')
      return not_a_number(whole);
    const auto power = read_exponent(text.substr(at + 1));
    if (!power)
      return not_a_number(whole);
    exponent += *power;
  }
  if (digits == 0)
    return number{};
  if (auto bad = check_range(digits, digits - 1 + exponent))
    return *bad;
  out.exponent_ = static_cast<std::int16_t>(exponent);
  return out;
}

result<number> number::make(bool negative, uint128 coefficient, int exponent) {
  if (coefficient == 0)
    return number{};
  std::int64_t power = exponent;
  while (coefficient % 10 == 0) {
    coefficient /= 10;
    ++power;
  }
  const int digits = count_digits(coefficient);
  if (auto bad = check_range(digits, digits - 1 + power))
    return *bad;
  number out;
  out.coefficient_ = coefficient;
  out.exponent_ = static_cast<std::int16_t>(power);
  out.negative_ = negative;
  return out;
}

number number::negated() const {
  number out = *this;
  out.negative_ = !is_zero() && !negative_;
  return out;
}

result<number> number::add(const number& a, const number& b) {
  if (a.is_zero() || b.is_zero())
    return a.is_zero() ? b : a;
  const number& high = a.exponent_ >= b.exponent_ ? a : b;
  const number& low = &high == &a ? b : a;

  // The last digit of `low` is not zero and stays the last one of the sum, so the sum has as many digits as
  // lie between it and the leading one. 39 can become 38 only by taking away from 1 and 38 more: below 2 x
  // 10^38, which fits, as does the sum of two such numbers.
  const int shift = high.exponent_ - low.exponent_;
  const int width = high.digits() + shift;
  const bool may_fit =
      width <= max_digits || (width == max_digits + 1 && high.coefficient_ < 2 * powers[high.digits() - 1]);
  if (shift > max_digits || !may_fit)
    return refusal{overflow};
  const uint128 aligned = high.coefficient_ * powers[shift];
  uint128 sum;
  bool negative = high.negative_;
  if (high.negative_ == low.negative_) {
    sum = aligned + low.coefficient_;
  } else if (aligned >= low.coefficient_) {
    sum = aligned - low.coefficient_;
  } else {
    sum = low.coefficient_ - aligned;
    negative = low.negative_;
  }
  int exponent = low.exponent_;
  for (; sum != 0 && sum % 10 == 0; ++exponent)
    sum /= 10;
  if (count_digits(sum) > max_digits)
    return refusal{overflow};
  return make(negative, sum, exponent);
}

int number::digits() const {
  return count_digits(coefficient_);
}
int number::magnitude() const {
  return digits() - 1 + exponent_;
}

std::string number::text() const {
  if (is_zero())
    return "0";
  const digit_text made(coefficient_);
  const std::string_view all = made.view();
  const int before = static_cast<int>(all.size()) + exponent_; // digits before the point
  std::string out;
  if (negative_)
    out += '-';
  if (exponent_ >= 0) {
    out += all;
    out.append(static_cast<std::size_t>(exponent_), '0');
  } else if (before > 0) {
    out += all.substr(0, static_cast<std::size_t>(before));
    out += '.';
    out += all.substr(static_cast<std::size_t>(before));
  } else {
    out += "0.";
    out.append(static_cast<std::size_t>(-before), '0');
    out += all;
  }
  return out;
}

std::strong_ordering number::operator<=>(const number& other) const {
  if (negative_ != other.negative_)
    return negative_ ? std::strong_ordering::less : std::strong_ordering::greater;
  if (is_zero() || other.is_zero()) { // and neither is negative
    return other.is_zero() <=> is_zero();
  }
  const auto size = [&] {
    const int mine = digits(), theirs = other.digits();
    if (const auto by_magnitude = mine + exponent_ <=> theirs + other.exponent_; by_magnitude != 0)
      return by_magnitude;
    return coefficient_ * powers[max_digits - mine] <=> other.coefficient_ * powers[max_digits - theirs];
  }();
  return negative_ ? 0 <=> size : size;
}

bool is_canonical_number(std::string_view text) {
  if (text == "0")
    return true;
  if (!text.empty() && text[0] == '-')
    text.remove_prefix(1);
  std::size_t whole = 0;
  while (whole < text.size() && is_digit(text[whole]))
    ++whole;
  if (whole == 0 || (text[0] == '0' && whole > 1))
    return false;

  if (whole == text.size()) {
    if (text[0] == '0' || whole > number::max_magnitude + 1)
      return false;
    if (whole <= number::max_digits)
      return true;
    return text.find_last_not_of('0') < number::max_digits;
  }
  const std::string_view fraction = text.substr(whole + 1);
  if (text[whole] != '.' || fraction.empty() || fraction.back() == '0' ||
      !std::all_of(fraction.begin(), fraction.end(), is_digit))
    return false;
  if (text[0] != '0')
    return whole + fraction.size() <= number::max_digits;
  const std::size_t zeros = fraction.find_first_not_of('0');
  return fraction.size() - zeros <= number::max_digits && zeros < -number::min_magnitude;
}

std::size_t number_size(std::string_view text) {
  const std::size_t first = text.find_first_of("123456789");
  if (first == std::string_view::npos)
    return 1;
  const std::size_t last = text.find_last_of("123456789");
  const std::size_t point = text.find('.');
  const std::size_t digits = last - first + 1 - (point > first && point < last);
  return (digits + 1) / 2 + 1 + (text[0] == '-');
}

// Encoding. The first byte is the sign. Then, unless zero, the magnitude + 130 and the digits in pairs from
// the leading one: 2 x pair + 1 for all but the last, 2 x pair for the last, so that the end sorts before any
// continuation. A negative number has all bytes after its sign inverted.
namespace {
constexpr unsigned char below_zero = 0x40, zero = 0x80, above_zero = 0xC0;
} // namespace

void number::encode(std::string& out) const {
  if (is_zero()) {
    out += static_cast<char>(zero);
    return;
  }
  const digit_text made(coefficient_);
  const std::string_view all = made.view();
  const unsigned char flip = negative_ ? 0xFF : 0;
  const auto put = [&](unsigned byte) { out += static_cast<char>(static_cast<unsigned char>(byte) ^ flip); };
  out += static_cast<char>(negative_ ? below_zero : above_zero);
  put(static_cast<unsigned>(static_cast<int>(all.size()) - 1 + exponent_ - min_magnitude));
  for (std::size_t i = 0; i < all.size(); i += 2) {
    const unsigned tens = static_cast<unsigned>(all[i] - '0');
    const unsigned ones = i + 1 < all.size() ? static_cast<unsigned>(all[i + 1] - '0') : 0;
    put(2 * (10 * tens + ones) + (i + 2 < all.size()));
  }
}

std::optional<number> number::decode(std::string_view& bytes) {
  if (bytes.empty())
    return {};
  const auto sign = static_cast<unsigned char>(bytes[0]);
  if (sign == zero) {
    bytes.remove_prefix(1);
    return number{};
  }
  if (sign != below_zero && sign != above_zero)
    return {};
  const unsigned char flip = sign == below_zero ? 0xFF : 0;
  const auto get = [&](std::size_t i) -> unsigned { return static_cast<unsigned char>(bytes[i]) ^ flip; };

  constexpr std::size_t most = 2 + max_digits / 2;
  number out;
  out.negative_ = sign == below_zero;
  int digits = 0;
  for (std::size_t i = 2; i < bytes.size() && i < most; ++i) {
    const unsigned byte = get(i), pair = byte / 2;
    if (pair > 99 || (i == 2 && pair < 10))
      return {};
    out.coefficient_ = out.coefficient_ * 100 + pair;
    digits += 2;
    if (byte & 1)
      continue;
    if (pair == 0)
      return {}; // encode() writes no trailing zeros
    if (pair % 10 == 0) {
      out.coefficient_ /= 10;
      --digits;
    }
    out.exponent_ = static_cast<std::int16_t>(static_cast<int>(get(1)) + min_magnitude - digits + 1);
    bytes.remove_prefix(i + 1);
    return out;
  }
  return {};
}

} // namespace troupe::item
