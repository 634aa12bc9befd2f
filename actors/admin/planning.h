// What the planners of tables, healing and backups share.
//
// Thread: pure functions.
#pragma once
#include "actors/admin/planner.h"
#include "actors/core/item/key.h"

namespace troupe::admin {

decision refuse(msg::Code code, std::string why);
// It cannot be planned yet, and why.
decision await(std::string why);
// A table that is being created or deleted, in DynamoDB's words.
decision refuse_unsettled(const msg::TableRecord& table);
change begin_change(const memory& records);
bool same_request(const msg::RequestId& a, const msg::RequestId& b);

// Of the table's partitions: even ones, or those of what it is made from.
std::vector<item::key_range> ranges_of(const msg::TableRecord& table);
// Adds partitions for as many of the ranges as go into one change, from `first` on. Returns why none could be
// placed; empty when they were.
std::string add_partitions(change& next, const outlook& view, const msg::TableRecord& table,
                           const std::vector<item::key_range>& ranges, std::size_t first, std::uint64_t seed);

// Makes this table, whose state and time are set here, with as many of its partitions as go into one change.
decision make_table(const outlook& view, msg::TableRecord table, std::uint64_t seed);

} // namespace troupe::admin
