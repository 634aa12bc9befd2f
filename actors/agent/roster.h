// What orders mean for a node that already runs something: which replicas to make, which to drop, and what to
// refuse. Pure; the agent carries it out.
//
// A member is made fresh at most once in its life. That rests on four things together:
//   - an order names the member by node and by the identity of the data directory; a directory that was lost
//     and made anew has another identity and matches no order;
//   - the intent to make it (state CREATING) is durable before anything of it exists, so a second order finds
//     it here;
//   - a member in state CREATING is started fresh only when the log holds nothing of its group. It makes its
//     log before it speaks, so one that is not in the log has promised nobody anything; and one that finds
//     its log made, as it was started a second time, opens that and is not fresh (replica/start.cc);
//   - group numbers are never used twice. A member that was replaced leaves a record behind (state RETIRED)
//     until its group is deleted, and only members with larger ids are made after it: an old order that names
//     it finds that. All else of a replica goes only when its group is known to have been deleted.
// Replicas that were ordered by another cluster's metadata are neither run by this one's orders nor dropped.
#pragma once
#include "messages/node_meta.pb.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::agent {

using local_replicas = std::map<std::uint64_t, msg::LocalReplica>; // by group

struct roster_plan {
  std::vector<msg::LocalReplica> make;  // in state CREATING, to be kept before they are started
  std::vector<msg::LocalReplica> alter; // run already, and are of another kind from now on
  std::vector<std::uint64_t> drop;      // present here and known to be deleted
  std::vector<std::uint64_t> retire;    // present here; replaced, and out for good
  std::set<std::uint64_t> grow;         // log replicas that are to fetch the items
  std::vector<std::string> troubles;    // what was refused, for people
};

roster_plan plan_orders(const local_replicas& here, const msg::NodeOrders& orders, const std::string& node,
                        std::uint64_t disk, std::int64_t now_ms);

// The record of this node's member of a group; nothing when it has none on this directory.
const msg::Member* member_here(const msg::Configuration& configuration, const std::string& node,
                               std::uint64_t disk);

enum class start { fresh, again, lost };

// How a replica that is recorded here is to be started. `logged`: the log holds something of its group.
// `lost`: it must not be started, its log is gone.
start how_to_start(const msg::LocalReplica& replica, bool logged);

} // namespace troupe::agent
