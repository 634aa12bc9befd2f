#include "actors/host/node.h"
#include "actors/admin/admin_actor.h"
#include "actors/agent/agent_actor.h"
#include "actors/archiver/archiver_actor.h"
#include "actors/disk/disk_actor.h"
#include "actors/disk/items_actor.h"
#include "actors/gateway/listener.h"
#include "actors/gateway/node_backend.h"
#include "actors/host/probe_actor.h"
#include "actors/host/process.h"
#include "actors/kit/dialer_actor.h"
#include "actors/kit/log.h"
#include "actors/kit/node_config.h"
#include "actors/kit/publish.h"
#include "actors/kit/spawn.h"
#include "actors/kit/ticker_actor.h"
#include "actors/pulse/pulse_actor.h"
#include "actors/replica/replica_actor.h"
#include "actors/restorer/restorer_actor.h"
#include "actors/router/router_actor.h"
#include "actors/scrubber/scrubber_actor.h"
#include "config/limits.h"
#include "storage/archive/open.h"
#include "storage/log_store.h"
#include "storage/meta_store.h"
#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <deque>
#include <filesystem>
#include <mutex>
#include <set>

namespace troupe::host {

namespace {

constexpr std::int64_t ticker_period_ms = 10;
constexpr auto api_stops_within = std::chrono::milliseconds(1500); // with requests under way answered
constexpr auto part_stops_within = std::chrono::milliseconds(1000);
constexpr auto dialer_stops_within =
    std::chrono::milliseconds(2500); // it waits for a connection that is being made
constexpr auto files_close_within =
    std::chrono::milliseconds(3000); // hundreds of them, each with a last checkpoint
constexpr auto agent_stops_within = std::chrono::milliseconds(agent::stop_within_ms + 500);

start_failure because(const storage::error& why) {
  return {why.code == storage::code::busy ? exit_busy : exit_data, why.text};
}

archiver::store_opener opener_of_archive(const config::archive_settings& where,
                                         std::shared_ptr<std::atomic<bool>> cancelled) {
  return [where, cancelled = std::move(cancelled)] {
    return storage::open_archive(where, storage::archive_use::as_it_is, cancelled.get(), kit::random_id());
  };
}

std::string address_of(const config::node& n) {
  return n.host + ":" + std::to_string(n.port);
}

// An actor that does not end in time still looks at it: it lives as long as the process, one for each node
// that was started here.
kit::common_clock& lasting_clock() {
  static std::mutex lock;
  static std::deque<kit::common_clock> clocks;
  std::lock_guard hold(lock);
  return clocks.emplace_back(kit::system_clock());
}

} // namespace

struct node::parts {
  caf::actor_system& system;
  config::cluster cluster;
  config::node here;
  kit::metrics_ptr metrics;
  node_options options;
  kit::common_clock& clock = lasting_clock();

  kit::peers_options peers_wish;
  std::unique_ptr<storage::meta_store> meta;
  std::unique_ptr<storage::log_store> log;
  std::set<std::uint64_t> logged;
  wire::peers_actor peers;
  wire::ticker_actor ticker;
  std::shared_ptr<kit::deputies> deputies = std::make_shared<kit::deputies>();
  pulse::pulse_actor pulse;
  wire::scrubbed_disk_actor disk;
  std::vector<wire::scrubbed_items_actor> items;
  wire::scrubbed_archiver_actor archiver; // null: nothing is archived
  wire::restorer_actor restorer;          // null likewise
  std::vector<kit::dialer_actor> dialers;
  admin::admin_actor admin;
  router::router_actor router;
  scrubber::scrubber_actor scrubber;
  agent::agent_actor agent;
  probe_actor probe;
  std::shared_ptr<std::atomic<bool>> ready =
      std::make_shared<std::atomic<bool>>(false); // the cluster answers
  std::shared_ptr<gateway::node_backend> backend;
  std::unique_ptr<gateway::listener> api;
  std::uint16_t port = 0; // 0: not published

  start_failure open_files();
  void spawn_peers();
  void spawn_storage();
  void spawn_archiver();
  void spawn_restorer();
  void spawn_roles();
  void spawn_probe();
  void spawn_dialers();
  start_failure open_api();
  wire::replica_actor spawn_replica(const agent::replica_wish& wish);
  wire::scrubbed_items_actor worker_of(std::uint64_t group) const;
  std::vector<std::string> names_of(bool config::node_roles::*role) const;
  void say(kit::level level, const std::string& text) const { kit::log(level, here.name, "host", text); }

