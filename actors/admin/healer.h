// What healing changes in the metadata, and what it asks of groups' leaders: the link between core/healing,
// which knows one group, and the records, the reports and the bounds of the whole cluster.
//
// A change of a group's members is in its record before anybody acts on it: the target configuration, whose
// epoch is one larger than that of the newest one known to be committed. Nodes start the newcomer it names,
// the group's leader is asked to propose exactly it, and when the leader says that it is committed the record
// takes it over. So a new metadata leader carries on from the records alone, and an order of a deposed one is
// either the same or for an epoch that has passed. A target that does not come about - its newcomer is not
// made, or the leader cannot accept it any more - is replaced by one of the same epoch that changes nothing;
// the newcomer is then remembered until the epoch has passed, as an order for it may still be on its way.
//
// While an operator has stopped healing (ClusterRecord.healing_pause) no target is written and nobody is told
// to grow or to hand over. What is under way comes to its end: a target is committed or given up, a member
// that fetches items goes on, and takes its seat when healing does.
//
// Thread: pure functions, but for what they note in the healing book.
#pragma once
#include "actors/admin/group_sight.h"
#include "actors/admin/healing_book.h"
#include "actors/admin/planner.h"
#include <set>
#include <string>
#include <vector>

namespace troupe::admin {

// The next change to the records that healing asks for, of as many groups as there is room for; the most
// endangered first. Nothing when there is none. Looks at the groups whose turn it is.
std::optional<change> plan_healing(const outlook& view, healing_book& book);

// What to ask of the leaders of groups whose change is due, as of the newest plan.
struct group_order {
  std::uint64_t group = 0;
  std::string node;
  msg::ReplicaRequest request;
};
std::vector<group_order> healing_orders(const outlook& view, const healing_book& book);

// Of the replicas of `groups` on this node, those whose members were replaced and will never be asked again:
// a quorum of those who stay knows durably that they are out.
std::vector<msg::NodeOrders::Retired> retired_on(const memory& records, const node_book& nodes,
                                                 const std::string& node,
                                                 const std::set<std::uint64_t>& groups);

// For people: every group that is not whole.
msg::HealingStatus healing_status(const outlook& view, const healing_book& book);

} // namespace troupe::admin
