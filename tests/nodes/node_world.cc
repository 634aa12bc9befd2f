#include "tests/nodes/node_world.h"
#include "actors/client/requests.h"
#include "actors/client/values.h"
#include "actors/disk/disk_actor.h"
#include "actors/disk/items_actor.h"
#include "actors/kit/log.h"
#include "actors/kit/ticker_actor.h"
#include "actors/replica/replica_actor.h"
#include "storage/checksum.h"
#include "tests/nodes/directory.h"
#include <algorithm>
#include <caf/all.hpp>
#include <filesystem>
#include <sqlite3.h>

namespace troupe::nodes_test {

namespace lin = linearizability;
namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

constexpr int clients_per_node = 2;
constexpr std::int64_t scrub_cycle_ms = 3'000;
constexpr std::int64_t silence_us = 2'000'000; // after it CAF gives a connection up
constexpr milliseconds grain(5);

const std::vector<std::string> all_names{"n1", "n2", "n3"};

} // namespace

// The actors that are made up.
struct wires {
  // What one node holds for another: envelopes go in here, and come out there or not.
  static wire::port_actor::behavior_type road(wire::port_actor::pointer self, node_world* world,
                                              std::string from, std::string to) {
    return {
        [=](const msg::Hello&, const caf::strong_actor_ptr&) {
          return kit::hello_of(world->nodes_[to].self, from); // no node greets: connect() introduces them
        },
        [=](msg::Envelope& envelope) {
          auto& road = world->roads_[{from, to}];
          auto& there = world->nodes_[to];
          if (road.cut || !there.up || static_cast<int>(world->dice_() % 100) < world->weather_.loss_percent)
            return;
          auto late = world->dice_() % static_cast<std::uint64_t>(world->weather_.delay_ms + 1);
          self->delayed_send(there.peers, milliseconds(late), std::move(envelope));
        },
    };
  }

  static wire::role_actor::behavior_type client(wire::role_actor::pointer self, node_world* world,
                                                std::size_t who, wire::peers_actor peers) {
    self->send(peers, wire::enroll{wire::address(msg::ROLE_CLIENT, who + 1), self, false, {}});
    return {
        [=](const wire::inbox& mail) {
          for (auto& one : mail)
            world->answered(who, one.parcel);
        },
        [](const wire::peer_lost&) {},
    };
  }
};

node_world::node_world(std::uint64_t seed, climate weather)
    : weather_(weather), dice_(seed), config_(on_virtual_time()), system_(config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_),
      root_(fresh_directory()) {
  kit::set_log_level(kit::level::error);
  for (auto& name : all_names) {
    nodes_[name].directory = root_ + "/" + name;
    for (int i = 0; i < clients_per_node; ++i)
      clients_.emplace_back().node = name;
  }
}

node_world::~node_world() {
  for (auto& name : all_names)
    crash(name);
  settle();
  fs::remove_all(root_);
}

const std::vector<std::string>& node_world::names() const {
  return all_names;
}

