// Makes a group's items anew from the archive, for a log replica of this node that nobody else can give them
// to: the snapshot that it would have fetched from another member, as a file. A thread of its own, for one
// rebuild; it ends with it.
//
// The items are those of some entry of the log between two bounds. The lower one is where the replica's own
// log begins: it goes on from there itself. The upper one it knows to be chosen, and holds in its log. So it
// can compare the link at that entry: what is made here is a proposal.
#pragma once
#include "actors/archiver/store_worker.h"
#include "actors/kit/clock.h"
#include "actors/kit/token_bucket.h"
#include "actors/wire/archive_roles.h"
#include "storage/disk_space.h"
#include <atomic>
#include <memory>
#include <string>

namespace troupe::archiver {

struct rebuild_job {
  archive::place whose;
  std::uint64_t least = 0;
  std::uint64_t last = 0;
  std::string path; // of the snapshot; files beside it are used meanwhile, and go
  // Hears how far it is, as of a transfer with this number.
  std::uint64_t transfer = 0;
  wire::replica_actor who;
};

// The answer says what came of it.
using rebuilder = caf::typed_actor<caf::replies_to<rebuild_job>::with<wire::items_rebuilt>>;

struct rebuilder_options {
  store_opener open;
  storage::spare_room room;
  std::shared_ptr<kit::pace> takes;             // bytes that are fetched; null: no bound
  std::shared_ptr<std::atomic<bool>> cancelled; // it is to end soon; may be null
  const kit::clock* clock = nullptr;            // outlives the actor
};

// `detached`: on a thread of its own, as everywhere but on virtual time.
rebuilder spawn_rebuilder(caf::actor_system& system, rebuilder_options options, bool detached = true);

} // namespace troupe::archiver

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::archiver::rebuild_job)
