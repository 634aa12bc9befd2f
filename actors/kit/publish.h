// Opens a node's port to other processes.
#pragma once
#include "actors/wire/interfaces.h"
#include <caf/fwd.hpp>
#include <cstdint>
#include <string>

namespace troupe::kit {

struct published {
  std::uint16_t port = 0; // the one that was opened, also when 0 was asked for
  std::string trouble;    // why there is none; empty when all is well
  bool ok() const { return trouble.empty(); }
};

// Listens on host:port for other nodes and clients, with mutual TLS if the system was configured with it. A
// plain port crashes on garbage (CAF 0.17.6), so without TLS anything but a loopback address is refused.
// Blocks until the socket listens. `system` was made from a node_config with the same `tls`.
published publish(caf::actor_system& system, const wire::port_actor& port_of_node, const std::string& host,
                  std::uint16_t port, bool tls);

// Stops listening; links that are up stay.
void unpublish(caf::actor_system& system, const wire::port_actor& port_of_node, std::uint16_t port, bool tls);

} // namespace troupe::kit
