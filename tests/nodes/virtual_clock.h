// Time that moves when CAF's test coordinator is told to: the configuration of such an actor system, and the
// clock of its nodes.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/node_config.h"
#include <caf/scheduler/test_coordinator.hpp>
#include <chrono>

namespace troupe::nodes_test {

inline kit::node_config_options on_virtual_time() {
  kit::node_config_options how;
  how.network = false;
  how.virtual_time = true;
  return how;
}

class virtual_clock final : public kit::clock {
public:
  explicit virtual_clock(caf::scheduler::test_coordinator& scheduler) : scheduler_(scheduler) {}
  std::int64_t now_us() const override {
    auto now = scheduler_.clock().now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count() + 1'000'000'000; // never 0
  }
  std::int64_t unix_ms() const override { return now_us() / 1000; }

private:
  caf::scheduler::test_coordinator& scheduler_;
};

} // namespace troupe::nodes_test
