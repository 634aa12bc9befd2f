// The inner half of encoded keys: from the two key values, wherever they were found, to bytes. Inside
// core/item only; key.h is what others use.
#pragma once
#include "actors/core/item/key.h"
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
std::optional<key_value> key_in(const msg::AttributeMap& item, const std::string& name);

std::string_view key_type_name(msg::KeyType type);

// Wrong type, empty, too long, not a number. `what` is the key attribute; `partition` picks the limit.
verdict check_key_value(const msg::KeyAttribute& what, const key_value& value, bool partition);

// Hash and partition key value. The value has passed check_key_value.
verdict append_partition_key(const msg::KeyAttribute& what, const key_value& value, std::string& out);
verdict append_sort_key(const msg::KeyAttribute& what, const key_value& value, std::string& out);
// The same for a value behind which something follows: it marks its own end.
verdict append_followed_key(const msg::KeyAttribute& what, const key_value& value, std::string& out);

// The other way: takes the value off the front of `bytes`, all of them when nothing follows it. Nothing when
// the bytes do not begin with one.
std::optional<msg::Value> take_key(msg::KeyType type, bool followed, std::string_view& bytes);
// Only past it, when something follows. False when the bytes do not begin with one.
bool skip_key(msg::KeyType type, std::string_view& bytes);
// How many bytes of an encoded key are its hash and its partition key; 0 when it has no such beginning.
std::size_t collection_length(msg::KeyType partition, std::string_view encoded);

// The whole encoded key; a value that is not there is refused as missing from an item.
result<std::string> encode_key_values(const msg::KeySchema& schema, const std::optional<key_value>& partition,
                                      const std::optional<key_value>& sort);

// Hash and partition key of a query, which all keys that it may find begin with.
result<std::string> query_collection(const msg::KeySchema& schema, const msg::Query& query);
// The keys of that collection that fit the query's bounds on the sort key, without regard to where it starts
// again. `followed`: something stands behind the sort key in them.
result<key_range> bounded_range(const msg::KeySchema& schema, const msg::Query& query,
                                const std::string& collection, bool followed);
// What is left of the range behind `key`, the last one of the page before.
result<key_range> resume_query(key_range range, const msg::Query& query, const std::string& collection,
                               std::string key);
// Segment `segment` of `segments`, or what is left of it behind `key`.
key_range segment_range(std::uint32_t segment, std::uint32_t segments);
result<key_range> resume_scan(key_range range, std::string key);

} // namespace troupe::item
