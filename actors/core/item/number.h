// DynamoDB's numbers: decimal, exact, up to 38 significant digits, which no machine type holds.
//
// A number is zero, or has a magnitude from 1E-130 to 9.9999999999999999999999999999999999999E+125, of either
// sign (Developer Guide, "Data types: Number"). It is kept as coefficient x 10^exponent with a coefficient of
// at most 38 digits, which fits 127 bits: comparing, and later adding and subtracting, are integer
// operations.
//
// Thread: values, share them as you like. Errors: parse() refuses with DynamoDB's texts.
#pragma once
#include "actors/core/item/result.h"
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::item {

__extension__ typedef unsigned __int128 uint128;

class number {
public:
  static constexpr int max_digits = 38;
  static constexpr int max_magnitude = 125; // power of ten of the leading digit
  static constexpr int min_magnitude = -130;
  static constexpr std::size_t max_encoded_bytes = 21;

  number() = default; // zero

  // Digits with an optional sign, point and exponent: "5", "+5", "-0.001", "007", ".5", "5.", "1e3", "1E-3".
  // Nothing else: no blanks, no hexadecimal, no infinities.
  static result<number> parse(std::string_view text);

  // From +-coefficient x 10^exponent. Trailing zeros may be there; refused as parse() refuses.
  static result<number> make(bool negative, uint128 coefficient, int exponent);

  // The exact sum. Refused when the magnitude is out of range and, in DynamoDB's words for too large a
  // magnitude, when it takes more than 38 digits.
  static result<number> add(const number& a, const number& b);

  number negated() const;

  // The text DynamoDB returns: no exponent, no leading or trailing zeros, "0" for any zero. At most 168
  // bytes.
  std::string text() const;

  bool is_zero() const { return coefficient_ == 0; }
  bool negative() const { return negative_; }
  // Value = +-coefficient x 10^exponent. The coefficient does not end in zero unless it is zero.
  uint128 coefficient() const { return coefficient_; }
  int exponent() const { return exponent_; }
  int digits() const;    // significant ones; 0 for zero
  int magnitude() const; // power of ten of the leading digit; only when not zero

  std::strong_ordering operator<=>(const number& other) const;
  bool operator==(const number& other) const = default;

  // Appends 1 to 21 bytes. memcmp orders encodings as the numbers, and no encoding is the prefix of another,
  // so that anything may follow (docs/formats-keys.md).
  void encode(std::string& out) const;
  // Takes one encoding off the front of `bytes`. Nothing, and `bytes` as it was, when it is not one that
  // encode() makes.
  static std::optional<number> decode(std::string_view& bytes);

private:
  uint128 coefficient_ = 0;
  std::int16_t exponent_ = 0; // 0 for zero
  bool negative_ = false;     // false for zero
};

// True for exactly the texts that number::text() makes. Much cheaper than parsing.
bool is_canonical_number(std::string_view text);

// Bytes of a number by DynamoDB's size rule: one for each two digits, one more, one more when negative.
std::size_t number_size(std::string_view canonical_text);

} // namespace troupe::item
