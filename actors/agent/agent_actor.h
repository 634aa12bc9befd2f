// Starts and stops what its node should run, and tells the metadata leader what it runs. One per node.
//
// What should run here is durable in the node's identity file before it is started (storage/meta_store.h), so
// a node that is started again runs it without asking anybody. Orders from the metadata leader add to it and
// take away from it (roster.h). On metadata nodes it also forms the metadata group (formation.h).
//
// The identity file blocks: spawn the agent detached.
#pragma once
#include "actors/agent/formation.h"
#include "actors/kit/clock.h"
#include "actors/kit/metrics.h"
#include "actors/wire/archive_roles.h"
#include "actors/wire/restore_roles.h"
#include "storage/meta_store.h"
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::agent {

// Ended with stop_atom: its replicas hand over and end, then it quits, within stop_within_ms.
using agent_actor =
    wire::role_actor::extend<caf::reacts_to<wire::tick_atom>, caf::reacts_to<wire::stop_atom>>;

inline constexpr std::int64_t stop_within_ms = 2'000;

// One replica to be spawned. See replica::replica_options.
struct replica_wish {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  msg::MemberKind kind = msg::STORAGE_REPLICA;
  bool fresh = false;
  bool preferred_leader = false;
  msg::Configuration configuration;
  std::string table;
  std::string from;
  std::string to;
  msg::LocalIndexes local_indexes;
};

struct agent_options {
  // What the node says of itself: node, zone, address, version, started_ms, run, storage.
  msg::NodeReport self;
  std::vector<metadata_node> metadata_nodes;
  std::unique_ptr<storage::meta_store> meta;
  std::set<std::uint64_t> logged; // groups that the log held when it was opened
  std::uint64_t free_bytes_min = 0;
  std::uint64_t seed = 0;
  std::function<wire::replica_actor(const replica_wish&)> spawn_replica;
  wire::disk_actor disk;
  std::function<wire::items_actor(std::uint64_t group)> items; // the worker that owns a group's items
  wire::archiver_actor archiver;                               // null: nothing is archived
  wire::restorer_actor restorer;                               // null: nothing is restored
  wire::peers_actor peers;
  const kit::clock* clock = nullptr; // outlives the actor
  kit::metrics_ptr metrics;
};

struct agent_state;

// Enrolls itself as {ROLE_AGENT, 0}. Reports to the metadata leader's admin, takes NodeOrders and
// FormRequest.
agent_actor::behavior_type agent(agent_actor::stateful_pointer<agent_state> self, agent_options options);

// `detached`: on a thread of its own, as everywhere but on virtual time.
agent_actor spawn_agent(caf::actor_system& system, agent_options options, bool detached = true);

} // namespace troupe::agent
