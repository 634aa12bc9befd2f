#include "actors/gateway/listener.h"
#include "actors/gateway/auth/credentials.h"
#include "actors/gateway/http/server.h"
#include "actors/gateway/service.h"
#include "actors/kit/clock.h"
#include "actors/kit/log.h"

namespace troupe::gateway {

// In the order in which they may end: the server first, which uses all others.
struct listener::parts {
  std::shared_ptr<gateway::meter> meter;
  std::shared_ptr<gateway::service> service;
  std::unique_ptr<http::server> server;
};

listener::listener(std::unique_ptr<parts> all) : parts_(std::move(all)) {}

listener::opened listener::open(listener_options options) {
  auto all = std::make_unique<parts>();
  all->meter = std::make_shared<gateway::meter>(options.metrics);
  service_options s;
  s.backend = std::move(options.backend);
  s.meter = all->meter;
  s.unix_seconds = [] { return kit::system_clock().unix_ms() / 1000; };
  if (options.api.auth == config::api_auth::signatures) {
    auto keys = auth::load_credentials(options.api.credentials);
    if (!keys.trouble.empty())
      return {nullptr, keys.trouble, false};
    s.verifier = std::make_shared<auth::verifier>(std::move(keys.credentials));
  }
  const auto body_bytes = s.body_bytes;
  all->service = std::make_shared<gateway::service>(std::move(s));

  http::server_options h;
  h.host = options.host;
  h.port = options.port;
  h.threads = static_cast<std::size_t>(options.api.threads);
  h.connections = static_cast<std::size_t>(options.api.connections);
  h.in_flight = static_cast<std::size_t>(options.api.in_flight);
  h.body_bytes = body_bytes;
  auto started = http::server::start(
      std::move(h), [service = all->service](http::exchange e) { service->take(std::move(e)); },
      service::shape_refusal, all->meter.get());
  if (!started.running)
    return {nullptr, started.trouble, true};
  all->server = std::move(started.running);
  return {std::unique_ptr<listener>(new listener(std::move(all))), {}, false};
}

listener::~listener() = default;

std::uint16_t listener::port() const {
  return parts_->server->port();
}

void listener::stop(std::chrono::milliseconds grace) {
  parts_->server->stop(grace);
}

} // namespace troupe::gateway
