// The DynamoDB API of a node: an HTTP server, its protocol, and the way to the cluster behind it.
//
// Thread: one owner.
#pragma once
#include "actors/gateway/backend.h"
#include "actors/kit/metrics.h"
#include "config/settings.h"
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe::gateway {

struct listener_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0; // 0: any that is free
  config::api_settings api;
  kit::metrics_ptr metrics;
  std::shared_ptr<gateway::backend> backend;
};

class listener {
public:
  struct opened;
  // Listens when it returns without trouble.
  static opened open(listener_options options);
  ~listener(); // stop(0)

  std::uint16_t port() const;
  // Takes no new connections, lets what is under way be answered for that long, closes. Blocks.
  void stop(std::chrono::milliseconds grace);

private:
  struct parts;
  explicit listener(std::unique_ptr<parts> all);
  std::unique_ptr<parts> parts_;
};

struct listener::opened {
  std::unique_ptr<listener> running; // null when there is trouble
  std::string trouble;               // for people
  bool port_taken = false;           // the trouble is with the port, and may pass
};

} // namespace troupe::gateway
