#include "actors/host/bench/pacer.h"
#include <cstdio>
#include <cstdlib>

namespace troupe::bench {

const char* name_of(arrivals which) {
  return which == arrivals::fixed ? "fixed" : "poisson";
}

pacer::pacer(arrivals how, double per_second, std::uint32_t clients, std::uint32_t client, std::uint64_t seed)
    : how_(how), interval_ns_(1e9 * clients / per_second), offset_ns_(1e9 * client / per_second),
      random_(seed, std::uint64_t{client} + (std::uint64_t{1} << 32)) { // not the stream of its operations
  if (!(per_second > 0) || client >= clients) {
    std::fprintf(stderr, "pacer: needs a rate above zero, and client below clients\n");
    std::abort();
  }
}

std::int64_t pacer::next() {
  if (how_ == arrivals::fixed)
    return static_cast<std::int64_t>(offset_ns_ + interval_ns_ * static_cast<double>(sent_++));
  poisson_ns_ += interval_ns_ * random_.exponential();
  return static_cast<std::int64_t>(poisson_ns_);
}

} // namespace troupe::bench
