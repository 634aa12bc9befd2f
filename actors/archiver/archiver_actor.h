// Archives the logs of all replicas of its node, and says how far each may be cut. One per node, where the
// cluster file names an archive.
//
// A keeper per replica (core/archive/keeper.h) decides; the archiver carries out: it reads the log from the
// disk actor, a page at a time, and has a few workers (store_worker.h) talk to the store, so that a store
// that is slow or away delays nobody. As many groups as there are workers are looked after at once, the
// others wait for their turn; that bounds what it holds in memory to a segment for each.
// Snapshots of items are archived one at a time, when no log waits, in parts of a few megabytes
// (snapshots.cc).
//
// It never ends anything: where the store cannot be reached, or a log or a segment is not what it should be,
// there is an alarm, and the log stays.
#pragma once
#include "actors/archiver/store_worker.h"
#include "actors/core/archive/keeper.h"
#include "actors/core/archive/snapshots.h"
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/kit/token_bucket.h"
#include "actors/wire/archive_roles.h"
#include "config/settings.h"
#include <atomic>
#include <memory>
#include <string>

namespace troupe::archiver {

struct archiver_options {
  std::string node;
  std::string cluster; // its name, for people
  archive::options rules;
  archive::snapshot_options snapshots;
  store_opener open;
  std::size_t workers = 2;
  bool detached = true;                         // the workers, on threads of their own
  std::shared_ptr<std::atomic<bool>> cancelled; // is set when it ends, for the store; may be null
  std::uint64_t seed = 0;
  wire::disk_actor disk;
  std::function<wire::items_actor(std::uint64_t group)> items; // the worker that owns a group's items
  std::string scratch;              // folder for what is rebuilt; empty: nothing is
  std::size_t rebuilds = 2;         // at once
  std::uint64_t free_bytes_min = 0; // that the disk keeps, whatever is made there
  std::shared_ptr<kit::pace> takes; // bytes that are fetched for it; null: no bound
  wire::peers_actor peers;
  wire::ticker_actor ticker;
  const kit::clock* clock = nullptr; // outlives the actor
  kit::metrics_ptr metrics;
  // Called when it ends otherwise than by being stopped: nothing would be archived any more, and nobody would
  // see it. May be null.
  std::function<void(const std::string& why)> fail_stop;
};

archive::options rules_of(const config::archive_settings& settings);
archive::snapshot_options snapshots_of(const config::archive_settings& settings);

// Enrolls itself as {ROLE_ARCHIVER, 0}, and answers ArchiveRequest.
wire::scrubbed_archiver_actor spawn_archiver(caf::actor_system& system, archiver_options options);

} // namespace troupe::archiver
