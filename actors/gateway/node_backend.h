// The way from the gateway to the router of its own node: the client's actor, without a link in between.
// Requests that gather while the actor is busy travel together.
//
// Thread: any.
#pragma once
#include "actors/gateway/backend.h"
#include "actors/wire/interfaces.h"
#include <atomic>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace troupe::gateway {

struct node_backend_options {
  std::string node;        // this one
  wire::peers_actor peers; // its
  std::size_t in_flight = 1'024;
  std::chrono::milliseconds deadline{5'000};
  std::function<bool()> ready; // may be null: always
};

class node_backend final : public backend {
public:
  // `system` outlives it.
  node_backend(caf::actor_system& system, node_backend_options options);
  ~node_backend() override; // close()

  void submit(msg::ItemRequest request, std::function<void(msg::ItemReply)> done) override;
  void submit(msg::AdminRequest request, std::function<void(msg::AdminReply)> done) override;
  bool ready() const override;

  // Answers whatever is under way, and refuses what comes. Returns when the last callback has run.
  void close();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace troupe::gateway
