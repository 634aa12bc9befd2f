// Reads again what its node keeps, and compares it with what the other members of its groups keep. One per
// node.
//
// A full pass over a replica reads its log entries and everything in its item file, in small slices with
// pauses between them, so that nobody else notices. The scrubber beside a group's leader has the members
// compared at one log index (core/scrub/round.h), and then has another node read the group's archive again,
// rebuild the group from it, and compare that with the members as they were at that index (archive_worker.h).
// It finds; replicas and the healer repair, but for the archive: what is missing there it puts back itself
// where a log still has it.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/scrubber/archive_worker.h"
#include "actors/wire/archive_roles.h"
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
      items;                              // the worker that owns a group's items
  wire::scrubbed_archiver_actor archiver; // null: there is no archive
  archive_terms archive;                  // where it is, and what may be done with it
  std::uint64_t piece_bytes = 8u << 20;   // of payloads, in an object that is put back
  bool detached = true;                   // the worker, on a thread of its own
  const kit::clock* clock = nullptr;      // outlives the actor
  kit::metrics_ptr metrics;
};

struct scrubber_state;

// Enrolls itself as {ROLE_SCRUBBER, 0}.
scrubber_actor::behavior_type scrubber(scrubber_actor::stateful_pointer<scrubber_state> self,
                                       scrubber_options options);

scrubber_actor spawn_scrubber(caf::actor_system& system, scrubber_options options);

} // namespace troupe::scrubber

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::scrubber::resident_started)
