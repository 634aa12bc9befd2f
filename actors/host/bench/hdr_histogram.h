// A histogram with a high dynamic range: counts values from 0 to a chosen maximum with a chosen number of
// significant decimal digits, in constant memory and a few nanoseconds per value. Percentiles of latency need
// one: averages hide the tail, samples miss it, and sorting all values does not fit a long run.
//
// Values below 2^k are counted exactly, where 2^k is the least power of two that is at least 2 * 10^digits.
// Each further power of two is divided evenly into 2^(k-1) slots; so a slot is never wider than 10^-digits of
// the values in it. Reported values are a slot's upper end (never below the truth), cut at the maximum seen.
//
// Not thread-safe: one per thread, merged at the end.
#pragma once
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace troupe::bench {

class hdr_histogram {
public:
  // highest: the largest value told apart, at least 1; larger ones are counted as it, and by clipped().
  // digits: 1 to 5. Three digits up to an hour of microseconds take 190 KB.
  explicit hdr_histogram(std::uint64_t highest = 3'600'000'000, int digits = 3);

  void record(std::uint64_t value, std::uint64_t times = 1);

  // For a closed loop, which means to ask every `expected_interval` but waits for the answer first: while one
  // request stalled, it did not send those that would have met the same stall ("coordinated omission"). They
  // are added: value - interval, value - 2 * interval, and so on down to the interval.
  // With expected_interval 0 the same as record(). Do not use it with intended start times.
  void record_corrected(std::uint64_t value, std::uint64_t expected_interval);

  // The same correction, applied to all that was recorded without it.
  hdr_histogram corrected(std::uint64_t expected_interval) const;

  // The other one must have the same highest and digits; aborts otherwise.
  void merge(const hdr_histogram& other);
  void clear();

  // The smallest recorded value (up to the precision) that at least `percent` of the values do not exceed;
  // percent in [0, 100]. 0 when nothing was recorded.
  std::uint64_t percentile(double percent) const;

  std::uint64_t count() const { return count_; }
  std::uint64_t clipped() const { return clipped_; }
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; } // exact
  std::uint64_t max() const { return max_; }                   // exact, also when clipped
  double mean() const;                                         // from slot middles
  double standard_deviation() const;
  std::uint64_t count_at_or_below(std::uint64_t value) const;

  std::uint64_t highest() const { return highest_; }
  int digits() const { return digits_; }

  // The cumulative distribution, `per_half` steps for each halving of the distance to 100 %: lines
  // "value percent count 1/(1-fraction)" for people, with totals below. Values are divided by `unit`.
  void print(std::ostream& out, double unit = 1, int per_half = 5) const;
  // One line per slot that is not empty, after a header: "from,to,count,cumulative_percent".
  void csv(std::ostream& out) const;

private:
  std::size_t slot_of(std::uint64_t value) const;
  std::uint64_t lowest_in(std::size_t slot) const;
  std::uint64_t highest_in(std::size_t slot) const;

  std::uint64_t highest_;
  int digits_;
  int exact_bits_; // k
  std::vector<std::uint64_t> slots_;
  std::uint64_t count_ = 0;
  std::uint64_t clipped_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
};

} // namespace troupe::bench
