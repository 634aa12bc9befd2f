// Three metadata nodes' agents on virtual time: the production agents, peers actors and identity files, with
// made-up replicas and disks behind them. Nodes crash at any message, links break, and a disk can be lost.
// One seed is one run.
//
// A made-up replica does what matters here: some time after it was started its log exists, and from then on
// it may have promised something. `violations` says what must never happen.
#pragma once
#include "actors/agent/agent_actor.h"
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "tests/nodes/virtual_clock.h"
#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace troupe::nodes_test {

// What is on a node's disk beside the identity file.
struct made_up_disk {
  std::set<std::uint64_t> logs; // groups
  std::set<std::uint64_t> items;
  int refusals = 0; // so many deletions of logs fail
};

struct agent_node {
  std::string directory;
  made_up_disk disk;
  std::uint64_t disk_id = 0; // 0: never started on this directory
  std::uint64_t runs = 0;
  bool up = false;
  kit::peers_options self;
  wire::peers_actor peers;
  agent::agent_actor agent;
  wire::disk_actor log_writer;
  wire::items_actor items;
  wire::role_actor admin;
  std::map<std::uint64_t, wire::replica_actor> replicas;
  // By group: what its replica says besides, how often it was asked, and how often told to fetch the items.
  std::map<std::uint64_t, msg::ReplicaReport> says;
  std::map<std::uint64_t, int> asked;
  std::map<std::uint64_t, int> told_to_grow;
  // What the archiver's place heard is passed over; by group, what the restorer was told: what to do, or
  // nothing.
  wire::archiver_actor archiver;
  wire::restorer_actor restorer;
  std::map<std::uint64_t, std::vector<std::optional<wire::restore_group>>> told_to_restore;
};

class agent_world {
public:
  explicit agent_world(std::uint64_t seed);
  ~agent_world();

  void boot(const std::string& name);
  void crash(const std::string& name);     // nothing is said to anybody
  void lose_disk(const std::string& name); // of a node that is down
  void connect(const std::string& a, const std::string& b);
  void connect_all();
  bool step(); // one message of one actor, chosen by the seed; false when there is none
  void run(std::chrono::milliseconds time);
  bool chance(int percent) { return static_cast<int>(dice_() % 100) < percent; }
  std::string any_node();

  // The metadata leader, made up: it gives these orders.
  msg::NodeOrders orders;

  std::map<std::string, agent_node> nodes;
  std::vector<std::string> violations;
  // (node, disk identity, group) -> how often a member was started fresh and its log came to be
  std::map<std::string, int> births;
  std::set<std::uint64_t> running(const std::string& name) const;
  // What the identity file of a node that is down says.
  std::map<std::uint64_t, msg::LocalReplica> recorded(const std::string& name) const;
  // One more group with a member on every node's present directory; its number.
  std::uint64_t order_group();
  void order_drop(std::uint64_t group);

private:
  friend struct made_up;
  void settle();
  wire::replica_actor spawn_replica(const std::string& name, const agent::replica_wish& wish);

  std::mt19937_64 dice_;
  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  virtual_clock clock_;
  std::string root_;
  std::uint64_t groups_ = 1;
};

} // namespace troupe::nodes_test
