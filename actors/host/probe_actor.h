// Finds out when the cluster answers: asks for the list of tables as a client would, again and again, until
// somebody says yes. That takes a router (if this node has one) that finds a metadata leader that serves.
#pragma once
#include "actors/kit/clock.h"
#include "actors/wire/interfaces.h"
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::host {

using probe_actor =
    wire::role_actor::extend<caf::reacts_to<wire::tick_atom>, caf::reacts_to<wire::stop_atom>>;

struct probe_options {
  std::vector<std::pair<std::string, msg::Role>> ask; // in turns: node, role
  wire::peers_actor peers;
  const kit::clock* clock = nullptr; // outlives the actor
  std::function<void()> on_ready;    // called once; the actor ends with it
};

struct probe_state {
  static inline const char* name = "probe";
  probe_options options;
  std::uint64_t asked = 0; // id of the newest question
  std::int64_t asked_us = 0;
  bool waiting = false;
};

// Enrolls itself as {ROLE_CLIENT, 0}.
probe_actor::behavior_type probe(probe_actor::stateful_pointer<probe_state> self, probe_options options);

} // namespace troupe::host
