#include "actors/gateway/api/json.h"
#include "actors/gateway/api/attribute_json.h"
#include "config/limits.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <new>

namespace troupe::api {

namespace {

namespace dom = simdjson::dom;
using kind = dom::element_type;

// A level of an item is two levels of JSON. What else a request nests is a handful; one level more of an item
// is read than is allowed, to be refused for what it is.
constexpr std::size_t json_depth = 2 * (limits::nesting_levels + 1) + 16;
constexpr std::size_t largest_bytes = 16u << 20;
constexpr std::size_t kept_bytes = 1u << 20;

// One parser is kept per thread for texts of usual size; what a large one needs is given back with the next.
dom::parser& parser_for(std::size_t bytes) {
  thread_local std::unique_ptr<dom::parser> kept;
  thread_local std::unique_ptr<dom::parser> large;
  large.reset();
  auto& slot = bytes > kept_bytes ? large : kept;
  if (!slot) {
    slot = std::make_unique<dom::parser>(largest_bytes);
    if (slot->allocate(bytes > kept_bytes ? bytes : 4096, json_depth) != simdjson::SUCCESS)
      throw std::bad_alloc();
  }
  return *slot;
}

std::optional<structure> as_structure(dom::element json, const char* type, const char* otherwise,
                                      reading& to) {
  dom::object object;
  if (json.get(object) == simdjson::SUCCESS)
    return structure(object, to);
  to.fail(json.type() == kind::ARRAY
              ? std::string("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.") + type
              : otherwise);
  return std::nullopt;
}

std::optional<dom::array> as_list(dom::element json, reading& to) {
  dom::array list;
  if (json.get(list) == simdjson::SUCCESS)
    return list;
  to.fail(json.type() == kind::OBJECT ? unexpected_structure : unexpected_field);
  return std::nullopt;
}

std::optional<dom::object> as_map(dom::element json, const std::string& type, reading& to) {
  dom::object map;
  if (json.get(map) == simdjson::SUCCESS)
    return map;
  to.fail(json.type() == kind::ARRAY
              ? "Unrecognized collection type java.util.Map<java.lang.String, " + type + ">"
              : unexpected_field);
  return std::nullopt;
}

std::string model(const char* type) {
  return std::string("com.amazonaws.dynamodb.v20120810.") + type;
}

constexpr const char* unexpected_value = "Unexpected value type in payload";

} // namespace

std::optional<document> document::parse(std::string_view text, reading& to) {
  dom::element root;
  document out;
  dom::object object;
  const auto failed = parser_for(text.size()).parse(text.data(), text.size()).get(root);
  if (failed == simdjson::DEPTH_ERROR) {
    to.refuse(
        validation("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "
                   "beyond supported limit"));
    return std::nullopt;
  }
  if (failed != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS) {
    to.fail({});
    return std::nullopt;
  }
  out.root_ = structure(object, to);
  return out;
}

std::optional<dom::element> structure::find(std::string_view name) const {
  dom::element found;
  if (!to_ || to_->failed() || json_.at_key(name).get(found) != simdjson::SUCCESS || found.is_null())
    return std::nullopt;
  return found;
}

bool structure::has(std::string_view name) const {
  return find(name).has_value();
}

std::optional<std::string> structure::text(std::string_view name) const {
  const auto json = find(name);
  std::string_view out;
  if (!json)
    return std::nullopt;
  if (json->get(out) == simdjson::SUCCESS)
    return std::string(out);
  to_->fail(wrong_text(*json));
  return std::nullopt;
}

std::optional<bool> structure::flag(std::string_view name) const {
  const auto json = find(name);
  bool out = false;
  if (!json || !read_flag(*json, *to_, out))
    return std::nullopt;
  return out;
}

std::optional<std::int64_t> structure::integer(std::string_view name, const char* type) const {
  const auto json = find(name);
  if (!json)
    return std::nullopt;
  std::int64_t out = 0;
  if (json->get(out) == simdjson::SUCCESS)
    return out;
  double fraction = 0;
  if (json->type() == kind::DOUBLE && json->get(fraction) == simdjson::SUCCESS && fraction > -9e18 &&
      fraction < 9e18)
    return static_cast<std::int64_t>(fraction);
  if (json->type() == kind::DOUBLE || json->type() == kind::UINT64)
    return std::numeric_limits<std::int64_t>::max();
  to_->fail(wrong_scalar(*json, type));
  return std::nullopt;
}

std::optional<std::int64_t> structure::time_ms(std::string_view name) const {
  constexpr double seconds_max = 1e12;
  const auto json = find(name);
  double seconds = 0;
  if (!json)
    return std::nullopt;
  if (json->get(seconds) != simdjson::SUCCESS) {
    to_->fail(wrong_scalar(*json, "Timestamp"));
    return std::nullopt;
  }
  return static_cast<std::int64_t>(std::llround(std::clamp(seconds, -seconds_max, seconds_max) * 1000));
}

std::optional<std::vector<std::string>> structure::texts(std::string_view name) const {
  const auto json = find(name);
  const auto list = json ? as_list(*json, *to_) : std::nullopt;
  if (!list)
    return std::nullopt;
  std::vector<std::string> out;
  for (const auto one : *list) {
    std::string_view text;
    if (one.get(text) != simdjson::SUCCESS) {
      to_->fail(wrong_text(one));
      return std::nullopt;
    }
    out.emplace_back(text);
  }
  return out;
}

std::optional<named_texts> structure::text_map(std::string_view name) const {
  const auto json = find(name);
  const auto map = json ? as_map(*json, "java.lang.String", *to_) : std::nullopt;
  if (!map)
    return std::nullopt;
  named_texts out;
  for (const auto [key, content] : *map) {
    std::string_view text;
    if (content.get(text) != simdjson::SUCCESS) {
      to_->fail(wrong_text(content));
      return std::nullopt;
    }
    out.emplace_back(key, text);
  }
  return out;
}

std::optional<structure> structure::inner(std::string_view name, const char* type) const {
  const auto json = find(name);
  return json ? as_structure(*json, type, unexpected_field, *to_) : std::nullopt;
}

std::optional<std::vector<structure>> structure::structures(std::string_view name, const char* type) const {
  const auto json = find(name);
  const auto list = json ? as_list(*json, *to_) : std::nullopt;
  if (!list)
    return std::nullopt;
  std::vector<structure> out;
  for (const auto one : *list) {
    const auto s = as_structure(one, type, unexpected_value, *to_);
    if (!s)
      return std::nullopt;
    out.push_back(*s);
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, structure>>>
structure::structure_map(std::string_view name, const char* type) const {
  const auto json = find(name);
  const auto map = json ? as_map(*json, model(type), *to_) : std::nullopt;
  if (!map)
    return std::nullopt;
  std::vector<std::pair<std::string, structure>> out;
  for (const auto [key, content] : *map) {
    const auto s = as_structure(content, type, unexpected_value, *to_);
    if (!s)
      return std::nullopt;
    out.emplace_back(key, *s);
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::vector<structure>>>>
structure::structure_lists(std::string_view name, const char* type) const {
  const auto json = find(name);
  const auto map = json ? as_map(*json, "java.util.List<" + model(type) + ">", *to_) : std::nullopt;
  if (!map)
    return std::nullopt;
  std::vector<std::pair<std::string, std::vector<structure>>> out;
  for (const auto [key, content] : *map) {
    const auto list = as_list(content, *to_);
    if (!list)
      return std::nullopt;
    auto& members = out.emplace_back(key, std::vector<structure>()).second;
    for (const auto one : *list) {
      const auto s = as_structure(one, type, unexpected_value, *to_);
      if (!s)
        return std::nullopt;
      members.push_back(*s);
    }
  }
  return out;
}

std::optional<msg::Value> structure::value(std::string_view name) const {
  const auto json = find(name);
  msg::Value out;
  if (!json || !read_value(*json, *to_, out))
    return std::nullopt;
  return out;
}

std::optional<std::vector<msg::Value>> structure::values(std::string_view name) const {
  const auto json = find(name);
  const auto list = json ? as_list(*json, *to_) : std::nullopt;
  if (!list)
    return std::nullopt;
  std::vector<msg::Value> out;
  for (const auto one : *list)
    if (!read_value(one, *to_, out.emplace_back()))
      return std::nullopt;
  return out;
}

std::optional<named_values> structure::value_map(std::string_view name) const {
  const auto json = find(name);
  const auto map = json ? as_map(*json, model("AttributeValue"), *to_) : std::nullopt;
  if (!map)
    return std::nullopt;
  named_values out;
  for (const auto [key, content] : *map)
    if (!read_value(content, *to_, out.emplace_back(std::string(key), msg::Value()).second)) {
      to_->amend_validation(std::string(name) + " contains invalid value: ", " for key " + std::string(key));
      return std::nullopt;
    }
  return out;
}

std::optional<msg::AttributeMap> structure::attributes(std::string_view name) const {
  const auto json = find(name);
  msg::AttributeMap out;
  if (!json || !read_attributes(*json, *to_, out))
    return std::nullopt;
  return out;
}

std::optional<std::vector<msg::AttributeMap>> structure::attribute_maps(std::string_view name) const {
  const auto json = find(name);
  const auto list = json ? as_list(*json, *to_) : std::nullopt;
  if (!list)
    return std::nullopt;
  std::vector<msg::AttributeMap> out;
  for (const auto one : *list)
    if (!read_attributes(one, *to_, out.emplace_back()))
      return std::nullopt;
  return out;
}

} // namespace troupe::api
