// Encoded keys: the bytes under which an item is found, stored, ordered and split.
//
//   8 bytes   XXH3-64 of the partition key value, big-endian
//   n bytes   the partition key value, order-preserving and self-delimiting
//   m bytes   the sort key value, order-preserving; absent without a sort key
//
// memcmp on encoded keys orders by (hash, partition key, sort key): one item collection is one contiguous run
// in sort key order, collections are spread evenly, and a partition boundary may fall between any two keys.
// docs/formats-keys.md has the bytes and the reasons.
//
// Thread: pure functions. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::item {

// Keys in [from, to). An empty `to` is the end of the key space.
struct key_range {
  std::string from;
  std::string to;

  bool empty() const { return !to.empty() && from >= to; }
  bool contains(std::string_view key) const { return key >= from && (to.empty() || key < to); }
  bool operator==(const key_range&) const = default;
};

// Names there, not empty, not longer than DynamoDB's 255 bytes and different; types set. For CreateTable.
verdict check_schema(const msg::KeySchema& schema);

// The encoded key of a whole item. Refuses a missing key attribute, a wrong type, an empty value, one that is
// too long.
result<std::string> encode_key(const msg::KeySchema& schema, const msg::AttributeMap& item);

// The same from a map that must hold the key attributes and nothing else.
result<std::string> encode_exact_key(const msg::KeySchema& schema, const msg::AttributeMap& key);

// Where the items of a query stand: its partition key, sort key bounds or prefix, and what is left of it
// after its start key, in its direction. An impossible pair of bounds is an empty range, not a refusal.
result<key_range> query_range(const msg::KeySchema& schema, const msg::Query& query);

// The key attributes back, in ascending order of names; nothing when the bytes are not an encoded key under
// this schema.
std::optional<msg::AttributeMap> decode_key(const msg::KeySchema& schema, std::string_view encoded);

// The hash space cut into `count` even ranges (taken to lie in 1 to limits::initial_partitions) that cover
// the key space in order. Boundaries are 8 bytes long.
std::vector<key_range> even_ranges(std::size_t count);

// What is left of segment `segment` of `segments` after `start_key` (a serialized key; empty: all of it). 1
// <= segments, segment < segments. A start key of another segment is refused.
result<key_range> scan_range(const msg::KeySchema& schema, std::uint32_t segment, std::uint32_t segments,
                             std::string_view start_key);

// The smallest key above every key that starts with `prefix`; empty when there is none.
std::string prefix_end(std::string prefix);

} // namespace troupe::item
