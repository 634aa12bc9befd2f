#include "actors/core/item/value.h"
#include "actors/core/item/base64.h"
#include "actors/core/item/number.h"
#include "actors/core/item/texts.h"
#include "config/limits.h"
#include <algorithm>
#include <functional>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <vector>

namespace troupe::item {
namespace {

using kind = msg::Value::KindCase;
using strings = google::protobuf::RepeatedPtrField<std::string>;

template <class T, class Less>
void sort_unless_sorted(google::protobuf::RepeatedPtrField<T>& all, Less less) {
  if (!std::is_sorted(all.begin(), all.end(), less))
    std::sort(all.pointer_begin(), all.pointer_end(), [&](const T* a, const T* b) { return less(*a, *b); });
}

// Fields of a newer version, of this message alone. Message::DiscardUnknownFields visits all fields of all
// messages inside by reflection, which costs as much as all the rest of this file.
void drop_unknown(google::protobuf::Message& message) {
  const google::protobuf::Reflection& fields = *message.GetReflection();
  if (!fields.GetUnknownFields(message).empty())
    fields.MutableUnknownFields(&message)->Clear();
}

bool by_name(const msg::Attribute& a, const msg::Attribute& b) {
  return a.name() < b.name();
}

verdict canonicalise_number(std::string& text) {
  if (is_canonical_number(text))
    return {};
  auto parsed = number::parse(text);
  if (!parsed)
    return parsed.why();
  text = parsed->text();
  return {};
}

// "[a, b]", as far as a person will read.
std::string list_of(const strings& members, bool binary) {
  std::string out = "[";
  for (int i = 0; i < members.size() && out.size() < texts::quoted_bytes; ++i) {
    out += i > 0 ? ", " : "";
    out += binary ? encode_base64(std::string_view(members[i]).substr(0, texts::quoted_bytes))
                  : texts::clip(members[i]);
  }
  return out + "]";
}

// Strings and binaries. `members` is left sorted.
verdict canonicalise_set(strings& members, bool binary) {
  if (members.empty())
    return refusal{texts::invalid +
                   (binary ? "Binary sets should not be empty" : "An string set  may not be empty")};
  if (std::adjacent_find(members.begin(), members.end(), std::greater_equal<>()) == members.end())
    return {}; // strictly ascending
  std::string as_sent = list_of(members, binary);
  sort_unless_sorted(members, std::less<>());
  if (std::adjacent_find(members.begin(), members.end()) != members.end())
    return refusal{texts::invalid + "Input collection " + as_sent + (binary ? "of type BS" : "") +
                   " contains duplicates."};
  return {};
}

verdict canonicalise_number_set(strings& members) {
  if (members.empty())
    return refusal{texts::invalid + "An number set  may not be empty"};
  std::vector<std::pair<number, std::string*>> all;
  all.reserve(static_cast<std::size_t>(members.size()));
  for (std::string& text : members) {
    auto parsed = number::parse(text);
    if (!parsed)
      return parsed.why();
    if (!is_canonical_number(text))
      text = parsed->text();
    all.emplace_back(*parsed, &text);
  }
  const auto less = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(all.begin(), all.end(), less)) {
    std::sort(all.begin(), all.end(), less);
    std::vector<std::string> sorted;
    sorted.reserve(all.size());
    for (auto& [value, text] : all)
      sorted.push_back(std::move(*text));
    std::move(sorted.begin(), sorted.end(), members.begin());
  }
  if (std::adjacent_find(all.begin(), all.end(), [](auto& a, auto& b) { return a.first == b.first; }) !=
      all.end())
    return refusal{"Input collection contains duplicates"};
  return {};
}

verdict canonicalise_map(msg::AttributeMap& map, int level);

// `level` is 1 for a top-level attribute's value.
verdict canonicalise_value(msg::Value& value, int level) {
  if (level > limits::nesting_levels)
    return refusal{texts::too_deep};
  drop_unknown(value);
  switch (value.kind_case()) {
  case kind::kS:
  case kind::kB:
  case kind::kBool:
    return {};
  case kind::kN:
    return canonicalise_number(*value.mutable_n());
  case kind::kNull:
    if (!value.null())
      return refusal{texts::invalid + "Null attribute value types must have the value of true"};
    return {};
  case kind::kM:
    return canonicalise_map(*value.mutable_m(), level + 1);
  case kind::kL:
    drop_unknown(*value.mutable_l());
    for (msg::Value& element : *value.mutable_l()->mutable_values())
      if (auto bad = canonicalise_value(element, level + 1))
        return bad;
    return {};
  case kind::kSs:
    drop_unknown(*value.mutable_ss());
    return canonicalise_set(*value.mutable_ss()->mutable_values(), false);
  case kind::kBs:
    drop_unknown(*value.mutable_bs());
    return canonicalise_set(*value.mutable_bs()->mutable_values(), true);
  case kind::kNs:
    drop_unknown(*value.mutable_ns());
    return canonicalise_number_set(*value.mutable_ns()->mutable_values());
  case kind::KIND_NOT_SET:
    break;
  }
  return refusal{texts::no_type};
}

verdict canonicalise_map(msg::AttributeMap& map, int level) {
  drop_unknown(map);
  auto& attributes = *map.mutable_attributes();
  for (msg::Attribute& attribute : attributes) {
    drop_unknown(attribute);
    if (attribute.name().empty())
      return refusal{texts::invalid + "An attribute name may not be empty"};
    if (auto bad = canonicalise_value(*attribute.mutable_value(), level))
      return bad;
  }
  sort_unless_sorted(attributes, by_name);
  const auto twice = std::adjacent_find(attributes.begin(), attributes.end(),
                                        [](auto& a, auto& b) { return a.name() == b.name(); });
  if (twice != attributes.end())
    return refusal{texts::invalid + "Duplicate attribute name: " + texts::clip(twice->name())};
  return {};
}

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

verdict canonicalise(msg::AttributeMap& item) {
  return canonicalise_map(item, 1);
}
verdict canonicalise(msg::Value& value) {
  return canonicalise_value(value, 1);
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
