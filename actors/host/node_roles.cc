// Spawns what holds a node's partitions and plays its roles, each with its part of the cluster file.
#include "actors/archiver/archiver_actor.h"
#include "actors/host/node_parts.h"
#include "actors/host/process.h"
#include "actors/kit/node_config.h"
#include "actors/kit/spawn.h"
#include "actors/kit/ticker_actor.h"
#include "actors/replica/replica_actor.h"
#include "actors/restorer/restorer_actor.h"
#include "config/limits.h"
#include "storage/archive/open.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::host {

namespace {

constexpr std::int64_t ticker_period_ms = 10;

archiver::store_opener opener_of_archive(const config::archive_settings& where,
                                         std::shared_ptr<std::atomic<bool>> cancelled) {
  return [where, cancelled = std::move(cancelled)] {
    return storage::open_archive(where, storage::archive_use::as_it_is, cancelled.get(), kit::random_id());
  };
}

} // namespace

// What all roles are told, as far as they are.
template <class Options>
Options node::parts::common() const {
  Options o;
  if constexpr (requires { o.node; })
    o.node = here.name;
  if constexpr (requires { o.seed; })
    o.seed = kit::random_id();
  o.peers = peers;
  o.clock = &clock;
  o.metrics = metrics;
  return o;
}

void node::parts::spawn_storage() {
  ticker = kit::spawn(system, kit::ticker, std::cref(clock), ticker_period_ms);
  disk::disk_options log_wish;
  log_wish.log = std::move(log);
  log_wish.directory = here.data;
  log_wish.free_bytes_min = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  log_wish.clock = &clock;
  log_wish.metrics = metrics;
  log_wish.fail_stop = fail_stop;
  disk = disk::spawn_disk(system, std::move(log_wish));
  auto workers = static_cast<std::size_t>(std::max(cluster.storage.item_workers, 1));
  for (std::size_t i = 0; i < workers + (here.roles.metadata ? 1 : 0); ++i) {
    disk::items_options wish;
    wish.directory = here.data;
    wish.free_bytes_min = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
    wish.open_max = std::max<std::size_t>(limits::open_item_stores / workers, 1);
    wish.clock = &clock;
    wish.metrics = metrics;
    wish.fail_stop = fail_stop;
    wish.gives = gives;
    items.push_back(disk::spawn_items(system, std::move(wish)));
  }
}

// The first nodes of a cluster make its archive. Later ones do not: an empty place where it was is a disk
// that is not mounted. Whatever is wrong with it is an alarm, and the node starts.
void node::parts::spawn_archiver() {
  if (!cluster.archive.on())
    return;
  if (meta->replicas().empty()) {
    auto made = storage::open_archive(cluster.archive, storage::archive_use::make);
    if (!made)
      say(kit::level::warning, "the archive cannot be made: " + made.error().text);
  }
  auto o = common<archiver::archiver_options>();
  o.cluster = cluster.name;
  o.rules = archiver::rules_of(cluster.archive);
  o.snapshots = archiver::snapshots_of(cluster.archive);
  o.items = [this](std::uint64_t group) { return worker_of(group); };
  o.scratch = here.data + "/snapshots";
  o.rebuilds = static_cast<std::size_t>(cluster.healing.rebuilds);
  o.free_bytes_min = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  o.takes = takes;
  o.cancelled = std::make_shared<std::atomic<bool>>(false);
  o.open = opener_of_archive(cluster.archive, o.cancelled);
  o.disk = disk;
  o.ticker = ticker;
  o.fail_stop = fail_stop;
  archiver = archiver::spawn_archiver(system, std::move(o));
  say(kit::level::info, "archives in " + storage::place_of(cluster.archive));
}

void node::parts::spawn_restorer() {
  if (!cluster.archive.on())
    return;
  auto o = common<restorer::restorer_options>();
  o.metadata_nodes = names_of(&config::node_roles::metadata);
  o.cancelled = std::make_shared<std::atomic<bool>>(false);
  o.open = opener_of_archive(cluster.archive, o.cancelled);
  o.scratch = here.data + "/restore";
  o.room.kept = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  o.bytes_per_second = static_cast<std::uint64_t>(cluster.archive.restore_bytes_per_second);
  restorer = restorer::spawn_restorer(system, std::move(o));
}

