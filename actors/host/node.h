// One node: all of its actors, put together from the cluster's settings, in a given actor system. A process
// runs one of them (`troupe node`) or all three of a small cluster (`troupe dev`, tests).
//
// Thread: one owner. start() and stop() block, both within seconds.
#pragma once
#include "actors/kit/metrics.h"
#include "config/settings.h"
#include <caf/fwd.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe::host {

struct node_options {
  bool dial = true;               // reach the other nodes over the network; otherwise link() must be called
  std::function<void()> on_ready; // once, from another thread: the cluster answers requests through this node
};

// Why a node could not be started; `code` is one of exit_code.
struct start_failure {
  int code = 0;
  std::string text; // empty: it was started
  bool failed() const { return !text.empty(); }
};

class node {
public:
  // `system` was made from a kit::node_config with the cluster's TLS settings and outlives the node.
  node(caf::actor_system& system, config::cluster cluster, std::string name, kit::metrics_ptr metrics,
       node_options options);
  ~node(); // stops it, if that has not been done
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  start_failure start();
  // Connects two started nodes of one process, in both directions.
  static void link(node& a, node& b);
  // Replicas hand over, everybody who waits is answered, files are closed. At most about 5 s.
  void stop();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::host
