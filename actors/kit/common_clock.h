// What time it is by the clocks of most nodes. Writes are kept with the time at which their leader proposed
// them, and a group's times never fall: a leader whose clock is a day ahead for a second would give that day
// to all that is written until the day has come, and no restore could tell any more what was written when
// (docs/decisions/020-clocks.md). So each node tells the others what its clock says, and a clock that is more
// than a second away from the middle one of three or more is not believed for as long as that is so.
//
// Threads: any. now_us() is the node's own, as leases need it.
#pragma once
#include "actors/kit/clock.h"
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace troupe::kit {

class common_clock final : public clock {
public:
  explicit common_clock(const clock& own) : own_(own) {} // which outlives it

  std::int64_t now_us() const override { return own_.now_us(); }
  // The own clock's, or, when that is not believed, the middle one's.
  std::int64_t unix_ms() const override;

  std::int64_t own_ms() const { return own_.unix_ms(); } // for the others
  // Another node's clock said that when it sent what has just arrived.
  void heard(const std::string& node, std::int64_t sent_ms);
  // How far the own clock is ahead of the middle one; 0: it is believed, or there are too few others to say.
  std::int64_t off_ms() const;

private:
  // The largest difference between the other clock and now_us(): what travelled fast says most. Of the window
  // that goes on, and of the one before.
  struct other {
    std::int64_t window = 0;
    std::int64_t newest = 0;
    std::int64_t before = 0;
    std::int64_t heard_us = 0;
  };

  const clock& own_;
  std::mutex lock_;
  std::map<std::string, other> others_;
  // Unix time in milliseconds less now_us() in milliseconds, by the middle clock; and until when that holds.
  std::atomic<std::int64_t> middle_ = 0;
  std::atomic<std::int64_t> until_us_ = 0; // 0: nothing is known
};

} // namespace troupe::kit
