// Attribute values in request bodies, with DynamoDB's words when a type is wrong. Inside gateway_api only.
#pragma once
#include "actors/gateway/api/json.h"

namespace troupe::api {

// False after trouble.
bool read_value(simdjson::dom::element json, reading& to, msg::Value& out);
bool read_flag(simdjson::dom::element json, reading& to, bool& out);
bool read_attributes(simdjson::dom::element json, reading& to, msg::AttributeMap& out);

// The words for a JSON value of the wrong kind where something of `type` belongs: a string, a number.
std::string wrong_scalar(simdjson::dom::element json, const std::string& type);
std::string wrong_text(simdjson::dom::element json);

inline constexpr const char* unexpected_structure = "Start of structure or map found where not expected";
inline constexpr const char* unexpected_field = "Unexpected field type";

} // namespace troupe::api
