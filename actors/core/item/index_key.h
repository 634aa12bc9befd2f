// Encoded keys of index entries: the bytes by which a local secondary index is ordered.
//
//   the item's hash and partition key, as its own key begins
//   the index's sort key value, order-preserving and self-delimiting
//   the item's sort key value, as its own key ends
//
// So the entries of one collection lie together in the order of the index's sort key, equal ones in the order
// of the items, and in the same place of the hash space as the items: a partition that is a range of hashes
// is the same range of entries. The item's key can be read back from the entry's. docs/formats-keys.md.
//
// `table` is the table's schema, which has a sort key; `sort` is the index's sort key.
// Thread: pure functions. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/item/key.h"
#include "messages/item.pb.h"
#include <optional>
#include <string>
#include <string_view>

namespace troupe::item {

// Where the entries of a query stand, as query_range() for items. Its start key has the keys of table and
// index.
result<key_range> index_query_range(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                    const msg::Query& query);

// As scan_range().
result<key_range> index_scan_range(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                   std::uint32_t segment, std::uint32_t segments, std::string_view start_key);

// The attributes of both keys, in ascending order of names; nothing when the bytes are not an entry's key.
std::optional<msg::AttributeMap> decode_entry_key(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                                  std::string_view encoded);

// The encoded key of the entry's item; empty when the bytes are not an entry's key.
std::string item_key_of(const msg::KeySchema& table, const msg::KeyAttribute& sort, std::string_view entry);

} // namespace troupe::item
