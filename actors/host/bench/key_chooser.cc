#include "actors/host/bench/key_chooser.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace troupe::bench {

const char* name_of(distribution which) {
  return which == distribution::uniform ? "uniform" : "zipfian";
}

double zipfian_ranks::zeta(std::uint64_t n, double theta) {
  constexpr std::uint64_t summed = 100'000;
  double sum = 0;
  for (std::uint64_t i = std::min(n, summed); i > 0; --i) // the smallest first, for precision
    sum += std::pow(static_cast<double>(i), -theta);
  if (n <= summed)
    return sum;
  const auto a = static_cast<double>(summed);
  const auto b = static_cast<double>(n);
  const double integral = (std::pow(b, 1 - theta) - std::pow(a, 1 - theta)) / (1 - theta);
  const double ends = (std::pow(b, -theta) - std::pow(a, -theta)) / 2;
  const double slopes = theta * (std::pow(a, -theta - 1) - std::pow(b, -theta - 1)) / 12;
  return sum + integral + ends + slopes;
}

zipfian_ranks::zipfian_ranks(std::uint64_t n, double theta)
    : n_(n), theta_(theta), alpha_(1 / (1 - theta)), zetan_(zeta(n, theta)), eta_(0) {
  if (n == 0 || theta <= 0 || theta >= 1) {
    std::fprintf(stderr, "zipfian_ranks: needs at least one rank, and theta between 0 and 1\n");
    std::abort();
  }
  if (n > 2)
    eta_ = (1 - std::pow(2 / static_cast<double>(n), 1 - theta)) / (1 - zeta(2, theta) / zetan_);
}

std::uint64_t zipfian_ranks::next(random_source& random) const {
  const double u = random.unit();
  const double uz = u * zetan_;
  if (uz < 1 || n_ == 1)
    return 0;
  if (uz < 1 + std::pow(0.5, theta_) || n_ == 2)
    return 1;
  const auto n = static_cast<double>(n_);
  const auto rank = static_cast<std::uint64_t>(n * std::pow(eta_ * u - eta_ + 1, alpha_));
  return std::min(rank, n_ - 1);
}

double zipfian_ranks::at_most(std::uint64_t rank) const {
  if (rank + 1 >= n_)
    return 1;
  if (rank == 0)
    return 1 / zetan_;
  if (rank == 1)
    return (1 + std::pow(0.5, theta_)) / zetan_;
  // The u at which next() reaches rank + 1.
  const double x = std::pow(static_cast<double>(rank + 1) / static_cast<double>(n_), 1 - theta_);
  return (x - 1 + eta_) / eta_;
}

key_chooser::key_chooser(distribution how, std::uint64_t n)
    : how_(how), n_(n), ranks_(how == distribution::zipfian ? n : 1) {
  if (n == 0) {
    std::fprintf(stderr, "key_chooser: needs at least one key\n");
    std::abort();
  }
}

std::uint64_t key_chooser::scatter(std::uint64_t rank, std::uint64_t n) {
  return mix(rank + 0x9e3779b97f4a7c15ull) % n;
}

std::uint64_t key_chooser::next(random_source& random) const {
  return how_ == distribution::uniform ? random.below(n_) : scatter(ranks_.next(random), n_);
}

} // namespace troupe::bench
