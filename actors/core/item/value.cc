#include "actors/core/item/value.h"
#include "actors/core/item/canonical.h"
#include "actors/core/item/number.h"
#include "actors/core/item/texts.h"
#include "config/limits.h"
#include <algorithm>
#include <google/protobuf/io/coded_stream.h>
#include <vector>

namespace troupe::item {
namespace {

using kind = msg::Value::KindCase;
using strings = google::protobuf::RepeatedPtrField<std::string>;

bool equal_numbers(const std::string& a, const std::string& b) {
  if (a == b)
    return true;
  if (is_canonical_number(a) && is_canonical_number(b))
    return false;
  auto x = number::parse(a), y = number::parse(b);
  return x && y && *x == *y;
}

bool equal_sets(const strings& a, const strings& b) {
  if (a.size() != b.size())
    return false;
  if (std::equal(a.begin(), a.end(), b.begin()))
    return true;
  std::vector<std::string_view> mine(a.begin(), a.end()), theirs(b.begin(), b.end());
  std::sort(mine.begin(), mine.end());
  std::sort(theirs.begin(), theirs.end());
  return mine == theirs;
}

bool equal_number_sets(const strings& a, const strings& b) {
  if (a.size() != b.size())
    return false;
  if (std::equal(a.begin(), a.end(), b.begin()))
    return true;
  const auto read = [](const strings& texts) {
    std::vector<number> all;
    for (const std::string& text : texts)
      if (auto parsed = number::parse(text))
        all.push_back(*parsed);
    std::sort(all.begin(), all.end());
    return all;
  };
  const auto mine = read(a), theirs = read(b);
  return mine.size() == static_cast<std::size_t>(a.size()) && mine == theirs;
}

template <class M>
bool parse_into(M& message, std::string_view bytes) {
  // A level of nesting is three messages. Some more than is allowed is read, to be refused for what it is.
  constexpr int depth = 3 * 4 * limits::nesting_levels;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(std::min<std::size_t>(bytes.size(), INT32_MAX)));
  in.SetRecursionLimit(depth);
  return message.ParseFromCodedStream(&in) && in.ConsumedEntireMessage();
}

std::size_t strings_size(const strings& members) {
  std::size_t bytes = 0;
  for (const std::string& member : members)
    bytes += member.size();
  return bytes;
}

} // namespace

std::string_view type_name(const msg::Value& value) {
  switch (value.kind_case()) {
  case kind::kS:
    return "S";
  case kind::kN:
    return "N";
  case kind::kB:
    return "B";
  case kind::kBool:
    return "BOOL";
  case kind::kNull:
    return "NULL";
  case kind::kM:
    return "M";
  case kind::kL:
    return "L";
  case kind::kSs:
    return "SS";
  case kind::kNs:
    return "NS";
  case kind::kBs:
    return "BS";
  case kind::KIND_NOT_SET:
    break;
  }
  return "";
}

const msg::Value* find(const msg::AttributeMap& item, std::string_view name) {
  for (const msg::Attribute& attribute : item.attributes())
    if (attribute.name() == name)
      return &attribute.value();
  return nullptr;
}

bool equal(const msg::Value& a, const msg::Value& b) {
  if (a.kind_case() != b.kind_case())
    return false;
  switch (a.kind_case()) {
  case kind::kS:
    return a.s() == b.s();
  case kind::kN:
    return equal_numbers(a.n(), b.n());
  case kind::kB:
    return a.b() == b.b();
  case kind::kBool:
    return a.bool_() == b.bool_();
  case kind::kNull:
  case kind::KIND_NOT_SET:
    return true;
  case kind::kM:
    return equal(a.m(), b.m());
  case kind::kL:
    return std::equal(a.l().values().begin(), a.l().values().end(), b.l().values().begin(),
                      b.l().values().end(), [](auto& x, auto& y) { return equal(x, y); });
  case kind::kSs:
    return equal_sets(a.ss().values(), b.ss().values());
  case kind::kNs:
    return equal_number_sets(a.ns().values(), b.ns().values());
  case kind::kBs:
    return equal_sets(a.bs().values(), b.bs().values());
  }
  return false;
}

bool equal(const msg::AttributeMap& a, const msg::AttributeMap& b) {
  if (a.attributes_size() != b.attributes_size())
    return false;
  for (int i = 0; i < a.attributes_size(); ++i) {
    const msg::Attribute& mine = a.attributes(i);
    const bool same_place = b.attributes(i).name() == mine.name(); // always, when both are canonical
    const msg::Value* theirs = same_place ? &b.attributes(i).value() : find(b, mine.name());
    if (theirs == nullptr || !equal(mine.value(), *theirs))
      return false;
  }
  return true;
}

std::size_t value_size(const msg::Value& value) {
  switch (value.kind_case()) {
  case kind::kS:
    return value.s().size();
  case kind::kN:
    return number_size(value.n());
  case kind::kB:
    return value.b().size();
  case kind::kBool:
  case kind::kNull:
    return 1;
  case kind::kM:
    return 3 + static_cast<std::size_t>(value.m().attributes_size()) + item_size(value.m());
  case kind::kL: {
    std::size_t bytes = 3;
    for (const msg::Value& element : value.l().values())
      bytes += 1 + value_size(element);
    return bytes;
  }
  case kind::kSs:
    return strings_size(value.ss().values());
  case kind::kBs:
    return strings_size(value.bs().values());
  case kind::kNs: {
    std::size_t bytes = 0;
    for (const std::string& member : value.ns().values())
      bytes += number_size(member);
    return bytes;
  }
  case kind::KIND_NOT_SET:
    break;
  }
  return 0;
}

std::size_t item_size(const msg::AttributeMap& item) {
  std::size_t bytes = 0;
  for (const msg::Attribute& attribute : item.attributes())
    bytes += attribute.name().size() + value_size(attribute.value());
  return bytes;
}

std::optional<std::size_t> serialized_size(std::string_view bytes) {
  static const msg::KeySchema nobodys;
  if (const auto seen = recognise_canonical(nobodys, bytes))
    return seen->size;
  msg::AttributeMap item;
  if (!parse_item_into(item, bytes))
    return std::nullopt;
  return item_size(item);
}

verdict check_item_size(std::size_t bytes) {
  if (bytes > limits::item_bytes)
    return refusal{"Item size has exceeded the maximum allowed size"};
  return {};
}

bool parse_item_into(msg::AttributeMap& item, std::string_view bytes) {
  return parse_into(item, bytes);
}
bool parse_value_into(msg::Value& value, std::string_view bytes) {
  return parse_into(value, bytes);
}

result<msg::AttributeMap> parse_item(std::string_view bytes) {
  msg::AttributeMap item;
  if (!parse_item_into(item, bytes))
    return refusal{texts::malformed};
  return item;
}

std::string serialize(const msg::AttributeMap& item) {
  return item.SerializeAsString();
}

} // namespace troupe::item
