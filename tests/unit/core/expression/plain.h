// Values and items in the plainest form, for a reference evaluator that shares nothing with the code under
// test: numbers are strings of digits, sets are std::sets, and everything is copied.
#pragma once
#include "messages/item.pb.h"
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::expression::test {

// A canonical number as 300 digits, half of them behind the point, that sorts as numbers do.
struct plain_number {
  explicit plain_number(std::string text) {
    negative = text[0] == '-';
    text.erase(0, negative);
    const auto point = std::min(text.find('.'), text.size());
    const std::string whole = text.substr(0, point), fraction = text.substr(std::min(point + 1, text.size()));
    digits =
        std::string(150 - whole.size(), '0') + whole + fraction + std::string(150 - fraction.size(), '0');
  }
  bool operator<(const plain_number& other) const {
    if (negative != other.negative)
      return negative;
    return negative ? other.digits < digits : digits < other.digits;
  }
  bool negative;
  std::string digits;
};

struct plain {
  std::string type; // "S", "N", ...
  std::string text; // of S, N, B, BOOL
  std::map<std::string, plain> map;
  std::vector<plain> list;
  std::set<std::string> set;

  bool operator==(const plain& other) const {
    return type == other.type && text == other.text && map == other.map && list == other.list &&
           set == other.set;
  }
};
using plain_item = std::map<std::string, plain>;

inline plain_item plain_of(const msg::AttributeMap& map);

inline plain plain_of(const msg::Value& value) {
  plain out;
  if (value.has_s())
    out = {"S", value.s(), {}, {}, {}};
  if (value.has_n())
    out = {"N", value.n(), {}, {}, {}};
  if (value.has_b())
    out = {"B", value.b(), {}, {}, {}};
  if (value.has_bool_())
    out = {"BOOL", value.bool_() ? "true" : "false", {}, {}, {}};
  if (value.has_null())
    out.type = "NULL";
  if (value.has_m())
    out = {"M", "", plain_of(value.m()), {}, {}};
  if (value.has_l()) {
    out.type = "L";
    for (const msg::Value& element : value.l().values())
      out.list.push_back(plain_of(element));
  }
  const auto members = [&](const char* type, const auto& set) {
    out = {type, "", {}, {}, {set.values().begin(), set.values().end()}};
  };
  if (value.has_ss())
    members("SS", value.ss());
  if (value.has_ns())
    members("NS", value.ns());
  if (value.has_bs())
    members("BS", value.bs());
  return out;
}

inline plain_item plain_of(const msg::AttributeMap& map) {
  plain_item out;
  for (const msg::Attribute& attribute : map.attributes())
    out[attribute.name()] = plain_of(attribute.value());
  return out;
}

using plain_value = std::optional<plain>;

// -1, 0, 1, or nothing when there is no order.
inline std::optional<int> plain_order(const plain_value& a, const plain_value& b) {
  if (!a || !b || a->type != b->type)
    return {};
  if (a->type == "N") {
    const plain_number x(a->text), y(b->text);
    return x < y ? -1 : y < x ? 1 : 0;
  }
  if (a->type != "S" && a->type != "B")
    return {};
  for (std::size_t i = 0; i < a->text.size() && i < b->text.size(); ++i)
    if (a->text[i] != b->text[i])
      return static_cast<unsigned char>(a->text[i]) < static_cast<unsigned char>(b->text[i]) ? -1 : 1;
  return a->text.size() < b->text.size() ? -1 : a->text.size() > b->text.size() ? 1 : 0;
}

} // namespace troupe::expression::test
