// Keeps one way open to one other node: dials, greets, hands the port to the peers actor, and dials again
// when it breaks.
//
// Each dialler has a connector of its own: a connection attempt into a black hole blocks the middleman actor
// it runs on, and the shared one would block everybody (CAF 0.17.6). A handle is adopted only after the
// greeting was answered, because a stale cached proxy swallows messages.
#pragma once
#include "actors/kit/peers_actor.h"
#include <caf/io/middleman_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe::kit {

using dialer_actor = caf::typed_actor<caf::reacts_to<wire::dial_atom>, caf::reacts_to<wire::stop_atom>>;

struct dialer_options {
  std::string host;
  std::uint16_t port = 0;
  std::string node;               // whom to expect there; empty: anybody (a client that asks any router)
  msg::Hello hello;               // what to say
  caf::strong_actor_ptr own_port; // where the other side can answer
  std::function<caf::io::middleman_actor()> make_connector;
  // Told once per failed attempt, for logs and for clients that give up; may be empty.
  std::function<void(const std::string& why)> on_failure;
  // Told each time the link came up, for clients that show what they reach; may be empty.
  std::function<void(const msg::Hello& theirs)> on_link;
};

struct dialer_state {
  static inline const char* name = "dialer";
  dialer_options options;
  wire::peers_actor peers;
  caf::io::middleman_actor connector;
  wire::port_actor port; // null while not connected
  int failures = 0;
  bool dialing = false;
  bool connecting = false; // the connector has been asked
  bool stopping = false;   // ends when it has answered
};

dialer_actor::behavior_type dialer(dialer_actor::stateful_pointer<dialer_state> self, dialer_options options,
                                   wire::peers_actor peers);

// A connector for plain loopback links, or for mutual TLS.
caf::io::middleman_actor plain_connector(caf::actor_system& system);
caf::io::middleman_actor tls_connector(caf::actor_system& system);

} // namespace troupe::kit
