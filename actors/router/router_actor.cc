#include "actors/kit/mailbox.h"
#include "actors/kit/spawn.h"
#include "actors/router/router_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::router {

void router_state::receive(wire::inbox& mail) {
  kit::observe_mailbox(meter->mailbox, self);
  for (auto& d : mail) {
    if (d.parcel.reply())
      on_reply(d, d.parcel);
    else
      accept(d);
  }
  sleep();
  send_out();
}

// Until the next thing is due; nothing is sent and forgotten in between.
void router_state::sleep() {
  meter->inflight.Set(static_cast<double>(flights.size()));
  auto due = map_due_us();
  if (!timers.empty())
    due = std::min(due, timers.begin()->first);
  if (auto delay = next_tick.wants(due, now()))
    self->delayed_send(self, *delay, wire::tick_atom::value);
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
    f.in_doubt = f.in_doubt || (f.what != kind::get && f.what != kind::query);
    try_later(f, 0);
  }
  sleep();
  send_out();
}

void router_state::tick() {
  auto t = now();
  next_tick.rang(t);
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
  sleep();
  send_out();
}

void router_state::stop() {
  std::vector<std::uint64_t> open;
  flights.for_each([&](std::uint64_t id, flight&) { open.push_back(id); });
  for (auto id : open)
    give_up(*flights.find(id), "this router is shutting down");
  send_out();
  self->send(options.peers,
             wire::enroll{wire::address(msg::ROLE_ROUTER), caf::actor_cast<wire::role_actor>(self), true});
  self->quit();
}

void router_state::send_out() {
  if (outbox.empty())
    return;
  self->send(options.peers, std::move(outbox));
  outbox.clear();
}

router_actor::behavior_type router(router_actor::stateful_pointer<router_state> self,
                                   router_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.meter = std::make_unique<meters>(state.options.metrics);
  state.random.seed(state.options.seed);
  state.flights = kit::promise_table<flight>(state.options.inflight, wire::first_id(state.random()));
  state.next_question = wire::first_id(state.random());
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
  return kit::spawn(system, router, std::move(options));
}

} // namespace troupe::router
