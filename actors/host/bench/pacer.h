// When an open loop means to send its requests. A closed loop sends when the last answer came, so it goes
// easy on a server that stalls; an open loop keeps its schedule, like users who do not know of one another.
// Latency then counts from the intended start, whether or not the request could leave by then: so nothing is
// omitted and nothing needs a correction.
#pragma once
#include "actors/host/bench/random.h"
#include <cstdint>

namespace troupe::bench {

enum class arrivals : std::uint8_t {
  fixed,   // evenly spaced
  poisson, // independent: the pauses are exponentially distributed
};

const char* name_of(arrivals which);

// The schedule of one client out of `clients`, which together send `per_second`. Times are nanoseconds from
// the beginning of the run. Reads no clock.
class pacer {
public:
  // per_second above 0, client < clients.
  pacer(arrivals how, double per_second, std::uint32_t clients, std::uint32_t client, std::uint64_t seed);

  // The next intended start; never smaller than the one before.
  std::int64_t next();

private:
  arrivals how_;
  double interval_ns_; // mean pause of this client
  double offset_ns_;   // of a fixed schedule: clients take turns
  std::uint64_t sent_ = 0;
  double poisson_ns_ = 0;
  random_source random_;
};

} // namespace troupe::bench
