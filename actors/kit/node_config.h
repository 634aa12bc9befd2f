// The one configuration every CAF actor system of ours starts from: nodes, clients and tests alike.
//
// CAF's defaults are not safe for us (0.17.6): the `stealing` scheduler starves actors, without heartbeats a
// stopped peer is never noticed, a configuration file is read from the working directory, and two containers
// with the same MAC address and process id get the same node id. All of that is settled here, once.
#pragma once
#include "config/settings.h"
#include <caf/actor_system_config.hpp>
#include <cstddef>
#include <cstdint>

namespace troupe::kit {

struct node_config_options {
  std::size_t threads =
      2; // of the scheduler; detached actors have their own. 0: roles run on the I/O thread (spawn.h)
  bool network = true; // load the middleman, and with tls.enabled its OpenSSL manager
  bool virtual_time =
      false;                // CAF's deterministic scheduler: messages run and clocks move when a test says so
  config::tls_settings tls; // mutual TLS: one PEM with certificate and key, and the authority
};

// Must outlive its actor_system. Messages are registered already.
class node_config : public caf::actor_system_config {
public:
  explicit node_config(const node_config_options& options = {});
};

// A fresh random number from the kernel, never 0: identity of a client, of a process start, a seed for
// jitter.
std::uint64_t random_id();

} // namespace troupe::kit
