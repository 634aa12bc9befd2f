// Resting while the group is quiet: the node's pulse keeps up the heartbeats (kit/deputies.h).
#include "actors/replica/replica_state.h"
#include <caf/all.hpp>

namespace troupe::replica {

// Before anything else is done: what the deputy heard, and granted, happened before.
void replica_state::wake() {
  if (!seat)
    return;
  std::lock_guard hold(seat->lock);
  if (std::exchange(seat->called_us, 0) != 0)
    called = true; // until a tick has looked
  seat->seen_us = now();
  seat->deputy.tell(*core);
}

void replica_state::rest() {
  if (!core)
    return;
  if (seat) {
    std::lock_guard hold(seat->lock);
    rests =
        now_in == phase::running && !disk_busy && !incoming && !growing && core->rest(seat->deputy, now());
    if (!rests)
      seat->deputy.dismiss();
    else
      read_ahead.clear(); // nobody is behind
    if (auto& known = core->configuration(); seat->epoch != known.epoch()) {
      seat->epoch = known.epoch();
      seat->others.clear();
      for (auto& m : known.members())
        if (m.id() != options.member)
          seat->others.push_back({m.id(), m.node(), m.disk()});
    }
  }
  arm();
}

replica_state::~replica_state() {
  if (!seat)
    return;
  options.deputies->leave(seat);
  std::lock_guard hold(seat->lock);
  seat->deputy.dismiss();
}

} // namespace troupe::replica
