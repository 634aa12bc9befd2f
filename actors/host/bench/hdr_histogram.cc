#include "actors/host/bench/hdr_histogram.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ostream>

namespace troupe::bench {
namespace {

void require(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "hdr_histogram: %s\n", what);
  std::abort();
}

int exact_bits_for(int digits) {
  std::uint64_t needed = 2;
  for (int i = 0; i < digits; ++i)
    needed *= 10;
  return static_cast<int>(std::bit_width(needed - 1));
}

} // namespace

hdr_histogram::hdr_histogram(std::uint64_t highest, int digits)
    : highest_(highest), digits_(digits), exact_bits_(exact_bits_for(digits)) {
  require(digits >= 1 && digits <= 5, "digits are 1 to 5");
  require(highest >= 1, "the highest value is at least 1");
  slots_.resize(slot_of(highest) + 1, 0);
}

// Of a value with more than k bits, the k highest count. Its slot: 2^k exact ones come first, then 2^(k-1)
// for each bit more (the first bit is always set, so that the k-1 behind it tell the slot).
std::size_t hdr_histogram::slot_of(std::uint64_t value) const {
  const int more = static_cast<int>(std::bit_width(value)) - exact_bits_;
  if (more <= 0)
    return static_cast<std::size_t>(value);
  const std::uint64_t half = std::uint64_t{1} << (exact_bits_ - 1);
  return static_cast<std::size_t>(static_cast<std::uint64_t>(more) * half + (value >> more));
}

std::uint64_t hdr_histogram::lowest_in(std::size_t slot) const {
  const std::uint64_t half = std::uint64_t{1} << (exact_bits_ - 1);
  if (slot < 2 * half)
    return slot;
  const std::uint64_t more = slot / half - 1;
  return (slot - more * half) << more;
}

std::uint64_t hdr_histogram::highest_in(std::size_t slot) const {
  return slot + 1 == slots_.size() ? highest_ : lowest_in(slot + 1) - 1;
}

void hdr_histogram::record(std::uint64_t value, std::uint64_t times) {
  if (times == 0)
    return;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  count_ += times;
  if (value > highest_) {
    clipped_ += times;
    value = highest_;
  }
  slots_[slot_of(value)] += times;
}

void hdr_histogram::record_corrected(std::uint64_t value, std::uint64_t expected_interval) {
  record(value);
  if (expected_interval == 0)
    return;
  while (value >= 2 * expected_interval) {
    value -= expected_interval;
    record(value);
  }
}

hdr_histogram hdr_histogram::corrected(std::uint64_t expected_interval) const {
  hdr_histogram made(highest_, digits_);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] == 0)
      continue;
    std::uint64_t value = std::clamp(highest_in(slot), min_, max_);
    made.record(value, slots_[slot]);
    while (expected_interval > 0 && value >= 2 * expected_interval) {
      value -= expected_interval;
      made.record(value, slots_[slot]);
    }
  }
  made.clipped_ += clipped_;
  made.max_ = max_;
  return made;
}

void hdr_histogram::merge(const hdr_histogram& other) {
  require(highest_ == other.highest_ && digits_ == other.digits_,
          "only histograms of one shape can be merged");
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    slots_[slot] += other.slots_[slot];
  count_ += other.count_;
  clipped_ += other.clipped_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

void hdr_histogram::clear() {
  *this = hdr_histogram(highest_, digits_);
}

std::uint64_t hdr_histogram::percentile(double percent) const {
  if (count_ == 0)
    return 0;
  const double fraction = std::clamp(percent, 0.0, 100.0) / 100;
  // A hair less, so that 99.9 % of 1000 values is the 999th in spite of rounding.
  const auto wanted =
      static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(count_) * (1 - 1e-12)));
  const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    seen += slots_[slot];
    if (seen < rank)
      continue;
    if (seen == count_ && rank > count_ - clipped_)
      return max_; // the values above `highest` are told by the largest of them
    return std::clamp(highest_in(slot), min_, max_);
  }
  return max_;
}

double hdr_histogram::mean() const {
  if (count_ == 0)
    return 0;
  double sum = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    if (slots_[slot] > 0)
      sum += static_cast<double>(slots_[slot]) *
             (static_cast<double>(lowest_in(slot)) + static_cast<double>(highest_in(slot))) / 2;
  return sum / static_cast<double>(count_);
}

double hdr_histogram::standard_deviation() const {
  if (count_ == 0)
    return 0;
  const double middle = mean();
  double sum = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    if (slots_[slot] > 0) {
      const double away =
          (static_cast<double>(lowest_in(slot)) + static_cast<double>(highest_in(slot))) / 2 - middle;
      sum += static_cast<double>(slots_[slot]) * away * away;
    }
  return std::sqrt(sum / static_cast<double>(count_));
}

std::uint64_t hdr_histogram::count_at_or_below(std::uint64_t value) const {
  if (value >= max_)
    return count_;
  const std::size_t last = slot_of(std::min(value, highest_));
  std::uint64_t seen = 0;
  for (std::size_t slot = 0; slot <= last; ++slot)
    seen += slots_[slot];
  return seen;
}

void hdr_histogram::print(std::ostream& out, double unit, int per_half) const {
  char line[128];
  std::snprintf(line, sizeof line, "%14s %14s %12s %16s\n", "value", "percent", "count", "1/(1-fraction)");
  out << line;
  double percent = 0;
  while (count_ > 0) {
    const std::uint64_t value = percentile(percent);
    const std::uint64_t below = count_at_or_below(value);
    const double fraction = static_cast<double>(below) / static_cast<double>(count_);
    std::snprintf(line, sizeof line, "%14.3f %14.6f %12llu ", static_cast<double>(value) / unit,
                  fraction * 100, static_cast<unsigned long long>(below));
    out << line;
    if (below == count_) {
      out << "             inf\n";
      break;
    }
    std::snprintf(line, sizeof line, "%16.2f\n", 1 / (1 - fraction));
    out << line;
    // The next step: `per_half` of them on the way to half the distance that is left.
    const double reached = std::max(percent, fraction * 100);
    const double halvings = std::floor(std::log2(100 / (100 - reached)));
    percent = reached + 100 / std::exp2(halvings + 1) / per_half;
  }
  std::snprintf(line, sizeof line, "mean %.3f  deviation %.3f  max %.3f  count %llu  clipped %llu\n",
                mean() / unit, standard_deviation() / unit, static_cast<double>(max_) / unit,
                static_cast<unsigned long long>(count_), static_cast<unsigned long long>(clipped_));
  out << line;
}

void hdr_histogram::csv(std::ostream& out) const {
  out << "from,to,count,cumulative_percent\n";
  std::uint64_t seen = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] == 0)
      continue;
    seen += slots_[slot];
    char percent[32];
    std::snprintf(percent, sizeof percent, "%.6f",
                  100 * static_cast<double>(seen) / static_cast<double>(count_));
    out << lowest_in(slot) << ',' << highest_in(slot) << ',' << slots_[slot] << ',' << percent << '\n';
  }
}

} // namespace troupe::bench