wire::replica_actor node::parts::spawn_replica(const agent::replica_wish& wish) {
  auto o = common<replica::replica_options>();
  o.group = wish.group;
  o.member = wish.member;
  o.kind = wish.kind;
  o.fresh = wish.fresh;
  o.configuration = wish.configuration;
  o.preferred_leader = wish.preferred_leader;
  o.table = wish.table;
  o.from = wish.from;
  o.to = wish.to;
  o.local_indexes = wish.local_indexes;
  o.replication = cluster.replication;
  o.storage = cluster.storage;
  o.inflight = static_cast<std::size_t>(cluster.requests.replica_inflight);
  o.ticker = ticker;
  o.disk = disk;
  o.items = worker_of(wish.group);
  o.archiver = archiver;
  o.mender = disk;
  o.deputies = deputies;
  o.takes = takes;
  auto made = replica::spawn_replica(system, std::move(o));
  caf::anon_send(scrubber, scrubber::resident_started{wish.group, wish.member, wish.table, made});
  return made;
}

// The metadata group has a worker of its own, the last one: it must answer also while partitions are busy.
wire::scrubbed_items_actor node::parts::worker_of(std::uint64_t group) const {
  if (here.roles.metadata && group == wire::metadata_group)
    return items.back();
  return items[group % (items.size() - (here.roles.metadata ? 1 : 0))];
}

std::vector<std::string> node::parts::names_of(bool config::node_roles::*role) const {
  std::vector<std::string> result;
  for (const auto& n : cluster.nodes)
    if (n.roles.*role)
      result.push_back(n.name);
  return result;
}

void node::parts::spawn_roles() {
  spawn_pulse();
  if (here.roles.metadata)
    spawn_admin();
  if (here.roles.router)
    spawn_router();
  spawn_scrubber();
  spawn_agent();
}

void node::parts::spawn_pulse() {
  auto o = common<pulse::pulse_options>();
  o.heartbeat_us = cluster.replication.heartbeat_ms * 1000;
  o.lease_us = cluster.replication.lease_ms * 1000;
  o.deputies = deputies;
  pulse = pulse::spawn_pulse(system, std::move(o));
}

void node::parts::spawn_admin() {
  auto o = common<admin::admin_options>();
  o.storage_nodes = names_of(&config::node_roles::storage);
  o.metadata_nodes = names_of(&config::node_roles::metadata);
  o.heal.silence_us = cluster.healing.silence_ms * 1000;
  o.heal.grace_us = cluster.healing.grace_ms * 1000;
  o.heal.archive = cluster.archive.on();
  o.rebuilds = static_cast<std::size_t>(cluster.healing.rebuilds);
  o.min_free_bytes = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  admin = admin::spawn_admin(system, std::move(o));
}

void node::parts::spawn_router() {
  auto o = common<router::router_options>();
  o.metadata_nodes = names_of(&config::node_roles::metadata);
  o.inflight = static_cast<std::size_t>(cluster.requests.router_inflight);
  o.deadline_ms = cluster.requests.deadline_ms;
  router = router::spawn_router(system, std::move(o));
}

void node::parts::spawn_scrubber() {
  auto o = common<scrubber::scrubber_options>();
  o.scrub = cluster.scrub;
  o.disk = disk;
  o.items = [this](std::uint64_t group) { return worker_of(group); };
  o.archiver = archiver;
  o.archive.cancelled = std::make_shared<std::atomic<bool>>(false);
  o.archive.open = opener_of_archive(cluster.archive, o.archive.cancelled);
  o.archive.scratch = here.data + "/scrub";
  o.archive.room.kept = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  o.piece_bytes = static_cast<std::uint64_t>(cluster.archive.segment_bytes);
  scrubber = scrubber::spawn_scrubber(system, std::move(o));
}

void node::parts::spawn_agent() {
  auto o = common<agent::agent_options>();
  o.self.set_node(here.name);
  o.self.set_zone(here.zone);
  o.self.set_address(address());
  o.self.set_version(version());
  o.self.set_started_ms(clock.unix_ms());
  o.self.set_run(peers_wish.self.run);
  o.self.set_storage(here.roles.storage);
  for (const auto& n : cluster.nodes)
    if (n.roles.metadata)
      o.metadata_nodes.push_back({n.name, n.zone});
  o.meta = std::move(meta);
  o.logged = std::move(logged);
  o.free_bytes_min = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  o.spawn_replica = [this](const agent::replica_wish& wish) { return spawn_replica(wish); };
  o.disk = disk;
  o.items = [this](std::uint64_t group) { return worker_of(group); };
  o.archiver = archiver;
  o.restorer = restorer;
  agent = agent::spawn_agent(system, std::move(o));
}

} // namespace troupe::host
