// What the router knows of local indexes: which of them a page is read from, and what a write has to do with
// them. Plain values; indexes.cc fills them in and reads them.
#pragma once
#include "actors/core/item/local_indexes.h"
#include "messages/item.pb.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::router {

// The index of a query or scan.
struct index_page {
  std::uint32_t number = 0; // 0: the table itself
  msg::KeyAttribute sort;
  std::optional<item::index_projection> projection;
  bool whole = false;          // replicas are to give whole items, beyond what is projected
  bool only_projected = false; // and are shown none of that: the filter alone needed it
};

// Finds the index; refuses a name that the table does not have. Without `read`, the table itself.
item::verdict find_index(const msg::TableRecord& table, const msg::IndexRead& read,
                         const msg::ConditionExpression* filter, index_page& into);

// What a write's answer is to tell of the table's indexes.
struct index_telling {
  std::vector<std::string> names;     // in the table's order; empty: nothing of them
  std::optional<msg::KeySchema> keys; // the item collection
};

// Puts together what replica and table say.
void tell_indexes(const index_telling& wish, std::string_view key, const msg::ReplicaReply& from,
                  msg::ItemReply& into);

} // namespace troupe::router
