#include "actors/router/router_state.h"
#include <caf/all.hpp>

namespace troupe::router {

namespace {

constexpr auto tick_every = std::chrono::milliseconds(10);

} // namespace

void router_state::receive(wire::inbox& mail) {
  for (auto& d : mail) {
    if (d.parcel.reply())
      on_reply(d, d.parcel);
    else
      accept(d);
  }
  meter->inflight.Set(static_cast<double>(flights.size()));
  send_out();
}

// What was under way to that node may be lost. Writes are repeated under their id, which takes effect once.
void router_state::lost(const std::string& node) {
  if (map_question != 0 && metadata_leader == node)
    metadata_leader.clear();
  std::vector<std::uint64_t> affected;
  flights.for_each([&](std::uint64_t id, flight& f) {
    if (f.open && f.node == node)
      affected.push_back(id);
  });
  for (auto id : affected) {
    auto& f = *flights.find(id);
    f.open = false;
    hints.suspect(f.group, node);
    f.in_doubt = f.in_doubt || f.what == kind::put || f.what == kind::remove || f.what == kind::admin;
    try_later(f, 0);
  }
  send_out();
}

void router_state::tick() {
  auto t = now();
  while (!timers.empty() && timers.begin()->first <= t) {
    auto id = timers.begin()->second;
    timers.erase(timers.begin());
    if (auto f = flights.find(id)) {
      f->timer_us = 0;
      on_timer(*f);
    }
  }
  ask_for_map(false);
  meter->map_age_seconds.Set(static_cast<double>(t - map_checked_us) / 1e6);
  send_out();
  self->delayed_send(self, tick_every, wire::tick_atom::value);
}

void router_state::stop() {
  std::vector<std::uint64_t> open;
  flights.for_each([&](std::uint64_t id, flight&) { open.push_back(id); });
  for (auto id : open)
    give_up(*flights.find(id), "this router is shutting down");
  send_out();
  self->send(options.peers, wire::enroll{wire::address(msg::ROLE_ROUTER), caf::actor_cast<wire::role_actor>(self), true});
  self->quit();
}

void router_state::send_out() {
  if (outbox.empty())
    return;
  self->send(options.peers, std::move(outbox));
  outbox.clear();
}

router_actor::behavior_type router(router_actor::stateful_pointer<router_state> self, router_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.meter = std::make_unique<meters>(state.options.metrics);
  state.random.seed(state.options.seed);
  state.flights = kit::promise_table<flight>(state.options.inflight);
  state.map_checked_us = state.now();
  self->send(state.options.peers,
             wire::enroll{wire::address(msg::ROLE_ROUTER), caf::actor_cast<wire::role_actor>(self), false});
  self->send(self, wire::tick_atom::value);
  return {
    [self](wire::inbox& mail) { self->state.receive(mail); },
    [self](const wire::peer_lost& who) { self->state.lost(who.node); },
    [self](wire::tick_atom) { self->state.tick(); },
    [self](wire::stop_atom) { self->state.stop(); },
  };
}

router_actor spawn_router(caf::actor_system& system, router_options options) {
  return system.spawn(router, std::move(options));
}

} // namespace troupe::router
