// What the handlers of items have in common: capacity, conditions, and what a refused write says.
//
// Thread: pure functions.
#pragma once
#include "actors/core/expression/placeholders.h"
#include "actors/core/expression/projection.h"
#include "actors/gateway/api/item_requests.h"
#include "actors/gateway/api/writer.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::gateway {

inline constexpr std::size_t read_unit_bytes = 4096;
inline constexpr std::size_t write_unit_bytes = 1024;

// Capacity units of an item of so many bytes; one at least.
std::int64_t units_of(std::size_t bytes, std::size_t per_unit);

// Writes what one table's part of a request cost, in half units, since an eventual read costs half of one.
void write_capacity(api::writer& w, api::capacity_report wish, const std::string& table, std::int64_t halves);
// Writes ConsumedCapacity of a request for one table, as far as it was asked for.
void consumed(api::writer& w, api::capacity_report wish, const std::string& table, std::int64_t halves);

// What a projection leaves of an item; nothing: all of it.
using projected = std::optional<expression::projection>;
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
