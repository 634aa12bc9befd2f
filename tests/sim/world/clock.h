// A member's own clock: it counts through pauses, runs a little fast or slow, and starts from an arbitrary
// value after every boot, as CLOCK_BOOTTIME does. Clocks of two members are never comparable.
#pragma once
#include "tests/sim/world/world.h"

namespace troupe::sim {

class local_clock {
public:
  local_clock() = default;
  // reads `value` at global time `now` and gains `ppm` microseconds per second (negative: loses)
  local_clock(instant now, instant value, std::int64_t ppm) : since_(now), offset_(value), ppm_(ppm) {}

  instant read(instant global) const {
    const instant passed = global - since_;
    return offset_ + passed + passed * ppm_ / 1'000'000;
  }
  // The first global instant at which it reads at least `local`.
  instant when(instant local) const {
    instant global = since_ + (local - offset_) * 1'000'000 / (1'000'000 + ppm_);
    while (read(global) < local)
      ++global;
    return global;
  }
  std::int64_t ppm() const { return ppm_; }

private:
  instant since_ = 0;
  instant offset_ = 0;
  std::int64_t ppm_ = 0;
};

} // namespace troupe::sim
