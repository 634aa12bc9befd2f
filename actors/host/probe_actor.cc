#include "actors/host/probe_actor.h"
#include "messages/status.h"
#include <caf/all.hpp>

namespace troupe::host {

namespace {

using probe_pointer = probe_actor::stateful_pointer<probe_state>;

constexpr auto every = std::chrono::milliseconds(50);
constexpr std::int64_t patience_us = 1'000'000;

void leave(probe_pointer self) {
  self->send(self->state.options.peers,
             wire::enroll{wire::address(msg::ROLE_CLIENT), caf::actor_cast<wire::role_actor>(self), true});
  self->quit();
}

void ask(probe_pointer self) {
  auto& state = self->state;
  auto now = state.options.clock->now_us();
  self->delayed_send(self, every, wire::tick_atom::value);
  if (state.waiting && now - state.asked_us < patience_us)
    return;
  const auto& [node, role] = state.options.ask[state.asked % state.options.ask.size()];
  state.asked_us = now;
  state.waiting = true;
  wire::outgoing out;
  out.node = node;
  *out.parcel.mutable_to() = wire::address(role);
  *out.parcel.mutable_from() = wire::address(msg::ROLE_CLIENT);
  out.parcel.set_id(++state.asked);
  out.parcel.set_deadline_ms(patience_us / 1000);
  out.parcel.mutable_admin_request()->mutable_list_tables()->set_limit(1);
  wire::outbox mail;
  mail.push_back(std::move(out));
  self->send(state.options.peers, std::move(mail));
}

void hear(probe_pointer self, const wire::inbox& mail) {
  auto& state = self->state;
  for (const auto& from : mail) {
    if (!from.parcel.reply() || from.parcel.id() != state.asked)
      continue;
    state.waiting = false;
    if (!from.parcel.has_admin_reply() || !is_ok(from.parcel.admin_reply().status()))
      continue;
    state.options.on_ready();
    return leave(self);
  }
}

} // namespace

probe_actor::behavior_type probe(probe_pointer self, probe_options options) {
  self->state.options = std::move(options);
  self->send(self->state.options.peers,
             wire::enroll{wire::address(msg::ROLE_CLIENT), caf::actor_cast<wire::role_actor>(self), false});
  self->send(self, wire::tick_atom::value);
  return {
      [self](wire::inbox& mail) { hear(self, mail); },
      [](const wire::peer_lost&) {},
      [self](wire::tick_atom) { ask(self); },
      [self](wire::stop_atom) { leave(self); },
  };
}

} // namespace troupe::host
