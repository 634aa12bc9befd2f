// Three whole nodes on virtual time: the production peers, disk, item workers, replicas, admin, agent, pulse
// and router of each, over real files, on CAF's deterministic scheduler. Made up are only the clock, the
// threads, the wire between the nodes and the clients. The wire delays, loses and reorders, is cut in one
// direction or in both, and breaks for good when it has been silent for as long as CAF would bear it; nodes
// crash between any two messages.
//
// One seed is one run: which actor handles a message next, what happens on the wire and what clients ask are
// all drawn from it. `trace` is a digest of who ran when.
#pragma once
#include "actors/admin/admin_actor.h"
#include "actors/agent/agent_actor.h"
#include "actors/kit/deputies.h"
#include "actors/kit/node_config.h"
#include "actors/kit/peers_actor.h"
#include "actors/pulse/pulse_actor.h"
#include "actors/router/router_actor.h"
#include "actors/scrubber/scrubber_actor.h"
#include "tests/linearizability/history.h"
#include "tests/nodes/virtual_clock.h"
#include <caf/actor_system.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace troupe::nodes_test {

inline constexpr std::uint64_t first_group = wire::metadata_group + 1; // of the clients' table
inline constexpr std::int64_t request_ms = 1'500;                      // that a client gives the cluster

struct climate {
  int loss_percent = 0; // of envelopes
  int delay_ms = 0;     // each envelope takes up to that; so they overtake each other
};

class node_world {
public:
  node_world(std::uint64_t seed, climate weather);
  ~node_world();

  void boot(const std::string& node);
  void crash(const std::string& node); // nothing is said to anybody; its files stay
  bool up(const std::string& node) const { return nodes_.at(node).up; }
  void cut_road(const std::string& from, const std::string& to); // one direction
  void mend(const std::string& a, const std::string& b);         // both
  void calm();                                                   // everything whole, every node up
  void run(std::chrono::milliseconds time);

  // Makes the table the clients use; false when nobody did within 30 s.
  bool make_table();
  // Two clients beside each node, one request at a time each, while `on`.
  void load(bool on) { load_ = on; }
  bool quiet() const; // no client waits for an answer

  // In the item file of the clients' table on a node that is down: one record becomes another one, whose
  // checksum fits. False: there is none.
  bool forge(const std::string& node);
  // What the scrubbers of all nodes have counted, in all their runs.
  double counted(const std::string& family, const std::string& value) const; // with that label's value
  std::size_t quarantined(const std::string& node) const;                    // item files
  std::string leader();                      // node that serves that partition; empty: none
  std::vector<msg::ReplicaReport> reports(); // of the replicas of all partitions
  // Reads each register through some router, until it is answered; false when one is not within 30 s.
  bool read_all();

  const std::vector<linearizability::operation>& history() const { return recorder_.operations(); }
  std::uint64_t succeeded() const { return succeeded_; }
  std::uint64_t trace() const { return trace_; }
  std::uint64_t dice() { return dice_(); }
  const std::vector<std::string>& names() const;
  std::vector<std::string> violations; // what must never happen

private:
  friend struct wires;
  struct wire_end {
    wire::port_actor port; // what `from` holds for `to`; null: no connection
    bool cut = false;
    std::int64_t cut_since_us = 0;
  };
  struct one_node {
    std::string directory;
    bool up = false;
    std::uint64_t runs = 0;
    kit::peers_options self;
    wire::peers_actor peers;
    wire::ticker_actor ticker;
    wire::scrubbed_disk_actor disk;
    wire::scrubbed_items_actor items;
    scrubber::scrubber_actor scrubber;
    admin::admin_actor admin;
    router::router_actor router;
    agent::agent_actor agent;
    pulse::pulse_actor pulse;
    std::shared_ptr<kit::deputies> deputies;
    std::vector<wire::scrubbed_replica_actor> replicas;
    std::map<std::uint64_t, wire::scrubbed_replica_actor> newest; // by group
    std::vector<wire::role_actor> clients;
  };
  struct asker {
    std::string node;
    std::uint64_t sequence = 0;
    std::optional<linearizability::recorder::handle> open;
    linearizability::action what = linearizability::action::get;
    std::int64_t due_us = 0;
    std::map<std::string, linearizability::value> seen;
    std::optional<msg::AdminReply> admin_reply;
  };

  wire::replica_actor spawn_replica(const std::string& node, const agent::replica_wish& wish);
  void connect(const std::string& a, const std::string& b);
  void disconnect(const std::string& a, const std::string& b);
  void break_silent_wires();
  void ask(std::size_t who);
  void ask(std::size_t who, linearizability::operation op, msg::ItemRequest request);
  void post(std::size_t who, msg::Parcel parcel);
  void answered(std::size_t who, const msg::Parcel& reply);
  void give_up(asker& c);
  void step_clients();
  bool step();
  void settle();
  std::int64_t now() const { return clock_.now_us(); }

  climate weather_;
  std::mt19937_64 dice_;
  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  virtual_clock clock_;
  std::string root_;
  std::vector<std::shared_ptr<prometheus::Registry>> registries_;
  std::map<std::string, one_node> nodes_;
  std::map<std::pair<std::string, std::string>, wire_end> roads_;
  std::vector<asker> clients_;
  linearizability::recorder recorder_;
  bool load_ = false;
  std::uint64_t succeeded_ = 0;
  std::uint64_t trace_ = 0;
};

} // namespace troupe::nodes_test
