// Reads again what its node keeps, and compares it with what the other members of its groups keep. One per
// node.
//
// A full pass over a replica reads its log entries and everything in its item file, in small slices with
// pauses between them, so that nobody else notices. The scrubber beside a group's leader has the members
// compared at one log index (core/scrub/round.h). It finds; replicas and the healer repair.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/wire/storage_roles.h"
#include "config/settings.h"
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <string>

namespace troupe::scrubber {

// A replica has been started on this node. It is forgotten when it ends.
struct resident_started {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  std::string table; // for people
  wire::scrubbed_replica_actor actor;
};

using step_atom = caf::atom_constant<caf::atom("step")>; // the next slice is due
using scrubber_actor =
    wire::role_actor::extend<caf::reacts_to<resident_started>, caf::reacts_to<wire::tick_atom>,
                             caf::reacts_to<step_atom>, caf::reacts_to<wire::stop_atom>>;

struct scrubber_options {
  std::string node;
  config::scrub_settings scrub;
  std::uint64_t seed = 0;
  wire::peers_actor peers;
  wire::scrubbed_disk_actor disk;
  std::function<wire::scrubbed_items_actor(std::uint64_t group)>
      items;                         // the worker that owns a group's items
  const kit::clock* clock = nullptr; // outlives the actor
  kit::metrics_ptr metrics;
};

struct scrubber_state;

// Enrolls itself as {ROLE_SCRUBBER, 0}.
scrubber_actor::behavior_type scrubber(scrubber_actor::stateful_pointer<scrubber_state> self,
                                       scrubber_options options);

scrubber_actor spawn_scrubber(caf::actor_system& system, scrubber_options options);

} // namespace troupe::scrubber

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::scrubber::resident_started)
