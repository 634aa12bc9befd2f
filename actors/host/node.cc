#include "actors/host/node.h"
#include "actors/host/node_parts.h"
#include "actors/host/process.h"
#include "actors/kit/node_config.h"
#include "actors/kit/publish.h"
#include "actors/kit/spawn.h"
#include "config/limits.h"
#include <caf/all.hpp>
#include <deque>
#include <filesystem>
#include <mutex>

namespace troupe::host {

namespace {

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

} // namespace

// --- starting
// -------------------------------------------------------------------------------------------------

kit::common_clock& node::parts::lasting_clock() {
  static std::mutex lock;
  static std::deque<kit::common_clock> clocks;
  std::lock_guard hold(lock);
  return clocks.emplace_back(kit::system_clock());
}

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
  p.say(kit::level::info, "listens on " + p.address() + ", data in " + p.here.data);
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
