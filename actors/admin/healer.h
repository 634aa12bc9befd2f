// What healing changes in the metadata, and what it asks of groups' leaders: the link between core/healing,
// which knows one group, and the records, the reports and the bounds of the whole cluster.
//
// A change of a group's members is in its record before anybody acts on it: the target configuration, whose
// epoch is one larger than that of the newest one known to be committed. Nodes start the newcomer it names,
// the group's leader is asked to propose exactly it, and when the leader says that it is committed the record
// takes it over. So a new metadata leader carries on from the records alone, and an order of a deposed one is
// either the same or for an epoch that has passed. A target is replaced by another one of the same epoch when
// its newcomer does not come to life; the newcomer is then remembered until the epoch has passed, as an order
// for it may still be on its way.
//
// Thread: pure functions.
#pragma once
#include "actors/admin/planner.h"
#include "actors/core/healing/planner.h"
#include <string>
#include <vector>

namespace troupe::admin {

// A group as core/healing sees it.
healing::group_view group_seen(const outlook& view, const msg::PartitionRecord& partition);

// The next change to the records that healing asks for, of as many groups as there is room for; the most
// endangered first. Nothing when there is none.
std::optional<change> plan_healing(const outlook& view);

// What to ask of the leaders of groups whose change is due.
struct group_order {
  std::uint64_t group = 0;
  std::string node;
  msg::ReplicaRequest request;
};
std::vector<group_order> healing_orders(const outlook& view);

// Members that run on this node, were replaced, and will never be asked again: a quorum of those who stay
// knows durably that they are out.
std::vector<msg::NodeOrders::Retired> retired_on(const memory& records, const node_book& nodes,
                                                 const std::string& node);

// For people: every group that is not whole.
msg::HealingStatus healing_status(const outlook& view);

} // namespace troupe::admin
