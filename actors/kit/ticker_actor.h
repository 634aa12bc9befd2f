// One clock hand per node. Thousands of replicas wait for lease and heartbeat deadlines; instead of a timer
// each they arm this actor, which wakes those that are due at full multiples of `grain_ms`, all in one go -
// so that the heartbeats of all groups leave together - and sleeps while nobody is.
#pragma once
#include "actors/kit/alarm.h"
#include "actors/kit/clock.h"
#include "actors/wire/interfaces.h"
#include <caf/typed_event_based_actor.hpp>
#include <map>

namespace troupe::kit {

struct ticker_state {
  static inline const char* name = "ticker";
  alarm next{1};
  // A sleeper is held once: arming again replaces its earlier wish.
  std::multimap<std::int64_t, caf::strong_actor_ptr> due;
  std::map<caf::actor_id, std::multimap<std::int64_t, caf::strong_actor_ptr>::iterator> armed;
};

// Wakes late by at most one grain, never early. `c` outlives the actor.
wire::ticker_actor::behavior_type ticker(wire::ticker_actor::stateful_pointer<ticker_state> self,
                                         const clock& c, std::int64_t grain_ms);

} // namespace troupe::kit
