// Gives new partitions the items they are to begin with: those that another partition had, out of the
// archive. One per node, where the cluster file names an archive; it works where its node's replica leads.
//
// What it writes goes through the partition's log like any client's writes, in batches, one after the other,
// not faster than it may, so that all members and the archive have it, and it is there after whatever may
// happen. Two of them on two nodes, of which one does not know yet that it leads no more, are harmless to
// each other: they write the same items. That none of them writes over what a client has written is
// docs/decisions/017-backups.md: each batch is bound to the leadership it began in, which the metadata is
// asked about once it holds: whether all items are there already.
//
// One partition at a time: it needs up to three times as much room on the disk as that has items, and with
// less it waits. Where something is in the way it begins anew, later each time.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/restorer/rebuild_worker.h"
#include "actors/wire/restore_roles.h"
#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace troupe::restorer {

struct restorer_options {
  std::string node;
  std::vector<std::string> metadata_nodes;
  store_opener open;
  std::string scratch;                          // a directory of its own
  storage::spare_room room;                     // there
  std::uint64_t bytes_per_second = 0;           // written, at most; not 0
  bool detached = true;                         // the worker, on a thread of its own
  std::shared_ptr<std::atomic<bool>> cancelled; // is set when it ends, for the store; may be null
  std::uint64_t seed = 0;
  wire::peers_actor peers;
  const kit::clock* clock = nullptr; // outlives the actor
  kit::metrics_ptr metrics;
};

// Enrolls itself as {ROLE_RESTORER, 0}.
wire::restorer_actor spawn_restorer(caf::actor_system& system, restorer_options options);

} // namespace troupe::restorer
