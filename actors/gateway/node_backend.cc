#include "actors/gateway/node_backend.h"
#include "actors/client/client_actor.h"
#include "actors/kit/dialer_actor.h"
#include "actors/kit/node_config.h"
#include "actors/kit/spawn.h"
#include <caf/all.hpp>

namespace troupe::gateway {

namespace {

constexpr std::uint64_t address_group = 1; // 0 is the probe's, which waits until the node is ready

} // namespace

struct node_backend::parts {
  caf::actor_system& system;
  node_backend_options options;
  std::shared_ptr<client::intake> intake;
  std::shared_ptr<client::meter> meter;
  client::client_actor actor;

  void admit(client::errand what) {
    const auto time = std::chrono::microseconds(options.deadline).count();
    what.deadline_us = kit::system_clock().now_us() + time;
    *what.request.mutable_to() = wire::address(msg::ROLE_ROUTER);
    *what.request.mutable_from() = wire::address(msg::ROLE_CLIENT, address_group);
    switch (intake->push(what)) {
    case client::intake::answer::taken:
      return;
    case client::intake::answer::taken_wake:
      return caf::anon_send(actor, wire::flush_atom::value);
    case client::intake::answer::full:
      return what.done(
          client::refuse(what.request, msg::OVERLOADED, "this node has as many requests as it takes"));
    case client::intake::answer::closed:
      return what.done(client::refuse(what.request, msg::UNAVAILABLE, "this node is shutting down"));
    }
  }
};

// One attempt only: the router beside it tries as often as the deadline allows, and past a bound the HTTP
// client is the one to wait.
node_backend::node_backend(caf::actor_system& system, node_backend_options options)
    : parts_(new parts{system, std::move(options), {}, {}, {}}) {
  auto& p = *parts_;
  p.intake = std::make_shared<client::intake>(p.options.in_flight);
  p.meter =
      std::make_shared<client::meter>(nullptr, p.options.node); // the gateway's own metrics say all of it
  client::client_actor_options end;
  end.calls.client_id = kit::random_id();
  end.calls.seed = kit::random_id();
  end.calls.retry.attempts = 1;
  end.calls.capacity = p.options.in_flight;
  end.intake = p.intake;
  end.meter = p.meter;
  end.peers = p.options.peers;
  end.clock = &kit::system_clock();
  end.here = p.options.node;
  end.group = address_group;
  p.actor = kit::spawn(system, client::client_end, std::move(end));
}

node_backend::~node_backend() {
  close();
}

void node_backend::submit(msg::ItemRequest request, std::function<void(msg::ItemReply)> done) {
  client::errand what;
  *what.request.mutable_item_request() = std::move(request);
  what.done = [done = std::move(done)](msg::Parcel reply) { done(std::move(*reply.mutable_item_reply())); };
  parts_->admit(std::move(what));
}

void node_backend::submit(msg::AdminRequest request, std::function<void(msg::AdminReply)> done) {
  client::errand what;
  *what.request.mutable_admin_request() = std::move(request);
  what.done = [done = std::move(done)](msg::Parcel reply) { done(std::move(*reply.mutable_admin_reply())); };
  parts_->admit(std::move(what));
}

bool node_backend::ready() const {
  return !parts_->options.ready || parts_->options.ready();
}

void node_backend::close() {
  auto& p = *parts_;
  if (!p.actor)
    return;
  p.intake->close();
  caf::scoped_actor self{p.system};
  self->monitor(p.actor);
  self->send(p.actor, wire::stop_atom::value);
  self->receive([](const caf::down_msg&) {});
  p.actor = nullptr;
}

} // namespace troupe::gateway
