// What the handlers of items have in common: capacity, conditions, and what a refused write says.
//
// Thread: pure functions.
#pragma once
#include "actors/core/expression/placeholders.h"
#include "actors/core/expression/projection.h"
#include "actors/gateway/api/item_requests.h"
#include "actors/gateway/api/writer.h"
#include "config/limits.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::gateway {

using limits::read_unit_bytes;
using limits::write_unit_bytes;

// Capacity units of an item of so many bytes; one at least.
std::int64_t units_of(std::size_t bytes, std::size_t per_unit);

// What a request cost of one table, in half units, since an eventual read costs half of one.
struct table_cost {
  std::int64_t table = 0;
  std::map<std::string, std::int64_t> local_indexes;

  void add_write(std::int64_t units, const msg::ItemReply& reply); // and what it cost in the indexes
};
// Writes one table's part.
void write_capacity(api::writer& w, api::capacity_report wish, const std::string& table,
                    const table_cost& cost);
// Writes ConsumedCapacity of a request for one table, as far as it was asked for.
void consumed(api::writer& w, api::capacity_report wish, const std::string& table, const table_cost& cost);

// Writes an ItemCollectionMetrics. Only of a reply that tells of the item's collection.
bool tells_collection(const msg::ItemReply& reply);
void write_collection(api::writer& w, const msg::ItemReply& reply);

// What a projection leaves of an item.
struct projected {
  std::optional<expression::projection> part; // nothing: all of it
  msg::ProjectionExpression nested;           // the paths of more than one element

  msg::AttributeMap of(msg::AttributeMap item) const { return part ? part->apply(item) : std::move(item); }
};
// From ProjectionExpression or AttributesToGet of a read that has no other expression.
api::outcome<projected> read_projection(const api::expressions& said,
                                        const std::optional<std::vector<std::string>>& attributes_to_get);

// Nothing: the write is unconditional.
using condition_wish = std::optional<msg::ConditionExpression>;
// From ConditionExpression or Expected. Whether all placeholders are used is for the caller to ask.
api::outcome<condition_wish> condition_of(const api::write_options& options, expression::placeholders& use);

// A write's refusal; with the item that the condition was about, where that was asked for.
api::error refused_write(const msg::ItemReply& reply, bool with_item);

} // namespace troupe::gateway
