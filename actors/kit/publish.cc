#include "actors/kit/publish.h"
#include "config/load.h"
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

namespace troupe::kit {

published publish(caf::actor_system& system, const wire::port_actor& port_of_node, const std::string& host,
                  std::uint16_t port, bool tls) {
  if (!tls && !config::is_loopback(host))
    return {0, "without TLS a node listens on a loopback address only, not on " + host +
                   "; turn tls on in the cluster file, or use 127.0.0.1"};
  constexpr bool reuse_address = true;
  auto result = tls ? caf::openssl::publish(port_of_node, port, host.c_str(), reuse_address)
                    : system.middleman().publish(port_of_node, port, host.c_str(), reuse_address);
  if (!result)
    return {0,
            "cannot listen on " + host + ":" + std::to_string(port) + ": " + system.render(result.error())};
  return {*result, {}};
}

// caf::openssl::unpublish does not compile (0.17.6), so both cases ask their middleman the same way.
void unpublish(caf::actor_system& system, const wire::port_actor& port_of_node, std::uint16_t port,
               bool tls) {
  auto middleman = tls ? system.openssl_manager().actor_handle() : system.middleman().actor_handle();
  caf::scoped_actor self{system};
  self->request(middleman, std::chrono::seconds(2), caf::unpublish_atom::value, port_of_node.address(), port)
      .receive([] {}, [](const caf::error&) {}); // it was not published, or the system is going down
}

} // namespace troupe::kit
