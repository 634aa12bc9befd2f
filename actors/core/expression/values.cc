#include "actors/core/expression/values.h"
#include "actors/core/item/json.h"
#include "actors/core/item/number.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::expression {
namespace {

using kind = msg::Value::KindCase;

template <class Set>
bool has_member(const Set& set, const std::string& member) {
  return std::find(set.values().begin(), set.values().end(), member) != set.values().end();
}

// Units of UTF-16: one for each character, two for those that take four bytes of UTF-8.
std::int64_t utf16_length(const std::string& text) {
  std::int64_t out = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte & 0xC0) != 0x80;
    out += byte >= 0xF0;
  }
  return out;
}

} // namespace

std::partial_ordering compare(const msg::Value& a, const msg::Value& b) {
  if (a.kind_case() != b.kind_case())
    return std::partial_ordering::unordered;
  switch (a.kind_case()) {
  case kind::kS:
    return a.s().compare(b.s()) <=> 0;
  case kind::kB:
    return a.b().compare(b.b()) <=> 0;
  case kind::kN: {
    const auto x = item::number::parse(a.n()), y = item::number::parse(b.n());
    if (!x || !y)
      return std::partial_ordering::unordered;
    return *x <=> *y;
  }
  default:
    return std::partial_ordering::unordered;
  }
}

bool begins_with(const msg::Value& value, const msg::Value& prefix) {
  if (value.kind_case() != prefix.kind_case())
    return false;
  if (value.has_s())
    return value.s().starts_with(prefix.s());
  return value.has_b() && value.b().starts_with(prefix.b());
}

bool contains(const msg::Value& value, const msg::Value& part) {
  switch (value.kind_case()) {
  case kind::kS:
    return part.has_s() && value.s().find(part.s()) != std::string::npos;
  case kind::kB:
    return part.has_b() && value.b().find(part.b()) != std::string::npos;
  case kind::kSs:
    return part.has_s() && has_member(value.ss(), part.s());
  case kind::kNs: // canonical: equal numbers have equal texts
    return part.has_n() && has_member(value.ns(), part.n());
  case kind::kBs:
    return part.has_b() && has_member(value.bs(), part.b());
  case kind::kL:
    return std::any_of(value.l().values().begin(), value.l().values().end(),
                       [&](const msg::Value& element) { return item::equal(element, part); });
  default:
    return false;
  }
}

std::optional<std::int64_t> size_of(const msg::Value& value) {
  switch (value.kind_case()) {
  case kind::kS:
    return utf16_length(value.s());
  case kind::kB:
    return static_cast<std::int64_t>(value.b().size());
  case kind::kSs:
    return value.ss().values_size();
  case kind::kNs:
    return value.ns().values_size();
  case kind::kBs:
    return value.bs().values_size();
  case kind::kL:
    return value.l().values_size();
  case kind::kM:
    return value.m().attributes_size();
  default:
    return {};
  }
}

std::string quoted(const msg::Value& value) {
  if (value.has_s())
    return "{S:" + value.s() + "}";
  if (value.has_n())
    return "{N:" + value.n() + "}";
  if (value.has_b()) {
    const std::string bytes = std::to_string(value.b().size());
    return "{B:java.nio.HeapByteBuffer[pos=0 lim=" + bytes + " cap=" + bytes + "]}";
  }
  return item::write_json(value);
}

bool is_set(const msg::Value& value) {
  return value.has_ss() || value.has_ns() || value.has_bs();
}

} // namespace troupe::expression
