// The next tick of an actor that sleeps between its deadlines. At most one tick is under way for the earliest
// of them, instead of a hundred a second that find nothing to do: an idle node is idle.
//
//   if (auto delay = alarm.wants(deadline, now))
//     self->delayed_send(self, *delay, tick_atom::value);
//   ... and where the tick arrives: alarm.rang(now), look what is due, and want the next.
//
// Deadlines are rounded up to the grain, so that those which lie close together share a tick: late by at most
// one grain, never early. Pure; all times are microseconds of one clock.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace troupe::kit {

class alarm {
public:
  explicit alarm(std::int64_t grain_us) : grain_(grain_us) {}

  // After how long to send a tick, unless one that comes in time is under way.
  std::optional<std::chrono::microseconds> wants(std::int64_t at_us, std::int64_t now_us) {
    auto at = (at_us > now_us ? at_us : now_us) + grain_ - 1;
    at -= at % grain_;
    if (under_way_ != 0 && under_way_ <= at)
      return std::nullopt;
    under_way_ = at;
    return std::chrono::microseconds(at > now_us ? at - now_us : 0);
  }

  // A tick has come: it is the one under way unless that was wanted later.
  void rang(std::int64_t now_us) {
    if (under_way_ <= now_us)
      under_way_ = 0;
  }

private:
  std::int64_t grain_;
  std::int64_t under_way_ = 0; // 0: none
};

} // namespace troupe::kit
