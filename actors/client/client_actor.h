// The session's own end in the mail between roles: carries what `calls` decides to the peers actor, and
// answers to the program.
#pragma once
#include "actors/client/calls.h"
#include "actors/client/intake.h"
#include "actors/client/meter.h"
#include "actors/kit/clock.h"
#include "actors/wire/interfaces.h"
#include <caf/typed_event_based_actor.hpp>
#include <memory>
#include <string>

namespace troupe::client {

// flush_atom: there is something in the intake.
using client_actor =
    wire::role_actor::extend<caf::reacts_to<wire::peer_found>, caf::reacts_to<wire::flush_atom>,
                             caf::reacts_to<wire::tick_atom>, caf::reacts_to<wire::stop_atom>>;

struct client_actor_options {
  calls_options calls;
  std::shared_ptr<client::intake> intake;
  std::shared_ptr<client::meter> meter;
  wire::peers_actor peers;
  const kit::clock* clock = nullptr; // outlives the actor
  std::uint64_t group = 0;           // of its address, to tell several ends at the same peers apart
  std::string here; // not empty: only the router of that node is asked, the one of these peers
};

struct client_state {
  static inline const char* name = "client";
  ~client_state(); // answers whatever is left, however the actor ended

  client_actor::stateful_pointer<client_state> self = nullptr;
  std::unique_ptr<client::calls> calls;
  client_actor_options options;
  bool ticking = false;

  void start();
  void receive(wire::inbox& mail);
  void found(const wire::peer& who);
  void lost(const std::string& node);
  void tick();
  void stop();

private:
  void carry_out();
  void answer();
};

// Enrolls itself as {ROLE_CLIENT, options.group}.
client_actor::behavior_type client_end(client_actor::stateful_pointer<client_state> self,
                                       client_actor_options options);

// True on a thread that is running a session's callback.
bool in_callback();

} // namespace troupe::client
