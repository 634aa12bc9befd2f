// Which of n keys the next request is about.
#pragma once
#include "actors/host/bench/random.h"
#include <cstdint>

namespace troupe::bench {

enum class distribution : std::uint8_t {
  uniform,
  zipfian, // few keys are hot, and they lie scattered over the key space
};

const char* name_of(distribution which);

// Ranks 0, 1, 2 ... with frequencies in proportion to 1/1^theta, 1/2^theta, 1/3^theta ..., by the method of
// Gray, Sundaresan, Englert, Baclawski and Weinberger, "Quickly generating billion-record synthetic
// databases" (SIGMOD 1994), which YCSB uses as well: constant time per rank. The first two ranks are exact
// and the rest approximate: the method draws from the continuous curve.
class zipfian_ranks {
public:
  static constexpr double usual_theta = 0.99;

  // n at least 1, theta in (0, 1). Takes O(min(n, 10^5)).
  explicit zipfian_ranks(std::uint64_t n, double theta = usual_theta);

  std::uint64_t next(random_source& random) const;

  // The probability that next() is at most `rank`: for tests, and for telling how hot the hottest keys are.
  double at_most(std::uint64_t rank) const;

  // 1/1^theta + ... + 1/n^theta; the tail past 10^5 by the Euler-Maclaurin formula, to about 12 digits.
  static double zeta(std::uint64_t n, double theta);

  std::uint64_t size() const { return n_; }

private:
  std::uint64_t n_;
  double theta_;
  double alpha_;
  double zetan_;
  double eta_;
};

// Chooses among keys 0 .. n-1. Scattering maps a rank to a key by a hash; two ranks may meet in one key, as
// in YCSB's scrambled Zipfian.
class key_chooser {
public:
  key_chooser(distribution how, std::uint64_t n);

  std::uint64_t next(random_source& random) const;

  static std::uint64_t scatter(std::uint64_t rank, std::uint64_t n);

private:
  distribution how_;
  std::uint64_t n_;
  zipfian_ranks ranks_;
};

} // namespace troupe::bench
