// The heartbeats of a node: one message per interval and neighbour for all groups that are quiet, however
// many.
//
// What is said in it, and when it may be said, is decided by the replicas and their deputies
// (core/paxos/deputy.h, kit/deputies.h). A member that does not rest is not in the pulse: it sends heartbeats
// of its own. A member that is in the pulse and does not rest at the other end refuses its place in it, and
// its leader is woken.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/deputies.h"
#include "actors/kit/metrics.h"
#include "actors/wire/interfaces.h"
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <memory>
#include <string>

namespace troupe::pulse {

struct pulse_options {
  std::int64_t heartbeat_us = 0;
  std::int64_t lease_us = 0;
  std::shared_ptr<kit::deputies> deputies;
  wire::peers_actor peers;
  const kit::clock* clock = nullptr; // outlives the actor
  kit::metrics_ptr metrics;
};

using pulse_actor =
    wire::role_actor::extend<caf::reacts_to<wire::tick_atom>, caf::reacts_to<wire::stop_atom>>;

// Enrolls itself with the peers actor under ROLE_PULSE.
pulse_actor spawn_pulse(caf::actor_system& system, pulse_options options);

} // namespace troupe::pulse
