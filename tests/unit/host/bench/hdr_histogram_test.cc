// Percentiles from the histogram against those from sorting everything.
#include "actors/host/bench/hdr_histogram.h"
#include "actors/host/bench/random.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace troupe::bench {
namespace {

using ::testing::HasSubstr;

std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, double percent) {
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()) - 1e-6);
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

TEST(HdrHistogram, IsEmptyAtFirst) {
  const hdr_histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.percentile(99), 0u);
  EXPECT_EQ(h.min(), 0u);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.mean(), 0);
}

TEST(HdrHistogram, SmallValuesAreExact) {
  hdr_histogram h(1'000'000, 3);
  for (std::uint64_t v = 0; v < 2000; ++v)
    h.record(v);
  for (int percent = 1; percent <= 100; ++percent)
    EXPECT_EQ(h.percentile(percent), static_cast<std::uint64_t>(percent) * 20 - 1);
  EXPECT_EQ(h.percentile(0), 0u);
  EXPECT_DOUBLE_EQ(h.mean(), 999.5);
}

// Each value alone in a histogram, across all powers of two and their edges, comes back within the precision.
TEST(HdrHistogram, NoValueIsFartherOffThanItsDigitsAllow) {
  for (int digits = 1; digits <= 5; ++digits) {
    const double allowed = std::pow(10, -digits);
    for (int bit = 0; bit < (digits <= 3 ? 50 : 30); ++bit)
      for (std::int64_t around : {-1, 0, 1, 77}) {
        const std::int64_t value = (std::int64_t{1} << bit) + around;
        if (value < 1)
          continue;
        const auto v = static_cast<std::uint64_t>(value);
        hdr_histogram h(4 * v, digits);
        h.record(v);
        h.record(4 * v); // so that the maximum does not cut the slot
        const std::uint64_t told = h.percentile(50);
        EXPECT_GE(told, v) << digits << " digits";
        EXPECT_LE(static_cast<double>(told - v), allowed * static_cast<double>(v)) << v << ", " << digits;
        EXPECT_EQ(h.count_at_or_below(v), 1u);
        EXPECT_EQ(h.count_at_or_below(told + 1), 1u);
      }
  }
}

TEST(HdrHistogram, PercentilesOfManyShapesAgreeWithSorting) {
  random_source random(5);
  const auto uniform = [&] { return random.below(1'000'000); };
  const auto exponential = [&] { return static_cast<std::uint64_t>(800 * random.exponential()); };
  const auto two_humps = [&] {
    return random.unit() < 0.98 ? 150 + random.below(80) : 90'000 + random.below(50'000);
  };
  const auto heavy_tail = [&] { return static_cast<std::uint64_t>(100 * std::pow(1 - random.unit(), -1.2)); };
  const std::vector<std::function<std::uint64_t()>> shapes = {uniform, exponential, two_humps, heavy_tail};
  for (std::size_t shape = 0; shape < shapes.size(); ++shape) {
    hdr_histogram h(10'000'000'000, 3);
    std::vector<std::uint64_t> all;
    double sum = 0;
    for (int i = 0; i < 200'000; ++i) {
      const std::uint64_t v = shapes[shape]();
      h.record(v);
      all.push_back(v);
      sum += static_cast<double>(v);
    }
    std::sort(all.begin(), all.end());
    for (double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
      const std::uint64_t exact = exact_percentile(all, percent);
      EXPECT_GE(h.percentile(percent), exact) << "shape " << shape << ", " << percent;
      EXPECT_LE(static_cast<double>(h.percentile(percent) - exact), 0.001 * static_cast<double>(exact))
          << "shape " << shape << ", " << percent;
    }
    EXPECT_EQ(h.min(), all.front());
    EXPECT_EQ(h.max(), all.back());
    const double mean = sum / static_cast<double>(all.size());
    EXPECT_NEAR(h.mean(), mean, 0.001 * mean);
  }
}

TEST(HdrHistogram, MergingIsRecordingTogether) {
  random_source random(6);
  hdr_histogram whole;
  hdr_histogram first;
  hdr_histogram second;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t v = random.below(5'000'000);
    whole.record(v);
    (i % 3 == 0 ? first : second).record(v);
  }
  first.merge(second);
  std::ostringstream merged;
  std::ostringstream together;
  first.csv(merged);
  whole.csv(together);
  EXPECT_EQ(merged.str(), together.str());
  EXPECT_EQ(first.min(), whole.min());
  EXPECT_EQ(first.max(), whole.max());
  EXPECT_EQ(first.count(), 10'000u);
}

