#include "tests/nodes/agent_world.h"
#include "actors/kit/log.h"
#include "tests/nodes/directory.h"
#include "tests/unit/stand_in.h"
#include <algorithm>
#include <caf/all.hpp>
#include <filesystem>

namespace troupe::nodes_test {

namespace {

const std::vector<agent::metadata_node> metadata_nodes{{"n1", "a"}, {"n2", "b"}, {"n3", "c"}};

} // namespace

// Of the made-up replica.
struct replica_state {
  static inline const char* name = "made-up replica";
  bool there = false; // its log exists
};

// The actors behind the agent.
struct made_up {
  static wire::disk_actor::behavior_type log_writer(wire::disk_actor::pointer self, agent_world* world,
                                                    std::string name) {
    return testing::stand_in<wire::disk_actor>([=](const wire::drop_log& what) {
      auto& on = world->nodes[name].disk;
      if (on.refusals == 0)
        on.logs.erase(what.group);
      else if (on.refusals-- > 0)
        self->make_response_promise().deliver(caf::make_error(caf::sec::runtime_error, "disk I/O error"));
    });
  }

  static wire::items_actor::behavior_type items(wire::items_actor::pointer, agent_world* world,
                                                std::string name) {
    return testing::stand_in<wire::items_actor>(
        [=](const wire::drop_items& what) { world->nodes[name].disk.items.erase(what.group); });
  }

  static wire::archiver_actor::behavior_type archiver(wire::archiver_actor::pointer) {
    return testing::stand_in<wire::archiver_actor>();
  }

  static wire::restorer_actor::behavior_type restorer(wire::restorer_actor::pointer, agent_world* world,
                                                      std::string name) {
    return testing::stand_in<wire::restorer_actor>(
        [=](const wire::restore_group& what) {
          world->nodes[name].told_to_restore[what.group].emplace_back(what);
        },
        [=](const wire::restore_forget& what) {
          world->nodes[name].told_to_restore[what.group].emplace_back(std::nullopt);
        });
  }

  // Leads on n1; elsewhere says so. Answers every report with the world's orders.
  static wire::role_actor::behavior_type admin(wire::role_actor::pointer self, agent_world* world,
                                               std::string name) {
    auto peers = world->nodes[name].peers;
    self->send(peers, wire::enroll{wire::address(msg::ROLE_ADMIN), self, false});
    return testing::stand_in<wire::role_actor>([=](const wire::inbox& mail) {
      wire::outbox out;
      for (const auto& from : mail) {
        if (!from.parcel.has_node_report())
          continue;
        auto reply = wire::reply_to(from.parcel);
        auto& body = *reply.mutable_node_orders();
        if (name != "n1") {
          body.mutable_status()->set_code(msg::MOVED);
          body.mutable_moved()->set_leader_node("n1");
        } else if (from.parcel.node_report().meta_version() == world->orders.version()) {
          body.set_version(world->orders.version()); // as the admin answers who has acted on these already
          body.set_metadata(world->orders.metadata());
          body.set_unchanged(true);
        } else {
          body = world->orders;
        }
        out.push_back({from.from->node, std::move(reply)});
      }
      self->send(peers, std::move(out));
    });
  }

  using replica_pointer = wire::replica_actor::stateful_pointer<replica_state>;

  static void come_to_be(replica_pointer self, agent_world* world, const std::string& name,
                         const agent::replica_wish& wish) {
    auto& disk = world->nodes[name].disk;
    auto who = name + " group " + std::to_string(wish.group);
    self->state.there = true;
    if (!wish.fresh) {
      if (disk.logs.count(wish.group) == 0)
        world->violations.push_back(who + ": started again without a log");
      return;
    }
    if (!disk.logs.insert(wish.group).second)
      world->violations.push_back(who + ": started fresh although its log exists");
    disk.items.insert(wish.group);
    for (const auto& member : wish.configuration.members())
      if (member.id() == wish.member && ++world->births[who + " disk " + std::to_string(member.disk())] > 1)
        world->violations.push_back(who + ": born twice on one disk");
  }

