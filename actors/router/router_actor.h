// Takes requests from clients and finds the replica that must answer: key -> partition -> leader, from a
// cached map. Follows `moved`, tries again within the request's deadline, refuses when full, and says
// "unknown" when it does not know whether a write took effect.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/wire/interfaces.h"
#include "config/settings.h"
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::router {

using router_actor =
    wire::role_actor::extend<caf::reacts_to<wire::tick_atom>, caf::reacts_to<wire::stop_atom>>;

struct router_options {
  std::string node;
  std::vector<std::string> metadata_nodes; // whom to ask for the map
  std::size_t inflight = 0;
  std::int64_t deadline_ms = 0; // when the client names none
  std::uint64_t seed = 0;       // for jitter
  wire::peers_actor peers;
  const kit::clock* clock = nullptr;
  kit::metrics_ptr metrics;
};

struct router_state;

// Enrolls itself as {ROLE_ROUTER, 0}. Answers ItemRequest; passes AdminRequest on to the metadata leader's
// admin ({ROLE_ADMIN, 0} on a metadata node), following its `moved`.
router_actor::behavior_type router(router_actor::stateful_pointer<router_state> self, router_options options);

// For those who do not see router_state.
router_actor spawn_router(caf::actor_system& system, router_options options);

} // namespace troupe::router
