// The metadata group's admin: makes and deletes tables, tells nodes what to run, and tells routers where
// everything is. One on every metadata node; the one beside the metadata group's leader does the work, the
// others answer eventual map requests and say who leads.
//
// It owns no data. What it knows is a copy of the metadata group's records (memory.h), and it changes them by
// conditional writes to that group (records.h), so that an admin that wrongly believes it leads can do no
// harm.
#pragma once
#include "actors/core/healing/planner.h"
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/wire/interfaces.h"
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::admin {

// Ended with stop_atom: it answers everybody and quits.
using admin_actor =
    wire::role_actor::extend<caf::reacts_to<wire::tick_atom>, caf::reacts_to<wire::stop_atom>>;

struct admin_options {
  std::string node;                       // this node; its replica of the metadata group is asked
  std::vector<std::string> storage_nodes; // all that the cluster file names
  std::vector<std::string> metadata_nodes;
  healing::rules heal;
  std::size_t rebuilds = 2;         // at once, per node
  std::uint64_t min_free_bytes = 0; // a node with less is given no new replicas
  std::uint64_t seed = 0;           // random: request ids, table ids, ties
  wire::peers_actor peers;
  const kit::clock* clock = nullptr; // outlives the actor
  kit::metrics_ptr metrics;
};

struct admin_state;

// Enrolls itself as {ROLE_ADMIN, 0}. Answers AdminRequest, MapRequest and NodeReport; sends NodeOrders to
// agents when something has changed for them.
admin_actor::behavior_type admin(admin_actor::stateful_pointer<admin_state> self, admin_options options);

// For those who do not see admin_state.
admin_actor spawn_admin(caf::actor_system& system, admin_options options);

} // namespace troupe::admin