void node_world::boot(const std::string& name) {
  auto& node = nodes_[name];
  auto meta = storage::meta_store::open(node.directory, "c", name);
  if (!meta)
    return violations.push_back(name + " does not start: " + meta.error().text);
  auto log = storage::log_store::open((*meta)->log_path());
  if (!log)
    return violations.push_back(name + " does not start: " + log.error().text);
  auto logged = (*log)->list_groups();
  auto registry = std::make_shared<prometheus::Registry>();
  auto metrics = std::make_shared<kit::metrics>(registry, name);
  node.up = true;
  node.self.cluster = "c";
  node.self.self = {name, (*meta)->disk(), ++node.runs, false};
  node.self.seed = dice_();
  node.self.clients_max = 8;
  node.peers = system_.spawn(kit::peers, node.self, metrics);
  node.ticker =
      system_.spawn(kit::ticker, std::cref(static_cast<const kit::clock&>(clock_)), std::int64_t{10});
  disk::disk_options writer;
  writer.log = std::move(*log);
  writer.directory = node.directory;
  writer.clock = &clock_;
  writer.metrics = metrics;
  node.disk = disk::spawn_disk(system_, std::move(writer), false);
  disk::items_options items;
  items.directory = node.directory;
  items.open_max = 16;
  items.clock = &clock_;
  items.metrics = metrics;
  node.items = disk::spawn_items(system_, std::move(items), false);
  node.deputies = std::make_shared<kit::deputies>();
  pulse::pulse_options beats;
  beats.heartbeat_us = config::replication_settings{}.heartbeat_ms * 1000;
  beats.lease_us = config::replication_settings{}.lease_ms * 1000;
  beats.deputies = node.deputies;
  beats.peers = node.peers;
  beats.clock = &clock_;
  beats.metrics = metrics;
  node.pulse = pulse::spawn_pulse(system_, std::move(beats));
  admin::admin_options admin;
  admin.node = name;
  admin.storage_nodes = all_names;
  admin.seed = dice_();
  admin.peers = node.peers;
  admin.clock = &clock_;
  admin.metrics = metrics;
  node.admin = admin::spawn_admin(system_, std::move(admin));
  router::router_options router;
  router.node = name;
  router.metadata_nodes = all_names;
  router.inflight = 64;
  router.deadline_ms = request_ms;
  router.seed = dice_();
  router.peers = node.peers;
  router.clock = &clock_;
  router.metrics = metrics;
  node.router = router::spawn_router(system_, std::move(router));
  scrubber::scrubber_options reader;
  reader.node = name;
  reader.scrub.cycle_ms = scrub_cycle_ms;
  reader.seed = dice_();
  reader.peers = node.peers;
  reader.disk = node.disk;
  reader.items = [items = node.items](std::uint64_t) { return items; };
  reader.clock = &clock_;
  reader.metrics = metrics;
  registries_.emplace_back(registry);
  node.scrubber = scrubber::spawn_scrubber(system_, std::move(reader));
  agent::agent_options agent;
  agent.self.set_node(name);
  agent.self.set_zone("zone of " + name);
  agent.self.set_run(node.runs);
  agent.self.set_storage(true);
  for (auto& one : all_names)
    agent.metadata_nodes.push_back({one, "zone of " + one});
  agent.meta = std::move(*meta);
  agent.logged.insert(logged.begin(), logged.end());
  agent.seed = dice_();
  agent.spawn_replica = [this, name](const agent::replica_wish& wish) { return spawn_replica(name, wish); };
  agent.disk = node.disk;
  agent.items = [items = node.items](std::uint64_t) { return items; };
  agent.peers = node.peers;
  agent.clock = &clock_;
  agent.metrics = metrics;
  node.agent = agent::spawn_agent(system_, std::move(agent), false);
  for (std::size_t i = 0; i < clients_.size(); ++i)
    if (clients_[i].node == name)
      node.clients.push_back(system_.spawn(wires::client, this, i, node.peers));
  for (auto& other : all_names)
    if (other != name)
      connect(name, other);
  settle(); // its clients are enrolled
}

wire::replica_actor node_world::spawn_replica(const std::string& name, const agent::replica_wish& wish) {
  auto& node = nodes_[name];
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
  o.node = name;
  o.seed = dice_();
  o.inflight = 64;
  o.peers = node.peers;
  o.ticker = node.ticker;
  o.disk = node.disk;
  o.items = node.items;
  o.mender = node.disk;
  o.deputies = node.deputies;
  o.clock = &clock_;
  o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), name);
  auto& made = node.replicas.emplace_back(replica::spawn_replica(system_, std::move(o)));
  node.newest[wish.group] = made;
  caf::anon_send(node.scrubber, scrubber::resident_started{wish.group, wish.member, wish.table, made});
  return made;
}

void node_world::crash(const std::string& name) {
  auto& node = nodes_[name];
  if (!node.up)
    return;
  scheduler_.clock().advance_time(grain); // and now in the middle of what that set off
  for (auto some = dice_() % 32; some > 0 && step(); --some) {
  }
  node.up = false;
  for (auto& other : all_names)
    if (other != name)
      disconnect(name, other);
  auto end = [](auto& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    actor = nullptr;
  };
  for (auto& r : node.replicas)
    end(r);
  for (auto& c : node.clients)
    end(c);
  node.replicas.clear();
  node.newest.clear();
  node.clients.clear();
  end(node.agent);
  end(node.admin);
  end(node.router);
  end(node.pulse);
  end(node.scrubber);
  end(node.disk);
  end(node.items);
  end(node.ticker);
  end(node.peers);
  for (auto& c : clients_)
    if (c.node == name)
      give_up(c);
  settle(); // its files are closed
}

void node_world::connect(const std::string& a, const std::string& b) {
  auto& there = roads_[{a, b}];
  auto& back = roads_[{b, a}];
  if (!up(a) || !up(b) || there.port || there.cut || back.cut)
    return;
  auto introduce = [this](const std::string& to, const std::string& who) {
    auto port = system_.spawn(wires::road, this, to, who);
    roads_[{to, who}].port = port;
    caf::anon_send(nodes_[to].peers, wire::link_up{kit::hello_of(nodes_[who].self, to), port});
  };
  introduce(a, b);
  introduce(b, a);
}

// Both sides hear of it.
void node_world::disconnect(const std::string& a, const std::string& b) {
  for (auto* end : {&roads_[{a, b}], &roads_[{b, a}]})
    if (end->port) {
      caf::anon_send_exit(end->port, caf::exit_reason::kill);
      end->port = nullptr;
    }
}

void node_world::cut_road(const std::string& from, const std::string& to) {
  auto& road = roads_[{from, to}];
  if (!road.cut)
    road.cut_since_us = now();
  road.cut = true;
}

void node_world::mend(const std::string& a, const std::string& b) {
  roads_[{a, b}].cut = roads_[{b, a}].cut = false;
  connect(a, b);
}

