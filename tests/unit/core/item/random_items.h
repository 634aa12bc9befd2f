// Random numbers, values and items from a seed, for tests that hold a property over many cases. They lean
// towards what breaks things: zero bytes, shared prefixes, equal members, the ends of every range.
#pragma once
#include "messages/item.pb.h"
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::item::test {

class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { // SplitMix64
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::uint64_t>(high - low + 1)));
  }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

private:
  std::uint64_t state_;
};

// A number within DynamoDB's range, in scientific notation and often not in its shortest form.
inline std::string number_text(dice& roll) {
  if (roll.chance(3))
    return roll.chance(50) ? "-0.00" : "0e7";
  const int digits = roll.chance(20) ? 38 : roll.between(1, 12);
  std::string text = roll.chance(50) ? "-" : roll.chance(10) ? "+" : "";
  if (roll.chance(10))
    text += "00";
  text += static_cast<char>('1' + roll.below(9));
  if (digits > 1)
    text += '.';
  for (int i = 1; i < digits; ++i)
    text += static_cast<char>('0' + (roll.chance(20) ? 0 : roll.below(10)));
  const int magnitude = roll.chance(10)   ? (roll.chance(50) ? -130 : 125)
                        : roll.chance(50) ? roll.between(-130, 125)
                                          : roll.between(-3, 6);
  return text + (roll.chance(50) ? "e" : "E") + (magnitude >= 0 && roll.chance(50) ? "+" : "") +
         std::to_string(magnitude);
}

// Bytes from a small alphabet, so that prefixes and equals are common.
inline std::string bytes(dice& roll, int longest) {
  static constexpr std::string_view alphabet("\x00\x01\x02\x61\x7F\x80\xFE\xFF", 8);
  std::string out;
  for (int left = roll.between(0, longest); left > 0; --left)
    out += alphabet[roll.below(alphabet.size())];
  return out;
}

inline std::string text(dice& roll, int longest) {
  static const std::vector<std::string> alphabet = {
      std::string(1, '\0'), "\x01", "a",  "b",  "\"", "\\", "\x7F",
      "\xC2\x85",           "é",    "\n", "漢", "😀",  "/",  "\xEF\xBF\xBD"};
  std::string out;
  for (int left = roll.between(0, longest); left > 0; --left)
    out += alphabet[roll.below(alphabet.size())];
  return out;
}

inline void fill_map(dice& roll, int levels, msg::AttributeMap& out);

// A valid value; numbers not canonical, sets in any order.
inline void fill_value(dice& roll, int levels, msg::Value& out) {
  switch (roll.below(levels > 0 ? 10 : 8)) {
  case 0:
    out.set_s(text(roll, 6));
    break;
  case 1:
    out.set_n(number_text(roll));
    break;
  case 2:
    out.set_b(bytes(roll, 6));
    break;
  case 3:
    out.set_bool_(roll.chance(50));
    break;
  case 4:
    out.set_null(true);
    break;
  case 5:
    for (int i = roll.between(1, 4); i > 0; --i)
      out.mutable_ss()->add_values(std::to_string(i) + text(roll, 2));
    break;
  case 6: // distinct by their leading digits
    for (int i = roll.between(1, 4); i > 0; --i)
      out.mutable_ns()->add_values((roll.chance(50) ? "-" : "") + std::to_string(i) + "." +
                                   std::to_string(roll.below(100)) + "0");
    break;
  case 7:
    for (int i = roll.between(1, 4); i > 0; --i)
      out.mutable_bs()->add_values(static_cast<char>(i) + bytes(roll, 2));
    break;
  case 8:
    fill_map(roll, levels - 1, *out.mutable_m());
    break;
  case 9:
    out.mutable_l();
    for (int i = roll.between(0, 3); i > 0; --i)
      fill_value(roll, levels - 1, *out.mutable_l()->add_values());
    break;
  }
}

inline void fill_map(dice& roll, int levels, msg::AttributeMap& out) {
  for (int i = roll.between(0, 5); i > 0; --i) {
    msg::Attribute* attribute = out.add_attributes();
    attribute->set_name(text(roll, 2) + static_cast<char>('a' + i));
    fill_value(roll, levels, *attribute->mutable_value());
  }
}

inline msg::AttributeMap random_item(dice& roll, int levels = 3) {
  msg::AttributeMap out;
  fill_map(roll, levels, out);
  return out;
}

// The same item with attributes and set members in another order.
inline void shuffle(dice& roll, msg::AttributeMap& item);
inline void shuffle(dice& roll, msg::Value& value) {
  const auto mix = [&](auto& members) {
    for (int i = members.size() - 1; i > 0; --i)
      members.SwapElements(i, static_cast<int>(roll.below(static_cast<std::uint64_t>(i + 1))));
  };
  if (value.has_m())
    shuffle(roll, *value.mutable_m());
  if (value.has_l())
    for (msg::Value& element : *value.mutable_l()->mutable_values())
      shuffle(roll, element);
  if (value.has_ss())
    mix(*value.mutable_ss()->mutable_values());
  if (value.has_ns())
    mix(*value.mutable_ns()->mutable_values());
  if (value.has_bs())
    mix(*value.mutable_bs()->mutable_values());
}
inline void shuffle(dice& roll, msg::AttributeMap& item) {
  auto& all = *item.mutable_attributes();
  for (msg::Attribute& attribute : all)
    shuffle(roll, *attribute.mutable_value());
  for (int i = all.size() - 1; i > 0; --i)
    all.SwapElements(i, static_cast<int>(roll.below(static_cast<std::uint64_t>(i + 1))));
}

} // namespace troupe::item::test
