// DynamoDB's JSON for items: {"id": {"S": "a"}, "n": {"N": "1"}}.
//
// Number text passes untouched in both directions: JSON carries it as a string, and 38 digits are no double.
// Binary is base64 with padding, strictly. Reading checks form only; canonicalise() (value.h) checks the
// rest.
//
// Thread: pure functions; read_json() keeps a parser per thread.
#pragma once
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <string>
#include <string_view>

namespace troupe::item {

// Refusals name the place, as in "tags[2].colour: unknown type Q". Refused: what is not a JSON object, a
// value that is not an object of exactly one known type, duplicate names, wrong JSON types, bad base64,
// nesting beyond DynamoDB's, text beyond max_json_bytes.
result<msg::AttributeMap> read_json(std::string_view text);
result<msg::Value> read_json_value(std::string_view text);

// An item of 400 KB fits in any notation; the HTTP body limit of DynamoDB is the same.
inline constexpr std::size_t max_json_bytes = 16u << 20;

enum class json_style { compact, pretty };

// Attributes in the map's order. Pretty: one attribute a line, two blanks of indentation, no newline at the
// end. Control characters are escaped, so that printing an item cannot steer a terminal.
std::string write_json(const msg::AttributeMap& item, json_style style = json_style::compact);
std::string write_json(const msg::Value& value, json_style style = json_style::compact);

// A JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

} // namespace troupe::item
