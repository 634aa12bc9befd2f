#include "actors/core/expression/sets.h"
#include "actors/core/item/number.h"
#include <algorithm>
#include <string>
#include <vector>

namespace troupe::expression {
namespace {

using strings = google::protobuf::RepeatedPtrField<std::string>;

// Members are merged in their order, so that large sets cost no more than their length.
struct member {
  const std::string* text;
  item::number number; // of number sets
};

std::vector<member> members_of(const strings& texts, bool numbers) {
  std::vector<member> out;
  out.reserve(static_cast<std::size_t>(texts.size()));
  for (const std::string& text : texts) {
    out.push_back({&text, {}});
    if (numbers)
      if (const auto parsed = item::number::parse(text))
        out.back().number = *parsed;
  }
  return out;
}

void merge(const strings& a, const strings& b, strings& to, bool numbers, bool join) {
  const auto less = [numbers](const member& x, const member& y) {
    return numbers ? x.number < y.number : *x.text < *y.text;
  };
  const auto mine = members_of(a, numbers), others = members_of(b, numbers);
  std::vector<member> merged;
  if (join)
    std::set_union(mine.begin(), mine.end(), others.begin(), others.end(), std::back_inserter(merged), less);
  else
    std::set_difference(mine.begin(), mine.end(), others.begin(), others.end(), std::back_inserter(merged),
                        less);
  to.Reserve(static_cast<int>(merged.size()));
  for (const member& next : merged)
    *to.Add() = *next.text;
}

msg::Value combine(const msg::Value& a, const msg::Value& b, bool join) {
  msg::Value out;
  if (a.has_ss())
    merge(a.ss().values(), b.ss().values(), *out.mutable_ss()->mutable_values(), false, join);
  else if (a.has_ns())
    merge(a.ns().values(), b.ns().values(), *out.mutable_ns()->mutable_values(), true, join);
  else
    merge(a.bs().values(), b.bs().values(), *out.mutable_bs()->mutable_values(), false, join);
  return out;
}

} // namespace

msg::Value set_union(const msg::Value& a, const msg::Value& b) {
  return combine(a, b, true);
}
msg::Value set_difference(const msg::Value& a, const msg::Value& b) {
  return combine(a, b, false);
}

bool is_empty_set(const msg::Value& value) {
  return value.ss().values_size() + value.ns().values_size() + value.bs().values_size() == 0;
}

} // namespace troupe::expression
