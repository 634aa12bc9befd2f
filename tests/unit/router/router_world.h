// One production router on virtual time. What is beside it is the test itself: it sees each parcel the router
// sends, and answers or not.
#pragma once
#include "actors/kit/node_config.h"
#include "actors/router/router_actor.h"
#include "tests/nodes/virtual_clock.h"
#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <string>

namespace troupe::router {

class router_world {
public:
  explicit router_world(std::size_t inflight = 16, std::uint64_t seed = 1);
  ~router_world();

  // A client's request under this id, with two seconds to go.
  void put(std::uint64_t id, const std::string& key);
  void get(std::uint64_t id, const std::string& key, bool eventual = false);
  void scan(std::uint64_t id);
  void ask(std::uint64_t id, msg::ItemRequest request);
  void describe(std::uint64_t id, msg::DescribeTable::Source source, const std::string& table = "t");

  // What the router has sent to clients, replicas and metadata nodes, in order; taken away.
  std::optional<wire::outgoing> next_to(msg::Role role);
  // The same, of which there must be one.
  wire::outgoing to(msg::Role role);

  // Answers that come from the node a question went to.
  void answer(const wire::outgoing& question, msg::ReplicaReply reply);
  void undelivered(const wire::outgoing& question);
  void moved(const wire::outgoing& question, const std::string& leader);
  // Table "t" with one partition, group 7, on n1, n2 and n3; the router is on n1.
  void give_map(const wire::outgoing& question);
  // The same with a table of these keys and options.
  void give_map_of(const wire::outgoing& question, const msg::TableRecord& table);
  // Lets the router come to know it.
  void learn_map();
  // The same map without the table, of a later version.
  void give_map_without_table(const wire::outgoing& question);
  // The table has been deleted, and another one of its name made since: table 2, whose key is named
  // `key`, in group 8.
  void give_map_of_another(const wire::outgoing& question, const std::string& key = "id",
                           msg::KeyType type = msg::KEY_TYPE_S);
  // The newest question for the map; the test fails when there is none.
  wire::outgoing map_question();
  void nothing_new(const wire::outgoing& question); // the map is still the newest
  void lose(const std::string& node);               // the link to it

  void run(std::chrono::milliseconds time);

private:
  void deliver(const std::string& from, msg::Parcel parcel);

  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  nodes_test::virtual_clock clock_;
  std::deque<wire::outgoing> sent_;
  wire::peers_actor peers_;
  router_actor router_;
};

msg::ReplicaReply reply_with(msg::Code code);

} // namespace troupe::router
