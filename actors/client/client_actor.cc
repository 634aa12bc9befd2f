#include "actors/client/client_actor.h"
#include <caf/all.hpp>

namespace troupe::client {

namespace {

constexpr auto tick_every = std::chrono::milliseconds(5);

thread_local bool inside_callback = false;

// A callback that throws ends the program: there is nobody to catch it, and its request has been answered.
void call_back(finished& f) noexcept {
  inside_callback = true;
  f.what.done(std::move(f.reply));
  inside_callback = false;
}

} // namespace

bool in_callback() {
  return inside_callback;
}

client_state::~client_state() {
  if (calls)
    stop();
}

void client_state::start() {
  auto now = options.clock->now_us();
  for (auto& what : options.intake->take())
    calls->start(std::move(what), now);
  carry_out();
}

void client_state::receive(wire::inbox& mail) {
  auto now = options.clock->now_us();
  for (auto& delivery : mail)
    if (delivery.parcel.reply())
      calls->reply(delivery.parcel, now);
  carry_out();
}

void client_state::found(const wire::peer& who) {
  if (who.client || !options.here.empty())
    return;
  calls->found(who.node, options.clock->now_us());
  carry_out();
}

void client_state::lost(const std::string& node) {
  if (!options.here.empty())
    return;
  calls->lost(node, options.clock->now_us());
  carry_out();
}

void client_state::tick() {
  ticking = false;
  calls->tick(options.clock->now_us());
  carry_out();
}

void client_state::stop() {
  options.intake->close();
  auto now = options.clock->now_us();
  calls->close();
  for (auto& what : options.intake->take()) { // never started, so never sent
    auto reply = refuse(what.request, msg::UNAVAILABLE, "the session was closed");
    calls->answers.push_back({std::move(what), std::move(reply), now});
  }
  answer();
}

// Speak, then answer, then see to it that time goes on for what is left.
void client_state::carry_out() {
  if (!calls->parcels.empty())
    self->send(options.peers, std::exchange(calls->parcels, {}));
  answer();
  if (ticking || calls->size() == 0)
    return;
  ticking = true;
  self->delayed_send(self, tick_every, wire::tick_atom::value);
}

void client_state::answer() {
  options.meter->moved_on(*calls);
  if (calls->answers.empty())
    return;
  auto now = options.clock->now_us();
  auto answers = std::exchange(calls->answers, {});
  options.intake->release(answers.size()); // first, so that a callback finds room for its next request
  for (auto& f : answers) {
    options.meter->answered(f, now);
    call_back(f);
  }
}

client_actor::behavior_type client_end(client_actor::stateful_pointer<client_state> self,
                                       client_actor_options options) {
  auto& state = self->state;
  state.self = self;
  state.calls = std::make_unique<calls>(options.calls);
  state.options = std::move(options);
  if (!state.options.here.empty())
    state.calls->found(state.options.here, state.options.clock->now_us());
  self->send(state.options.peers,
             wire::enroll{wire::address(msg::ROLE_CLIENT, state.options.group), self, false, self});
  return {
      [self](wire::inbox& mail) { self->state.receive(mail); },
      [self](const wire::peer_lost& lost) { self->state.lost(lost.node); },
      [self](const wire::peer_found& found) { self->state.found(found.who); },
      [self](wire::flush_atom) { self->state.start(); },
      [self](wire::tick_atom) { self->state.tick(); },
      [self](wire::stop_atom) { self->quit(); },
  };
}

} // namespace troupe::client
