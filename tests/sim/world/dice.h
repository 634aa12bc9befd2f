// The one source of chance in a run. Everything that varies is drawn here, in the order in which the run
// happens to ask, so that a seed determines the run completely. Integer arithmetic only: the same seed gives
// the same run on every machine.
#pragma once
#include <cstddef>
#include <cstdint>

namespace troupe::sim {

// xoshiro256** by Blackman and Vigna (2018), seeded by splitmix64 as its authors recommend.
class dice {
public:
  explicit dice(std::uint64_t seed) {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15ULL;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
      word = z ^ (z >> 31);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t carried = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= carried;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound); bound is positive. The bias of the remainder is below 2^-40 for our bounds.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  // Uniform in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }

  bool per_mille(unsigned chances) { return chances != 0 && below(1000) < chances; }
  bool coin() { return (next() >> 63) != 0; }

  // Positive, of the given mean, with a tail: a geometric distribution over powers of two, uniform inside
  // each.
  std::int64_t tailed(std::int64_t mean) {
    std::int64_t scale = mean;
    while (scale < mean * 16 && per_mille(250))
      scale *= 2;
    return 1 + between(0, scale);
  }

  template <class Container>
  auto& pick(Container& from) {
    return from[static_cast<std::size_t>(below(from.size()))];
  }

private:
  static std::uint64_t rotate(std::uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
  std::uint64_t state_[4];
};

} // namespace troupe::sim
