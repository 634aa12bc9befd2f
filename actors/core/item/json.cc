#include "actors/core/item/json.h"
#include "actors/core/item/base64.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include <algorithm>
#include <cctype>
#include <memory>
#include <simdjson.h>
#include <vector>

namespace troupe::item {
namespace {

namespace dom = simdjson::dom;
using element_type = dom::element_type;

// A level of nesting is two levels of JSON: the type's object and the list or map inside it. One level more
// is read than allowed, to be refused for what it is.
constexpr std::size_t json_depth = 2 * (limits::nesting_levels + 1) + 2;
constexpr std::size_t kept_parser_bytes = 1u << 20;

// Where in the item the reader stands, as a document path. Lives on the stack; put together only for a
// refusal.
struct place {
  const place* up = nullptr;
  std::string_view name; // of an attribute
  std::size_t index = 0; // in a list, when there is no name

  std::string text() const {
    std::string out = up == nullptr ? "" : up->text();
    if (name.data() == nullptr)
      return up == nullptr ? out : out + "[" + std::to_string(index) + "]";
    if (!out.empty())
      out += '.';
    const auto plain = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    };
    if (!name.empty() && std::all_of(name.begin(), name.end(), plain))
      return out + texts::clip(name);
    append_json_string(out, texts::clip(name));
    return out;
  }
};

refusal at(const place& where, const std::string& what) {
  const std::string path = where.text();
  return {path.empty() ? what : path + ": " + what};
}

verdict read_value(dom::element json, int level, const place& where, msg::Value& out);

verdict read_map(dom::element json, int level, const place& where, msg::AttributeMap& out) {
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return at(where, "expected an object of attributes");
  std::vector<std::string_view> names;
  for (const auto [name, value] : object) {
    const place here{&where, name, 0};
    names.push_back(name);
    msg::Attribute* attribute = out.add_attributes();
    attribute->set_name(std::string(name));
    if (auto bad = read_value(value, level, here, *attribute->mutable_value()))
      return bad;
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    return at(place{&where, *twice, 0}, "this name is given twice");
  return {};
}

verdict read_binary(std::string_view text, const place& where, std::string& out) {
  auto bytes = decode_base64(text);
  if (!bytes)
    return at(where, "not base64 with padding");
  out = std::move(*bytes);
  return {};
}

template <class Set>
verdict read_set(dom::element json, bool binary, const place& where, Set& out) {
  dom::array members;
  if (json.get(members) != simdjson::SUCCESS)
    return at(where, "a set is an array of strings");
  std::size_t index = 0;
  for (const dom::element member : members) {
    const place here{&where, {}, index++};
    std::string_view text;
    if (member.get(text) != simdjson::SUCCESS)
      return at(here, "a member of a set is a string");
    if (!binary)
      out.add_values(std::string(text));
    else if (auto bad = read_binary(text, here, *out.add_values()))
      return bad;
  }
  return {};
}

verdict read_list(dom::element json, int level, const place& where, msg::ValueList& out) {
  dom::array elements;
  if (json.get(elements) != simdjson::SUCCESS)
    return at(where, "a list is an array");
  std::size_t index = 0;
  for (const dom::element one : elements)
    if (auto bad = read_value(one, level, place{&where, {}, index++}, *out.add_values()))
      return bad;
  return {};
}

verdict read_typed(std::string_view type, dom::element json, int level, const place& where, msg::Value& out) {
  if (type == "S" || type == "N" || type == "B") {
    std::string_view text;
    if (json.get(text) != simdjson::SUCCESS)
      return at(where, "the value of type " + std::string(type) + " is a string");
    if (type == "B")
      return read_binary(text, where, *out.mutable_b());
    *(type == "S" ? out.mutable_s() : out.mutable_n()) = text;
    return {};
  }
  if (type == "BOOL" || type == "NULL") {
    bool truth;
    if (json.get(truth) != simdjson::SUCCESS)
      return at(where, "the value of type " + std::string(type) + " is true or false");
    type == "BOOL" ? out.set_bool_(truth) : out.set_null(truth);
    return {};
  }
  if (type == "M")
    return read_map(json, level + 1, where, *out.mutable_m());
  if (type == "L")
    return read_list(json, level + 1, where, *out.mutable_l());
  if (type == "SS")
    return read_set(json, false, where, *out.mutable_ss());
  if (type == "NS")
    return read_set(json, false, where, *out.mutable_ns());
  if (type == "BS")
    return read_set(json, true, where, *out.mutable_bs());
  return at(where, "unknown type " + texts::clip(type));
}

verdict read_value(dom::element json, int level, const place& where, msg::Value& out) {
  if (level > limits::nesting_levels)
    return refusal{texts::too_deep};
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS)
    return at(where, "a value is an object with its type, as in {\"S\": \"text\"}");
  auto field = object.begin();
  if (field == object.end())
    return at(where, texts::no_type);
  const std::string_view type = field.key();
  const dom::element content = field.value();
  if (++field != object.end())
    return at(where, texts::several_types);
  return read_typed(type, content, level, where, out);
}

// Parses and hands the root to `read`.
template <class Read>
verdict with_document(std::string_view text, Read read) {
  if (text.size() > max_json_bytes)
    return refusal{"The JSON text has " + std::to_string(text.size()) + " bytes; at most " +
                   std::to_string(max_json_bytes) + " are read"};
  const auto make = [](std::size_t bytes) {
    auto parser = std::make_unique<dom::parser>(max_json_bytes);
    if (parser->allocate(bytes, json_depth) != simdjson::SUCCESS)
      throw std::bad_alloc();
    return parser;
  };
  // One is kept per thread for texts of usual size; what a large one needs is given back.
  thread_local std::unique_ptr<dom::parser> kept;
  std::unique_ptr<dom::parser> large;
  if (text.size() > kept_parser_bytes)
    large = make(text.size());
  else if (!kept)
    kept = make(4096);
  dom::parser& parser = large ? *large : *kept;

  dom::element root;
  switch (const auto error = parser.parse(text.data(), text.size()).get(root)) {
  case simdjson::SUCCESS:
    return read(root);
  case simdjson::DEPTH_ERROR:
    return refusal{texts::too_deep};
  default:
    return refusal{std::string("Not valid JSON: ") + simdjson::error_message(error)};
  }
}

} // namespace

result<msg::AttributeMap> read_json(std::string_view text) {
  msg::AttributeMap out;
  if (auto bad = with_document(text, [&](dom::element root) { return read_map(root, 1, place{}, out); }))
    return *bad;
  return out;
}

result<msg::Value> read_json_value(std::string_view text) {
  msg::Value out;
  if (auto bad = with_document(text, [&](dom::element root) { return read_value(root, 1, place{}, out); }))
    return *bad;
  return out;
}

} // namespace troupe::item
