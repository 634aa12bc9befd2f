// A worker thread that owns item stores: every SQLite file of the replicas that were given to it. One writer
// and reader per file, so what it answers in order is what the file held in that order. Spawn it detached.
//
// Files are opened when first needed and closed again, the longest unused first, past
// limits::open_item_stores.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/kit/token_bucket.h"
#include "actors/wire/storage_roles.h"
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <string>

namespace troupe::disk {

struct items_options {
  std::string directory; // the node's data directory: items/GROUP.db, snapshots/
  std::uint64_t free_bytes_min = 0;
  std::size_t open_max = 0;
  const kit::clock* clock = nullptr;
  kit::metrics_ptr metrics;
  std::function<void(const std::string& why)> fail_stop;
  std::shared_ptr<kit::pace> gives; // bytes of snapshots that are cut, and sent to members; null: no bound
};

struct items_state;

wire::scrubbed_items_actor::behavior_type
items(wire::scrubbed_items_actor::stateful_pointer<items_state> self, items_options options);

// All workers of a node are spawned before any of them has work. `detached`: on a thread of its own, as
// everywhere but on virtual time.
wire::scrubbed_items_actor spawn_items(caf::actor_system& system, items_options options,
                                       bool detached = true);

} // namespace troupe::disk