TEST(HdrHistogramDeathTest, OtherShapesCannotBeMerged) {
  hdr_histogram h(1000, 3);
  EXPECT_DEATH(h.merge(hdr_histogram(1000, 2)), "one shape");
  EXPECT_DEATH(hdr_histogram(1000, 6), "digits");
}

TEST(HdrHistogram, ValuesAboveTheHighestAreCountedAndTold) {
  hdr_histogram h(1000, 2);
  h.record(500);
  h.record(70'000);
  EXPECT_EQ(h.count(), 2u);
  EXPECT_EQ(h.clipped(), 1u);
  EXPECT_EQ(h.max(), 70'000u);
  EXPECT_EQ(h.percentile(50), 501u) << "two digits: slots of two above 256";
  EXPECT_EQ(h.percentile(100), 70'000u);
  EXPECT_EQ(h.count_at_or_below(69'999), 2u) << "not told apart";
}

// A closed loop asks every millisecond. For 99 s it is answered at once; then the server stalls for 1 s, and
// the loop records one long answer where a thousand users would have waited 500 ms on average.
TEST(HdrHistogram, CorrectionBringsBackWhatAStallOmitted) {
  hdr_histogram naive;
  hdr_histogram corrected;
  for (int i = 0; i < 99'000; ++i) {
    naive.record(100);
    corrected.record_corrected(100, 1000);
  }
  naive.record(1'000'000);
  corrected.record_corrected(1'000'000, 1000);

  EXPECT_EQ(naive.count(), 99'001u);
  EXPECT_EQ(naive.percentile(99.9), 100u) << "the stall is invisible";

  EXPECT_EQ(corrected.count(), 100'000u) << "one per millisecond of the run";
  EXPECT_EQ(corrected.count_at_or_below(100), 99'000u);
  // The stalled thousand waited 1 ms, 2 ms, ... 1000 ms: a tenth of them is a tenth of a percent.
  EXPECT_NEAR(static_cast<double>(corrected.percentile(99.9)), 900'000, 2'000);
  EXPECT_NEAR(static_cast<double>(corrected.percentile(99.5)), 500'000, 2'000);
  EXPECT_NEAR(static_cast<double>(corrected.percentile(99.1)), 100'000, 2'000);

  const hdr_histogram later = naive.corrected(1000);
  EXPECT_EQ(later.count(), corrected.count());
  for (double percent : {50.0, 99.1, 99.5, 99.9, 100.0})
    EXPECT_NEAR(static_cast<double>(later.percentile(percent)),
                static_cast<double>(corrected.percentile(percent)),
                1 + 0.001 * static_cast<double>(corrected.percentile(percent)));
}

TEST(HdrHistogram, NoIntervalMeansNoCorrection) {
  hdr_histogram h;
  h.record_corrected(50'000, 0);
  EXPECT_EQ(h.count(), 1u);
}

TEST(HdrHistogram, TheDumpsAddUp) {
  hdr_histogram h;
  random_source random(7);
  for (int i = 0; i < 5000; ++i)
    h.record(100 + random.below(100'000));
  std::ostringstream out;
  h.csv(out);
  std::istringstream lines(out.str());
  std::string text;
  std::getline(lines, text);
  EXPECT_EQ(text, "from,to,count,cumulative_percent");
  std::uint64_t sum = 0;
  std::uint64_t last = 0;
  while (std::getline(lines, text)) {
    unsigned long long from = 0;
    unsigned long long to = 0;
    unsigned long long count = 0;
    double percent = 0;
    ASSERT_EQ(std::sscanf(text.c_str(), "%llu,%llu,%llu,%lf", &from, &to, &count, &percent), 4) << text;
    EXPECT_LE(from, to);
    EXPECT_GT(from, last);
    last = to;
    sum += count;
    EXPECT_NEAR(percent, static_cast<double>(sum) / 50, 1e-5);
  }
  EXPECT_EQ(sum, 5000u);

  std::ostringstream people;
  h.print(people, 1000);
  EXPECT_THAT(people.str(), HasSubstr("100.000000         5000              inf\n"));
  EXPECT_THAT(people.str(), HasSubstr("count 5000  clipped 0"));
}

} // namespace
} // namespace troupe::bench
