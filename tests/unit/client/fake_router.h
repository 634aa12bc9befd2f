// A router that keeps items in a map and behaves as badly as a test tells it to.
#pragma once
#include "actors/wire/interfaces.h"
#include <atomic>
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace troupe::client {

// Shared between the test and the router's thread.
struct behaviour {
  std::atomic<int> lose_replies{0};  // does what it is asked to, and says nothing, that many times
  std::atomic<int> lose_requests{0}; // neither
  std::atomic<int> overloaded{0};    // refuses, that many times
  std::atomic<bool> twice{false};    // says everything twice
  std::atomic<int> asked{0};
  std::atomic<int> executed{0}; // changes made, each request id once
};

// What the fake cluster holds; several routers may share one.
struct store {
  std::mutex lock;
  std::map<std::string, std::string> items; // serialized key (the item's "pk") -> serialized item
  std::set<std::pair<std::uint64_t, std::uint64_t>> requests;
};

struct fake_router_state {
  static inline const char* name = "fake_router";
  std::shared_ptr<behaviour> how;
  std::shared_ptr<store> data;
  wire::peers_actor peers;
};

// Enrolls itself as {ROLE_ROUTER, 0}.
wire::role_actor::behavior_type fake_router(wire::role_actor::stateful_pointer<fake_router_state> self,
                                            wire::peers_actor peers, std::shared_ptr<behaviour> how,
                                            std::shared_ptr<store> data);

} // namespace troupe::client