void node_world::calm() {
  weather_ = {};
  for (auto& name : all_names)
    if (!up(name))
      boot(name);
  mend("n1", "n2");
  mend("n1", "n3");
  mend("n2", "n3");
}

void node_world::break_silent_wires() {
  for (auto& [ends, road] : roads_)
    if (road.cut && road.port && now() - road.cut_since_us > silence_us)
      disconnect(ends.first, ends.second);
}

// One message of one actor. Actors are told apart by their number, which is the order they were made in, so
// that the choice does not depend on addresses.
bool node_world::step() {
  auto& jobs = scheduler_.jobs;
  if (jobs.empty())
    return false;
  std::vector<std::pair<caf::actor_id, std::size_t>> ready;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (auto actor = dynamic_cast<caf::abstract_actor*>(jobs[i]))
      ready.emplace_back(actor->id(), i);
    else
      ready.emplace_back(0, i);
  std::sort(ready.begin(), ready.end());
  auto [id, at] = ready[dice_() % ready.size()];
  std::swap(jobs[0], jobs[at]);
  scheduler_.run_once();
  trace_ = (trace_ ^ (id + static_cast<std::uint64_t>(now()))) * 1'099'511'628'211u;
  return true;
}

void node_world::settle() {
  while (step()) {
  }
}

void node_world::run(milliseconds time) {
  for (auto end = now() + time.count() * 1000; now() < end;) {
    scheduler_.clock().advance_time(grain);
    break_silent_wires();
    step_clients();
    settle();
  }
}

// --- the scrub

bool node_world::forge(const std::string& name) {
  const auto path = nodes_.at(name).directory + "/items/" + std::to_string(first_group) + ".db";
  sqlite3* db = nullptr;
  sqlite3_stmt* get = nullptr;
  sqlite3_stmt* put = nullptr;
  bool done =
      sqlite3_open(path.c_str(), &db) == SQLITE_OK &&
      sqlite3_prepare_v2(db, "SELECT id, k, v FROM items ORDER BY k", -1, &get, nullptr) == SQLITE_OK &&
      sqlite3_step(get) == SQLITE_ROW;
  if (done) {
    auto text = [&](int column) {
      return std::string(static_cast<const char*>(sqlite3_column_blob(get, column)),
                         static_cast<std::size_t>(sqlite3_column_bytes(get, column)));
    };
    const auto id = sqlite3_column_int64(get, 0);
    const auto key = text(1);
    auto value = text(2);
    value.back() = static_cast<char>(value.back() ^ 1);
    sqlite3_finalize(get);
    get = nullptr;
    done = sqlite3_prepare_v2(db, "UPDATE items SET v=?, check_sum=? WHERE id=?", -1, &put, nullptr) ==
           SQLITE_OK;
    sqlite3_bind_blob(put, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    sqlite3_bind_int64(put, 2, static_cast<std::int64_t>(storage::record_checksum(key, value)));
    sqlite3_bind_int64(put, 3, id);
    done = done && sqlite3_step(put) == SQLITE_DONE;
  }
  sqlite3_finalize(get);
  sqlite3_finalize(put);
  sqlite3_close(db);
  return done;
}

double node_world::counted(const std::string& family, const std::string& value) const {
  double sum = 0;
  for (const auto& registry : registries_)
    for (const auto& one : registry->Collect())
      for (const auto& metric : one.metric)
        for (const auto& label : metric.label)
          if (one.name == family && label.value == value)
            sum += metric.counter.value;
  return sum;
}

std::size_t node_world::quarantined(const std::string& name) const {
  std::error_code none;
  std::size_t files = 0;
  for (const auto& one : fs::directory_iterator(nodes_.at(name).directory + "/quarantine", none))
    files += one.path().extension() == ".db";
  return files;
}

std::vector<msg::ReplicaReport> node_world::reports() {
  std::vector<msg::ReplicaReport> all;
  for (auto& name : all_names)
    for (auto& [group, replica] : nodes_[name].newest) {
      if (group == wire::metadata_group || !up(name))
        continue;
      caf::scoped_actor person(system_);
      auto asking = person->request(replica, caf::infinite, wire::report_atom::value);
      settle();
      asking.receive([&](msg::ReplicaReport& what) { all.push_back(std::move(what)); }, [](caf::error&) {});
    }
  return all;
}

std::string node_world::leader() {
  for (auto& name : all_names) {
    auto replica = nodes_[name].newest.find(first_group);
    if (!up(name) || replica == nodes_[name].newest.end())
      continue;
    bool serves = false;
    caf::scoped_actor person(system_);
    auto asking = person->request(replica->second, caf::infinite, wire::scrub_view_atom::value);
    settle();
    asking.receive([&](const wire::scrub_view& view) { serves = view.serves; }, [](caf::error&) {});
    if (serves)
      return name;
  }
  return {};
}

// --- clients

bool node_world::quiet() const {
  return std::none_of(clients_.begin(), clients_.end(), [](const asker& c) { return c.open.has_value(); });
}

} // namespace troupe::nodes_test
