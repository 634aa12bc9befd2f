// The half of value.h that refuses and tidies.
#include "actors/core/item/base64.h"
#include "actors/core/item/number.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include <algorithm>
#include <functional>
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

} // namespace

verdict canonicalise(msg::AttributeMap& item) {
  return canonicalise_map(item, 1);
}
verdict canonicalise(msg::Value& value) {
  return canonicalise_value(value, 1);
}

} // namespace troupe::item
