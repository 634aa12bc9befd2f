// Comparing and measuring values as DynamoDB's conditions do. Inside core/expression only.
#pragma once
#include "messages/item.pb.h"
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::expression {

// Strings and binaries by their bytes, numbers by value; unordered for other types and between types.
std::partial_ordering compare(const msg::Value& a, const msg::Value& b);

bool begins_with(const msg::Value& value, const msg::Value& prefix);

// A part of a string or binary, a member of a set, an element of a list.
bool contains(const msg::Value& value, const msg::Value& part);

// Strings in UTF-16 units, as DynamoDB counts; binaries in bytes; sets, lists and maps in members. Nothing
// for other types.
std::optional<std::int64_t> size_of(const msg::Value& value);

// "{S:text}", as DynamoDB quotes values.
std::string quoted(const msg::Value& value);

bool is_set(const msg::Value& value);

} // namespace troupe::expression
