#include "actors/kit/ticker_actor.h"
#include <caf/all.hpp>

namespace troupe::kit {

namespace {

using ticker_pointer = wire::ticker_actor::stateful_pointer<ticker_state>;

void set(ticker_state& state, wire::arm& wish) {
  auto id = wish.who->id();
  if (auto before = state.armed.find(id); before != state.armed.end()) {
    state.due.erase(before->second);
    state.armed.erase(before);
  }
  state.armed.emplace(id, state.due.emplace(wish.at, std::move(wish.who)));
}

// Asks for the tick that the first of the sleepers needs.
void sleep(ticker_pointer self, std::int64_t now) {
  auto& state = self->state;
  if (state.due.empty())
    return;
  if (auto delay = state.next.wants(state.due.begin()->first, now))
    self->delayed_send(self, *delay, wire::tick_atom::value);
}

void wake(ticker_pointer self, std::int64_t now) {
  auto& state = self->state;
  state.next.rang(now);
  while (!state.due.empty() && state.due.begin()->first <= now) {
    auto sleeper = std::move(state.due.begin()->second);
    state.armed.erase(sleeper->id());
    state.due.erase(state.due.begin());
    caf::anon_send(caf::actor_cast<caf::actor>(sleeper), wire::tick_atom::value);
  }
}

} // namespace

wire::ticker_actor::behavior_type ticker(ticker_pointer self, const clock& c, std::int64_t grain_ms) {
  self->state.next = alarm(grain_ms * 1000);
  return {
      [self, &c](wire::arm& wish) {
        set(self->state, wish);
        sleep(self, c.now_us());
      },
      [self, &c](wire::tick_atom) {
        auto now = c.now_us();
        wake(self, now);
        sleep(self, now);
      },
  };
}

} // namespace troupe::kit
