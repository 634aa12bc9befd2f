// How a group looks from what is recorded of it and what nodes have said: the view that core/healing plans
// on.
//
// Thread: pure functions. What they return points into the outlook.
#pragma once
#include "actors/admin/healing_book.h"
#include "actors/admin/planner.h"
#include "actors/core/healing/planner.h"
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::admin {

// Its table is there for good. What is being made is not ill when some of its members are not there yet, and
// what is being deleted needs nobody.
bool in_care(const outlook& view, const msg::PartitionRecord& partition);

const msg::Member* member_of(const msg::Configuration& configuration, std::uint64_t id);
// One above every id that was given to a member of the group, as far as the record goes.
std::uint64_t next_id(const msg::PartitionRecord& partition);
// The one that the change under way adds; nullptr when it adds nobody.
const msg::Member* newcomer_of(const msg::PartitionRecord& partition);
// What its node has said of this member; nullptr: nothing, or of another one.
const msg::ReplicaReport* report_of(const outlook& view, std::uint64_t group, const msg::Member& m);
// Since the node was heard, or this admin leads.
std::int64_t node_silent_us(const outlook& view, const std::string& node);
// The node has another data directory now.
bool directory_gone(const outlook& view, const msg::Member& m);

// The view without nodes that could take a member: enough to see whether the group is whole.
healing::group_view group_seen(const outlook& view, const msg::PartitionRecord& partition);

// Nodes that can take members at all, found once for a plan.
struct spare_nodes {
  std::vector<healing::spare> storage;
  std::vector<healing::spare> metadata;

  const std::vector<healing::spare>& of(const msg::PartitionRecord& partition) const;
  // Another member will be there.
  void seat(const std::string& node);
};
spare_nodes spares_of(const outlook& view, const healing_book& book);

// Puts them into the view, and says which of them the group has to leave alone for now. `spares` outlives it.
void offer(healing::group_view& to, const outlook& view, const msg::PartitionRecord& partition,
           const spare_nodes& spares);

} // namespace troupe::admin
