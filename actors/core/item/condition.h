// Conditions on the item as it stands, evaluated on the partition's leader against the newest state.
//
// Thread: pure functions.
#pragma once
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <optional>
#include <string_view>

namespace troupe::item {

// For the router: refuses a condition with too many clauses, without an attribute name, with an operand where
// there must be none or none where there must be one, and makes the operands canonical.
verdict canonicalise(msg::Condition& condition);

// Whether all clauses hold on the item; nullptr is "there is no item". A condition without clauses holds.
// A clause whose test this version does not know does not hold.
bool holds(const msg::Condition& condition, const msg::AttributeMap* item);

// The same on a serialized, canonical item, of which only what is asked about is read; nullopt is "there is
// no item". Nothing when the bytes are seen not to be such an item, which can only be damage: the caller
// decides what to do about it.
std::optional<bool> holds(const msg::Condition& condition, std::optional<std::string_view> item);

} // namespace troupe::item
