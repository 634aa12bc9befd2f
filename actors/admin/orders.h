// What a node is told in answer to its report: which replicas it should run, and which it should drop.
//
// A node never drops a replica because it is missing from its orders: an order may come from a leader that
// has been replaced and does not know of the newest tables. It drops what it is told to drop, and that is
// told on evidence only: the group's table is being deleted, or the group was numbered before this version of
// the metadata (ClusterRecord.next_group) and has no record in it, so its record was removed. Both stay true
// in every later version.
//
// Thread: pure functions.
#pragma once
#include "actors/admin/healing_book.h"
#include "actors/admin/memory.h"
#include "actors/admin/node_book.h"

namespace troupe::admin {

// Answers this report, which the book has taken already. `resend`: the book could not use its replicas.
msg::NodeOrders orders_for(const memory& records, const node_book& nodes, const healing_book& healing,
                           const msg::NodeReport& report, bool resend);

// Orders for a node that did not ask just now, so that it need not wait for its next report.
msg::NodeOrders orders_unasked(const memory& records, const node_book& nodes, const healing_book& healing,
                               const std::string& node);

// What is wrong with the members that were placed on nodes whose directory is another one now: they will not
// come back. By node; for people.
std::map<std::string, std::vector<msg::ReplicaReport>> lost_members(const memory& records,
                                                                    const node_book& nodes);

} // namespace troupe::admin
