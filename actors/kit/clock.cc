#include "actors/kit/clock.h"
#include <cstdlib>
#include <ctime>

namespace troupe::kit {

namespace {

std::int64_t read(clockid_t id, std::int64_t units_per_second) {
  timespec t{};
  if (clock_gettime(id, &t) != 0)
    std::abort(); // both clocks exist on every Linux since 2.6.39
  return t.tv_sec * units_per_second + t.tv_nsec / (1'000'000'000 / units_per_second);
}

class machine_clock final : public clock {
public:
  std::int64_t now_us() const override { return read(CLOCK_BOOTTIME, 1'000'000); }
  std::int64_t unix_ms() const override { return read(CLOCK_REALTIME, 1'000); }
};

} // namespace

const clock& system_clock() {
  static const machine_clock instance;
  return instance;
}

} // namespace troupe::kit
