// One member of one replication group, as an actor: the shell around core/paxos.
//
// It decides nothing of the protocol. It keeps one order - persist, then speak, then answer - and holds what
// the protocol does not: the state machine (overlay.h over the item store), evaluation of requests against
// the newest state (writes.cc), reads (reads.cc), and the promises to those who asked.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/deputies.h"
#include "actors/kit/metrics.h"
#include "actors/kit/token_bucket.h"
#include "actors/wire/archive_roles.h"
#include "config/settings.h"
#include <caf/typed_event_based_actor.hpp>
#include <memory>
#include <string>

namespace troupe::replica {

// Everything a replica is given when it is spawned.
struct replica_options {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  msg::MemberKind kind = msg::STORAGE_REPLICA;
  // Made just now by an order that can be given only once. Its log and items do not exist yet, and it has
  // promised nobody anything: see paxos::restored::fresh.
  bool fresh = false;
  msg::Configuration configuration; // the initial one; what disk says wins when there is something
  bool preferred_leader = false;    // campaigns at once when fresh
  std::string table;                // for people and labels; "" for the metadata group
  std::string from;                 // the partition's range of encoded keys, [from, to)
  std::string to;
  msg::LocalIndexes local_indexes; // of its table
  std::string node;                // this node's name
  std::uint64_t seed = 0;
  config::replication_settings replication;
  config::storage_settings storage;
  std::size_t inflight = 0; // requests at once, past that OVERLOADED

  wire::peers_actor peers;
  wire::ticker_actor ticker;
  wire::disk_actor disk;
  wire::items_actor items;       // unused by a log replica
  wire::archiver_actor archiver; // null: nothing is archived, and the log may be cut without it
  caf::typed_actor<caf::reacts_to<wire::mend_entries>>
      mender;                              // of the log; may be null: then nobody asks for it
  std::shared_ptr<kit::deputies> deputies; // null: it never rests
  std::shared_ptr<kit::pace> takes;        // bytes of snapshots that are fetched; null: no bound
  const kit::clock* clock = nullptr;       // outlives the actor
  kit::metrics_ptr metrics;
};

struct replica_state;
using replica_pointer = wire::scrubbed_replica_actor::stateful_pointer<replica_state>;

// Enrolls itself with the peers actor under {ROLE_REPLICA, group} when it is ready to speak.
wire::scrubbed_replica_actor::behavior_type replica(replica_pointer self, replica_options options);

// For those who do not see replica_state.
wire::scrubbed_replica_actor spawn_replica(caf::actor_system& system, replica_options options);

} // namespace troupe::replica
