// Attribute values: what is allowed, what is equal, what it costs, and the one form in which it is stored.
//
// An item is canonical when equal items have equal bytes: attributes in ascending byte order of their names
// (at every level), numbers as number::text() prints them, set members ascending (numbers by value, strings
// and binaries by bytes), nothing unknown inside. Routers make items canonical; everything below them relies
// on it.
//
// Limits are DynamoDB's (config/limits.h), and so are the texts of refusals where DynamoDB has one.
// Thread: pure functions.
#pragma once
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::item {

// "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"; "" when nothing is set.
std::string_view type_name(const msg::Value& value);

// The attribute of that name, or nullptr. The map need not be canonical.
const msg::Value* find(const msg::AttributeMap& item, std::string_view name);

// Checks and makes canonical, in place. On refusal the map is left valid but unspecified. Says nothing about
// size or keys; see item_size() and key.h.
verdict canonicalise(msg::AttributeMap& item);
verdict canonicalise(msg::Value& value);

// The same value of the same type: numbers by value, sets without regard to order, maps without regard to
// order, lists in order. Canonical or not; a number that cannot be read equals only its own text.
bool equal(const msg::Value& a, const msg::Value& b);
bool equal(const msg::AttributeMap& a, const msg::AttributeMap& b);

// Bytes by DynamoDB's rule (Developer Guide, "DynamoDB item sizes and formats"): names and strings by their
// UTF-8, binaries by their bytes, numbers by number_size(), null and bool 1, lists and maps 3 and 1 more per
// element, sets the sum of their members. The item must be canonical.
std::size_t item_size(const msg::AttributeMap& item);
std::size_t value_size(const msg::Value& value);

// The same of an item's bytes, in one pass when they are canonical; nothing when they are no item.
std::optional<std::size_t> serialized_size(std::string_view item);

// Refuses an item of more than limits::item_bytes.
verdict check_item_size(std::size_t bytes);

// Serialized AttributeMap -> message, for any nesting that is allowed. Nothing when it is malformed, or
// nested so deeply that it could not be an item.
result<msg::AttributeMap> parse_item(std::string_view bytes);
// The same into a message that is there already, on an arena perhaps.
bool parse_item_into(msg::AttributeMap& item, std::string_view bytes);
bool parse_value_into(msg::Value& value, std::string_view bytes);
std::string serialize(const msg::AttributeMap& item);

} // namespace troupe::item
