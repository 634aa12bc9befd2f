// The node's clocks behind one seam, so that a whole node can run on virtual time.
//
// now_us() counts through suspend (CLOCK_BOOTTIME): leases and deadlines are measured on it. unix_ms() is for
// people and for item timestamps; nothing is ever decided by it alone.
#pragma once
#include <cstdint>

namespace troupe::kit {

class clock {
public:
  virtual ~clock() = default;
  virtual std::int64_t now_us() const = 0;
  virtual std::int64_t unix_ms() const = 0;
};

// The machine's. Lives as long as the process.
const clock& system_clock();

} // namespace troupe::kit