  template <class Handle>
  void end(caf::scoped_actor& self, Handle& part, std::chrono::milliseconds within, const char* name);
};

// --- starting
// -------------------------------------------------------------------------------------------------

start_failure node::parts::open_files() {
  auto opened = storage::meta_store::open(here.data, cluster.name, here.name);
  if (!opened)
    return because(opened.error());
  meta = std::move(*opened);
  // A log is made before the first replica is recorded. Recorded replicas without a log have lost what they
  // promised; an empty log in its place would let them forget it.
  if (!meta->replicas().empty() && !std::filesystem::exists(meta->log_path()))
    return {exit_data, meta->log_path() + ": is gone, and " + std::to_string(meta->replicas().size()) +
                           " replicas with it. What they promised is not known any more: move " + here.data +
                           " away, and let the node begin anew with an empty one"};
  auto log_opened = storage::log_store::open(meta->log_path());
  if (!log_opened)
    return because(log_opened.error());
  log = std::move(*log_opened);
  auto groups = log->list_groups();
  logged.insert(groups.begin(), groups.end());
  return {};
}

void node::parts::spawn_peers() {
  peers_wish.cluster = cluster.name;
  peers_wish.self = {here.name, meta->disk(), kit::random_id(), false};
  peers_wish.seed = kit::random_id();
  peers_wish.clients_max = limits::clients;
  peers_wish.clock = &clock;
  peers = kit::spawn(system, kit::peers, peers_wish, metrics);
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
  archiver::archiver_options o;
  o.node = here.name;
  o.cluster = cluster.name;
  o.rules = archiver::rules_of(cluster.archive);
  o.snapshots = archiver::snapshots_of(cluster.archive);
  o.seed = kit::random_id();
  o.items = [this](std::uint64_t group) { return worker_of(group); };
  o.cancelled = std::make_shared<std::atomic<bool>>(false);
  o.open = opener_of_archive(cluster.archive, o.cancelled);
  o.disk = disk;
  o.peers = peers;
  o.ticker = ticker;
  o.clock = &clock;
  o.metrics = metrics;
  o.fail_stop = fail_stop;
  archiver = archiver::spawn_archiver(system, std::move(o));
  say(kit::level::info, "archives in " + storage::place_of(cluster.archive));
}

void node::parts::spawn_restorer() {
  if (!cluster.archive.on())
    return;
  restorer::restorer_options o;
  o.node = here.name;
  o.metadata_nodes = names_of(&config::node_roles::metadata);
  o.cancelled = std::make_shared<std::atomic<bool>>(false);
  o.open = [where = cluster.archive, cancelled = o.cancelled] {
    return storage::open_archive(where, storage::archive_use::as_it_is, cancelled.get(), kit::random_id());
  };
  o.scratch = here.data + "/restore";
  o.bytes_per_second = static_cast<std::uint64_t>(cluster.archive.restore_bytes_per_second);
  o.seed = kit::random_id();
  o.peers = peers;
  o.clock = &clock;
  o.metrics = metrics;
  restorer = restorer::spawn_restorer(system, std::move(o));
}

wire::replica_actor node::parts::spawn_replica(const agent::replica_wish& wish) {
  replica::replica_options o;
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
  o.node = here.name;
  o.seed = kit::random_id();
  o.replication = cluster.replication;
  o.storage = cluster.storage;
  o.inflight = static_cast<std::size_t>(cluster.requests.replica_inflight);
  o.peers = peers;
  o.ticker = ticker;
  o.disk = disk;
  o.items = worker_of(wish.group);
  o.archiver = archiver;
  o.mender = disk;
  o.deputies = deputies;
  o.clock = &clock;
  o.metrics = metrics;
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
  pulse::pulse_options beats;
  beats.heartbeat_us = cluster.replication.heartbeat_ms * 1000;
  beats.lease_us = cluster.replication.lease_ms * 1000;
  beats.deputies = deputies;
  beats.peers = peers;
  beats.clock = &clock;
  beats.metrics = metrics;
  pulse = pulse::spawn_pulse(system, std::move(beats));
  if (here.roles.metadata) {
    admin::admin_options o;
    o.node = here.name;
    o.storage_nodes = names_of(&config::node_roles::storage);
    o.metadata_nodes = names_of(&config::node_roles::metadata);
    o.heal.silence_us = cluster.healing.silence_ms * 1000;
    o.heal.grace_us = cluster.healing.grace_ms * 1000;
    o.rebuilds = static_cast<std::size_t>(cluster.healing.rebuilds);
    o.archive = cluster.archive.on();
    o.min_free_bytes = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
    o.seed = kit::random_id();
    o.peers = peers;
    o.clock = &clock;
    o.metrics = metrics;
    admin = admin::spawn_admin(system, std::move(o));
  }
  if (here.roles.router) {
    router::router_options o;
    o.node = here.name;
    o.metadata_nodes = names_of(&config::node_roles::metadata);
    o.inflight = static_cast<std::size_t>(cluster.requests.router_inflight);
    o.deadline_ms = cluster.requests.deadline_ms;
    o.seed = kit::random_id();
    o.peers = peers;
    o.clock = &clock;
    o.metrics = metrics;
    router = router::spawn_router(system, std::move(o));
  }
  scrubber::scrubber_options reader;
  reader.node = here.name;
  reader.scrub = cluster.scrub;
  reader.seed = kit::random_id();
  reader.peers = peers;
  reader.disk = disk;
  reader.items = [this](std::uint64_t group) { return worker_of(group); };
  reader.archiver = archiver;
  reader.archive.cancelled = std::make_shared<std::atomic<bool>>(false);
  reader.archive.open = opener_of_archive(cluster.archive, reader.archive.cancelled);
  reader.archive.scratch = here.data + "/scrub";
  reader.archive.free_bytes_min = static_cast<std::uint64_t>(cluster.storage.free_bytes_min);
  reader.piece_bytes = static_cast<std::uint64_t>(cluster.archive.segment_bytes);
  reader.clock = &clock;
  reader.metrics = metrics;
  scrubber = scrubber::spawn_scrubber(system, std::move(reader));
  agent::agent_options o;
  o.self.set_node(here.name);
  o.self.set_zone(here.zone);
  o.self.set_address(address_of(here));
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
  o.seed = kit::random_id();
  o.spawn_replica = [this](const agent::replica_wish& wish) { return spawn_replica(wish); };
  o.disk = disk;
  o.items = [this](std::uint64_t group) { return worker_of(group); };
  o.archiver = archiver;
  o.restorer = restorer;
  o.peers = peers;
  o.clock = &clock;
  o.metrics = metrics;
  agent = agent::spawn_agent(system, std::move(o));
}

// Who does not wait to hear that the node is ready takes it to be ready at once.
void node::parts::spawn_probe() {
  if (!options.on_ready) {
    *ready = true;
    return;
  }
  probe_options o;
  if (here.roles.router)
    o.ask.emplace_back(here.name, msg::ROLE_ROUTER);
  else
    for (const auto& name : names_of(&config::node_roles::metadata))
      o.ask.emplace_back(name, msg::ROLE_ADMIN);
  o.peers = peers;
  o.clock = &clock;
  o.on_ready = [flag = ready, tell = options.on_ready] {
    *flag = true;
    tell();
  };
  probe = system.spawn(host::probe, std::move(o));
}

void node::parts::spawn_dialers() {
  for (const auto& other : cluster.nodes) {
    if (!options.dial || other.name == here.name)
      continue;
    kit::dialer_options o;
    o.host = other.host;
    o.port = other.port;
    o.node = other.name;
    o.hello = kit::hello_of(peers_wish, other.name);
    o.own_port = caf::actor_cast<caf::strong_actor_ptr>(peers);
    o.make_connector = [&sys = system, tls = cluster.tls.enabled] {
      return tls ? kit::tls_connector(sys) : kit::plain_connector(sys);
    };
    o.on_failure = [name = here.name, peer = other.name](const std::string& why) {
      kit::log(kit::level::debug, name, "host", "node " + peer + " is not reached: " + why);
    };
    dialers.push_back(system.spawn(kit::dialer, std::move(o), peers));
  }
}

start_failure node::parts::open_api() {
  if (!here.roles.router || here.http_port == 0)
    return {};
  gateway::node_backend_options way;
  way.node = here.name;
  way.peers = peers;
  way.in_flight = static_cast<std::size_t>(cluster.api.in_flight);
  way.deadline = std::chrono::milliseconds(cluster.requests.deadline_ms);
  way.ready = [flag = ready] { return flag->load(); };
  backend = std::make_shared<gateway::node_backend>(system, std::move(way));
  gateway::listener_options o;
  o.host = here.host;
  o.port = here.http_port;
  o.api = cluster.api;
  o.metrics = metrics;
  o.backend = backend;
  auto opened = gateway::listener::open(std::move(o));
  if (!opened.running)
    return {opened.port_taken ? exit_busy : exit_config, opened.trouble};
  api = std::move(opened.running);
  const auto where = here.host + ":" + std::to_string(here.http_port);
  say(kit::level::info, "serves the DynamoDB API on http://" + where);
  if (cluster.api.auth == config::api_auth::none && !cluster.file.empty())
    say(kit::level::warning, "auth is none: everybody who reaches " + where + " may do everything");
  return {};
}

node::node(caf::actor_system& system, config::cluster cluster, std::string name, kit::metrics_ptr metrics,
           node_options options)
    : parts_(new parts{system, std::move(cluster), {}, std::move(metrics), std::move(options)}) {
  if (const auto* found = parts_->cluster.find(name))
    parts_->here = *found;
}

node::~node() {
  stop();
}

start_failure node::start() {
  auto& p = *parts_;
  if (p.here.name.empty())
    return {exit_config, "the cluster has no node of that name"};
  if (auto failure = p.open_files(); failure.failed())
    return failure;
  p.spawn_peers();
  auto opened = kit::publish(p.system, p.peers, p.here.host, p.here.port, p.cluster.tls.enabled);
  if (!opened.ok())
    return {exit_busy, opened.trouble};
  p.port = opened.port;
  p.spawn_storage();
  p.spawn_archiver();
  p.spawn_restorer();
  p.spawn_roles();
  p.spawn_probe();
  p.spawn_dialers();
  if (auto failure = p.open_api(); failure.failed())
    return failure;
  p.say(kit::level::info, "listens on " + address_of(p.here) + ", data in " + p.here.data);
  return {};
}

void node::link(node& a, node& b) {
  auto introduce = [](parts& to, parts& who) {
    caf::anon_send(to.peers, wire::link_up{kit::hello_of(who.peers_wish, to.here.name), who.peers});
  };
  introduce(*a.parts_, *b.parts_);
  introduce(*b.parts_, *a.parts_);
}

// --- stopping
// --------------------------------------------------------------------------------------------------

template <class Handle>
void node::parts::end(caf::scoped_actor& self, Handle& part, std::chrono::milliseconds within,
                      const char* name) {
  if (!part)
    return;
  self->monitor(part);
  self->send(part, wire::stop_atom::value);
  bool ended = false;
  bool late = false;
  auto address = part.address();
  self->receive_while([&] { return !ended && !late; })(
      [&](const caf::down_msg& down) { ended = down.source == address; },
      caf::after(within) >> [&] { late = true; });
  if (late)
    say(kit::level::warning, std::string("its ") + name + " did not end in time");
  part = nullptr;
}

// HTTP clients first, who can go to another node. Then replicas: while they hand over, the router still
// answers and follows them to their new leaders. What they wrote last is written before the files' owners
// end.
void node::stop() {
  auto& p = *parts_;
  if (!p.peers)
    return;
  if (p.api)
    p.api->stop(api_stops_within);
  p.api = nullptr;
  if (p.backend)
    p.backend->close();
  p.backend = nullptr;
  caf::scoped_actor self{p.system};
  p.end(self, p.probe, part_stops_within, "probe");
  p.end(self, p.agent, agent_stops_within, "agent");
  p.end(self, p.restorer, part_stops_within, "restorer");
  p.end(self, p.archiver, part_stops_within, "archiver");
  p.end(self, p.scrubber, part_stops_within, "scrubber");
  p.end(self, p.pulse, part_stops_within, "pulse");
  p.end(self, p.router, part_stops_within, "router");
  p.end(self, p.admin, part_stops_within, "admin");
  for (auto& dialer : p.dialers)
    p.end(self, dialer, dialer_stops_within, "dialer");
  if (p.port != 0)
    kit::unpublish(p.system, p.peers, p.port, p.cluster.tls.enabled);
  p.end(self, p.peers, part_stops_within, "link keeper");
  if (p.ticker)
    self->send_exit(p.ticker, caf::exit_reason::user_shutdown);
  for (auto& worker : p.items)
    p.end(self, worker, files_close_within, "item worker");
  p.end(self, p.disk, files_close_within, "log writer");
  p.say(kit::level::info, "has stopped");
}

} // namespace troupe::host