  static wire::replica_actor::behavior_type replica(replica_pointer self, agent_world* world,
                                                    std::string name, agent::replica_wish wish) {
    self->state.there = false; // said here because CAF was seen not to (0.17.6)
    self->delayed_send(self, std::chrono::milliseconds(world->dice_() % 200), wire::tick_atom::value);
    return testing::stand_in<wire::replica_actor>(
        [=](wire::tick_atom) { come_to_be(self, world, name, wish); }, [=](wire::stop_atom) { self->quit(); },
        [=](wire::grow_atom) { ++world->nodes[name].told_to_grow[wish.group]; },
        [=](wire::report_atom) {
          ++world->nodes[name].asked[wish.group];
          msg::ReplicaReport report = world->nodes[name].says[wish.group];
          report.set_group(wish.group);
          report.set_member(wish.member);
          if (self->state.there) {
            report.set_epoch(1);
            report.set_leader(1);
          }
          return report;
        });
  }
};

agent_world::agent_world(std::uint64_t seed)
    : dice_(seed), config_(on_virtual_time()), system_(config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
  kit::set_log_level(kit::level::error);
  root_ = fresh_directory();
  for (const auto& one : metadata_nodes)
    nodes[one.name].directory = root_ + "/" + one.name;
  orders.set_version(1);
  orders.set_metadata(42);
}

agent_world::~agent_world() {
  for (auto& [name, node] : nodes)
    crash(name);
  settle();
  std::filesystem::remove_all(root_);
}

std::string agent_world::any_node() {
  return metadata_nodes[dice_() % metadata_nodes.size()].name;
}

wire::replica_actor agent_world::spawn_replica(const std::string& name, const agent::replica_wish& wish) {
  auto replica = system_.spawn(made_up::replica, this, name, wish);
  nodes[name].replicas[wish.group] = replica;
  return replica;
}

void agent_world::boot(const std::string& name) {
  auto& node = nodes[name];
  auto opened = storage::meta_store::open(node.directory, "c", name);
  if (!opened) {
    violations.push_back(name + ": " + opened.error().text);
    return;
  }
  node.up = true;
  node.disk_id = (*opened)->disk();
  ++node.runs;
  auto metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), name);
  node.self.cluster = "c";
  node.self.self = {name, node.disk_id, node.runs, false};
  node.self.seed = dice_();
  node.peers = system_.spawn(kit::peers, node.self, metrics);
  node.log_writer = system_.spawn(made_up::log_writer, this, name);
  node.items = system_.spawn(made_up::items, this, name);
  node.admin = system_.spawn(made_up::admin, this, name);
  node.archiver = system_.spawn(made_up::archiver);
  node.restorer = system_.spawn(made_up::restorer, this, name);
  agent::agent_options o;
  o.self.set_node(name);
  o.self.set_run(node.runs);
  o.self.set_storage(true);
  o.metadata_nodes = metadata_nodes;
  o.meta = std::move(*opened);
  o.logged = node.disk.logs;
  o.spawn_replica = [this, name](const agent::replica_wish& wish) { return spawn_replica(name, wish); };
  o.disk = node.log_writer;
  o.items = [items = node.items](std::uint64_t) { return items; };
  o.archiver = node.archiver;
  o.restorer = node.restorer;
  o.peers = node.peers;
  o.clock = &clock_;
  o.metrics = metrics;
  node.agent = agent::spawn_agent(system_, std::move(o), false);
}

void agent_world::crash(const std::string& name) {
  auto& node = nodes[name];
  if (!node.up)
    return;
  node.up = false;
  for (auto& [group, replica] : node.replicas)
    caf::anon_send_exit(replica, caf::exit_reason::kill);
  caf::anon_send_exit(node.agent, caf::exit_reason::kill);
  caf::anon_send_exit(node.admin, caf::exit_reason::kill);
  caf::anon_send_exit(node.log_writer, caf::exit_reason::kill);
  caf::anon_send_exit(node.items, caf::exit_reason::kill);
  caf::anon_send_exit(node.archiver, caf::exit_reason::kill);
  caf::anon_send_exit(node.restorer, caf::exit_reason::kill);
  caf::anon_send_exit(node.peers, caf::exit_reason::kill);
  node.replicas.clear();
  node.agent = nullptr;
  node.admin = nullptr;
  node.log_writer = nullptr;
  node.items = nullptr;
  node.archiver = nullptr;
  node.restorer = nullptr;
  node.peers = nullptr;
  settle(); // the lock of its directory is free again
}

void agent_world::lose_disk(const std::string& name) {
  std::filesystem::remove_all(nodes[name].directory);
  nodes[name].disk = {};
  nodes[name].disk_id = 0;
}

std::map<std::uint64_t, msg::LocalReplica> agent_world::recorded(const std::string& name) const {
  std::map<std::uint64_t, msg::LocalReplica> result;
  if (auto opened = storage::meta_store::open(nodes.at(name).directory, "c", name))
    for (const auto& replica : (*opened)->replicas())
      result[replica.group()] = replica;
  return result;
}

std::uint64_t agent_world::order_group() {
  auto& partition = *orders.add_partitions();
  partition.set_group(++groups_);
  partition.set_table("t");
  partition.mutable_configuration()->set_epoch(1);
  for (const auto& one : metadata_nodes) {
    auto& member = *partition.mutable_configuration()->add_members();
    member.set_id(static_cast<std::uint64_t>(partition.configuration().members_size()));
    member.set_node(one.name);
    member.set_disk(nodes[one.name].disk_id);
  }
  orders.set_version(orders.version() + 1);
  return groups_;
}

void agent_world::order_drop(std::uint64_t group) {
  auto& wanted = *orders.mutable_partitions();
  auto gone = std::remove_if(wanted.begin(), wanted.end(), [&](const auto& p) { return p.group() == group; });
  wanted.erase(gone, wanted.end());
  orders.add_drop(group);
  orders.set_version(orders.version() + 1);
}

void agent_world::connect(const std::string& a, const std::string& b) {
  auto& one = nodes[a];
  auto& other = nodes[b];
  if (!one.up || !other.up)
    return;
  auto introduce = [](agent_node& to, agent_node& who, const std::string& expected) {
    caf::anon_send(to.peers, wire::link_up{kit::hello_of(who.self, expected), who.peers});
  };
  introduce(one, other, a);
  introduce(other, one, b);
}

void agent_world::connect_all() {
  connect("n1", "n2");
  connect("n1", "n3");
  connect("n2", "n3");
}

bool agent_world::step() {
  auto& jobs = scheduler_.jobs;
  if (jobs.empty())
    return false;
  auto shift = static_cast<std::ptrdiff_t>(dice_() % jobs.size());
  std::rotate(jobs.begin(), jobs.begin() + shift, jobs.end());
  scheduler_.run_once();
  return true;
}

void agent_world::settle() {
  while (step()) {
  }
}

void agent_world::run(std::chrono::milliseconds time) {
  for (auto end = scheduler_.clock().now() + time; scheduler_.clock().now() < end;) {
    scheduler_.clock().advance_time(std::chrono::milliseconds(5));
    settle();
  }
}

std::set<std::uint64_t> agent_world::running(const std::string& name) const {
  std::set<std::uint64_t> groups;
  for (const auto& [group, replica] : nodes.at(name).replicas)
    groups.insert(group);
  return groups;
}

} // namespace troupe::nodes_test
