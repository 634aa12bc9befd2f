// The inner half of encoded keys: from the two key values, wherever they were found, to bytes. Inside
// core/item only; key.h is what others use.
#pragma once
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <optional>
#include <string>
#include <string_view>

namespace troupe::item {

// A value that a key attribute has: its type's name as type_name() gives it, and for S, N and B its content
// (a number as text, canonical or not).
struct key_value {
  std::string_view type;
  std::string_view bytes;
};
key_value key_value_of(const msg::Value& value);

std::string_view key_type_name(msg::KeyType type);

// Wrong type, empty, too long, not a number. `what` is the key attribute; `partition` picks the limit.
verdict check_key_value(const msg::KeyAttribute& what, const key_value& value, bool partition);

// Hash and partition key value. The value has passed check_key_value.
verdict append_partition_key(const msg::KeyAttribute& what, const key_value& value, std::string& out);
verdict append_sort_key(const msg::KeyAttribute& what, const key_value& value, std::string& out);

// The whole encoded key; a value that is not there is refused as missing from an item.
result<std::string> encode_key_values(const msg::KeySchema& schema, const std::optional<key_value>& partition,
                                      const std::optional<key_value>& sort);

} // namespace troupe::item
