// The node's log writer: one SQLite log for all replicas of the node, one sync for all that is ready.
//
// Appends that wait in the mailbox when the writer gets to them go into one transaction (group commit). An
// append that finds the disk full is refused and may be tried again; a sync that fails ends the process,
// because nobody can know any more what is on the disk. Spawn it detached: it blocks.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/wire/storage_roles.h"
#include "storage/log_store.h"
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <memory>
#include <string>

namespace troupe::disk {

struct disk_options {
  std::unique_ptr<storage::log_store> log;
  std::string directory;            // whose filesystem must have room
  std::uint64_t free_bytes_min = 0; // below it appends are refused as full
  const kit::clock* clock = nullptr;
  kit::metrics_ptr metrics;
  // Called when the disk can no longer be trusted; must not return. Empty: abort.
  std::function<void(const std::string& why)> fail_stop;
};

struct disk_state;

wire::scrubbed_disk_actor::behavior_type disk(wire::scrubbed_disk_actor::stateful_pointer<disk_state> self,
                                              disk_options options);

// `detached`: on a thread of its own, as everywhere but on virtual time.
wire::scrubbed_disk_actor spawn_disk(caf::actor_system& system, disk_options options, bool detached = true);

} // namespace troupe::disk
