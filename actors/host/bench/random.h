// Random numbers that are the same for a seed on every machine and standard library, so that a bench can be
// repeated exactly. (std::mt19937_64 is, too, but the standard's distributions are not.)
#pragma once
#include <cmath>
#include <cstdint>

namespace troupe::bench {

// Mixes 64 bits so that close inputs give unrelated outputs; a bijection. The finalizer of splitmix64
// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
inline std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

class random_source {
public:
  // Streams of one seed are unrelated: give each client its own.
  explicit random_source(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(mix(seed + 0x9e3779b97f4a7c15ull) ^ mix(~stream)) {}

  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ull); }

  // In [0, 1), 53 bits of it.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  // In [0, n), n at least 1, without bias worth naming (below 2^-64 * n).
  std::uint64_t below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<wide>(next()) * n) >> 64);
  }

  // Exponentially distributed, of mean 1.
  double exponential() { return -std::log1p(-unit()); }

private:
  __extension__ typedef unsigned __int128 wide;

  std::uint64_t state_;
};

} // namespace troupe::bench
