#include "actors/gateway/api/attribute_json.h"
#include "actors/core/item/base64.h"
#include <algorithm>

namespace troupe::api {

namespace {

namespace dom = simdjson::dom;
using kind = dom::element_type;

const std::string value_type = "com.amazonaws.dynamodb.v20120810.AttributeValue";

bool refuse(reading& to, std::string why) {
  to.fail(std::move(why));
  return false;
}

bool read_text(dom::element json, reading& to, std::string& out) {
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS)
    return refuse(to, wrong_text(json));
  out = text;
  return true;
}

bool read_binary(dom::element json, reading& to, std::string& out) {
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS) {
    if (json.type() == kind::ARRAY)
      return refuse(to, "Unrecognized collection type class java.nio.ByteBuffer");
    return refuse(to, json.type() == kind::OBJECT ? unexpected_structure
                                                  : "only base-64-encoded strings are convertible to bytes");
  }
  if (text.size() % 4 != 0)
    return refuse(to, "Base64 encoded length is expected a multiple of 4 bytes but found: " +
                          std::to_string(text.size()));
  const auto bad = std::find_if(text.begin(), text.end(), [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
             c == '/' || c == '=');
  });
  if (bad != text.end())
    return refuse(to, "Invalid Base64 character: '" + std::string(1, *bad) + "'");
  auto bytes = item::decode_base64(text);
  if (!bytes) // DynamoDB's spelling
    return refuse(to, "Invalid last non-pad Base64 character dectected");
  out = std::move(*bytes);
  return true;
}

// Each element of a list, which must be one.
template <class Use>
bool each(dom::element json, reading& to, Use use) {
  dom::array list;
  if (json.get(list) != simdjson::SUCCESS)
    return refuse(to, json.type() == kind::OBJECT ? unexpected_structure : unexpected_field);
  for (const auto one : list)
    if (!use(one))
      return false;
  return true;
}

bool read_typed(std::string_view type, dom::element json, reading& to, msg::Value& out) {
  if (type == "S")
    return read_text(json, to, *out.mutable_s());
  if (type == "N")
    return read_text(json, to, *out.mutable_n());
  if (type == "B")
    return read_binary(json, to, *out.mutable_b());
  if (type == "M")
    return read_attributes(json, to, *out.mutable_m());
  if (type == "L") {
    auto& list = *out.mutable_l();
    return each(json, to, [&](dom::element one) { return read_value(one, to, *list.add_values()); });
  }
  if (type == "SS") {
    auto& set = *out.mutable_ss();
    return each(json, to, [&](dom::element one) { return read_text(one, to, *set.add_values()); });
  }
  if (type == "NS") {
    auto& set = *out.mutable_ns();
    return each(json, to, [&](dom::element one) { return read_text(one, to, *set.add_values()); });
  }
  if (type == "BS") {
    auto& set = *out.mutable_bs();
    return each(json, to, [&](dom::element one) { return read_binary(one, to, *set.add_values()); });
  }
  bool truth = false;
  if (!read_flag(json, to, truth))
    return false;
  type == "BOOL" ? out.set_bool_(truth) : out.set_null(truth);
  return true;
}

bool is_type(std::string_view name) {
  constexpr std::string_view types[] = {"S", "N", "B", "M", "L", "SS", "NS", "BS", "BOOL", "NULL"};
  return std::find(std::begin(types), std::end(types), name) != std::end(types);
}

} // namespace

std::string wrong_scalar(dom::element json, const std::string& type) {
  bool truth = false;
  switch (json.type()) {
  case kind::ARRAY:
    return "Unrecognized collection type class java.lang." + type;
  case kind::OBJECT:
    return unexpected_structure;
  case kind::BOOL:
    return std::string(json.get(truth) == simdjson::SUCCESS && truth ? "TRUE_VALUE" : "FALSE_VALUE") +
           " cannot be converted to " + type;
  case kind::STRING:
    return "STRING_VALUE cannot be converted to " + type;
  case kind::DOUBLE:
    return "DECIMAL_VALUE cannot be converted to " + type;
  default:
    return "NUMBER_VALUE cannot be converted to " + type;
  }
}

std::string wrong_text(dom::element json) {
  return wrong_scalar(json, "String");
}

// DynamoDB takes several words for a truth.
bool read_flag(dom::element json, reading& to, bool& out) {
  if (json.get(out) == simdjson::SUCCESS)
    return true;
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS)
    return refuse(to, wrong_scalar(json, "Boolean"));
  std::string upper(text.substr(0, 8));
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  out = upper == "TRUE" || upper == "1" || upper == "YES";
  if (out || upper == "FALSE" || upper == "0" || upper == "NO")
    return true;
  return refuse(to, "Unexpected token received from parser");
}

// A value of several types is kept as it is refused: canonicalise() has the words for none and for many.
// Several cannot be told in a message of ours, so that is said here, in the same words.
bool read_value(dom::element json, reading& to, msg::Value& out) {
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return refuse(to, json.type() == kind::ARRAY ? "Unrecognized collection type class " + value_type
                                                 : "Unexpected value type in payload");
  bool any = false;
  for (const auto [name, content] : object) {
    if (!is_type(name) || content.is_null())
      continue;
    if (any) {
      to.refuse(validation(
          "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
          "supported datatypes"));
      return false;
    }
    any = true;
    if (!read_typed(name, content, to, out))
      return false;
  }
  return true;
}

bool read_attributes(dom::element json, reading& to, msg::AttributeMap& out) {
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return refuse(to, json.type() == kind::ARRAY
                          ? "Unrecognized collection type java.util.Map<java.lang.String, " + value_type + ">"
                          : unexpected_field);
  for (const auto [name, content] : object) {
    if (content.is_null())
      continue;
    auto& attribute = *out.add_attributes();
    attribute.set_name(std::string(name));
    if (!read_value(content, to, *attribute.mutable_value()))
      return false;
  }
  return true;
}

} // namespace troupe::api
