// The loads are what they say: frequencies against theory, and the same again for the same seed.
#include "actors/host/bench/pacer.h"
#include "actors/host/bench/ycsb.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace troupe::bench {
namespace {

// Pearson's statistic; cells with fewer than 10 expected are pooled.
struct fit {
  double statistic = 0;
  int cells = 0;

  // The value that a right generator exceeds once in a million times (Wilson and Hilferty's approximation).
  double bound() const {
    const double k = cells - 1;
    const double c = 2 / (9 * k);
    return k * std::pow(1 - c + 4.753 * std::sqrt(c), 3);
  }
};

fit chi_square(const std::vector<double>& expected, const std::vector<std::uint64_t>& seen) {
  fit result;
  double pooled_expected = 0;
  double pooled_seen = 0;
  const auto close = [&] {
    if (pooled_expected <= 0)
      return;
    result.statistic += (pooled_seen - pooled_expected) * (pooled_seen - pooled_expected) / pooled_expected;
    ++result.cells;
    pooled_expected = pooled_seen = 0;
  };
  for (std::size_t i = 0; i < expected.size(); ++i) {
    pooled_expected += expected[i];
    pooled_seen += static_cast<double>(seen[i]);
    if (pooled_expected >= 10)
      close();
  }
  close();
  return result;
}

TEST(RandomSource, IsUniformAndRepeatable) {
  random_source random(1);
  constexpr int draws = 1'000'000;
  std::vector<std::uint64_t> seen(1000, 0);
  for (int i = 0; i < draws; ++i)
    ++seen[random.below(1000)];
  const fit even = chi_square(std::vector<double>(1000, draws / 1000.0), seen);
  EXPECT_LT(even.statistic, even.bound());

  random_source again(1);
  random_source once_more(1);
  random_source other_stream(1, 1);
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = again.next();
    EXPECT_EQ(value, once_more.next());
    equal += value == other_stream.next();
  }
  EXPECT_EQ(equal, 0);
}

TEST(Zipfian, ZetaIsTheSum) {
  for (double theta : {0.5, 0.99}) {
    double sum = 0;
    for (int i = 1; i <= 300'000; ++i)
      sum += std::pow(i, -theta);
    EXPECT_NEAR(zipfian_ranks::zeta(300'000, theta), sum, 1e-9 * sum) << "past where the formula takes over";
  }
  EXPECT_DOUBLE_EQ(zipfian_ranks::zeta(2, 0.99), 1 + std::pow(0.5, 0.99));
}

// Against the method's own distribution: exact, so the bound is the statistical one.
TEST(Zipfian, RanksFollowTheMethodOfGrayEtAl) {
  constexpr std::uint64_t n = 10'000;
  constexpr int draws = 2'000'000;
  const zipfian_ranks ranks(n);
  random_source random(2);
  std::vector<std::uint64_t> seen(n, 0);
  for (int i = 0; i < draws; ++i)
    ++seen[ranks.next(random)];
  std::vector<double> expected(n);
  double before = 0;
  for (std::uint64_t rank = 0; rank < n; ++rank) {
    expected[rank] = draws * (ranks.at_most(rank) - before);
    before = ranks.at_most(rank);
  }
  EXPECT_DOUBLE_EQ(before, 1);
  const fit fitted = chi_square(expected, seen);
  EXPECT_GT(fitted.cells, 2000);
  EXPECT_LT(fitted.statistic, fitted.bound());
}

// Against Zipf's law itself: the method is an approximation, which must not be far off anywhere.
TEST(Zipfian, TheMethodStaysCloseToZipfsLaw) {
  for (std::uint64_t n : {std::uint64_t{1000}, std::uint64_t{100'000}}) {
    const zipfian_ranks ranks(n);
    const double zeta = zipfian_ranks::zeta(n, zipfian_ranks::usual_theta);
    double law = 0;
    double farthest = 0;
    for (std::uint64_t rank = 0; rank < n; ++rank) {
      law += std::pow(static_cast<double>(rank + 1), -zipfian_ranks::usual_theta) / zeta;
      farthest = std::max(farthest, std::abs(ranks.at_most(rank) - law));
    }
    EXPECT_LT(farthest, 0.02) << n << " ranks";
    EXPECT_DOUBLE_EQ(ranks.at_most(0), 1 / zeta);
  }
}

TEST(Zipfian, SmallestSizesWork) {
  random_source random(3);
  for (std::uint64_t n = 1; n <= 4; ++n) {
    const zipfian_ranks ranks(n);
    std::vector<std::uint64_t> seen(n, 0);
    for (int i = 0; i < 10'000; ++i)
      ++seen.at(ranks.next(random));
    for (std::uint64_t rank = 0; rank < n; ++rank)
      EXPECT_GT(seen[rank], 0u) << n;
    EXPECT_DOUBLE_EQ(ranks.at_most(n - 1), 1);
  }
}

TEST(KeyChooser, ScatteredZipfianKeysHaveTheirRanksFrequencies) {
  constexpr std::uint64_t n = 1000;
  constexpr int draws = 1'000'000;
  const key_chooser keys(distribution::zipfian, n);
  const zipfian_ranks ranks(n);
  random_source random(4);
  std::vector<std::uint64_t> seen(n, 0);
  for (int i = 0; i < draws; ++i)
    ++seen[keys.next(random)];
  std::vector<double> expected(n, 0);
  for (std::uint64_t rank = 0; rank < n; ++rank)
    expected[key_chooser::scatter(rank, n)] +=
        draws * (ranks.at_most(rank) - (rank ? ranks.at_most(rank - 1) : 0));
  for (std::uint64_t key = 0; key < n; ++key)
    EXPECT_TRUE(expected[key] > 0 || seen[key] == 0) << key;
  const fit fitted = chi_square(expected, seen);
  EXPECT_LT(fitted.statistic, fitted.bound());

  // Hot keys are no neighbours: the ten hottest lie in at least five different tenths of the key space.
  std::set<std::uint64_t> tenths;
  for (std::uint64_t rank = 0; rank < 10; ++rank)
    tenths.insert(key_chooser::scatter(rank, n) * 10 / n);
  EXPECT_GE(tenths.size(), 5u);
}

TEST(KeyChooser, UniformKeysAreUniform) {
  constexpr std::uint64_t n = 777;
  const key_chooser keys(distribution::uniform, n);
  random_source random(5);
  std::vector<std::uint64_t> seen(n, 0);
  for (int i = 0; i < 500'000; ++i)
    ++seen.at(keys.next(random));
  const fit even = chi_square(std::vector<double>(n, 500'000.0 / n), seen);
  EXPECT_LT(even.statistic, even.bound());
}

TEST(Ycsb, WorkloadsMixAsYcsbSays) {
  const std::map<workload, std::map<operation_kind, double>> mixes = {
      {workload::a, {{operation_kind::read, 0.5}, {operation_kind::update, 0.5}}},
      {workload::b, {{operation_kind::read, 0.95}, {operation_kind::update, 0.05}}},
      {workload::c, {{operation_kind::read, 1}}},
      {workload::f, {{operation_kind::read, 0.5}, {operation_kind::read_modify_write, 0.5}}},
      {workload::insert, {{operation_kind::insert, 1}}},
  };
  for (const auto& [which, mix] : mixes) {
    load_options load;
    load.which = which;
    load.records = 1000;
    operation_stream stream(load, 0);
    std::map<operation_kind, int> seen;
    constexpr int draws = 100'000;
    for (int i = 0; i < draws; ++i)
      ++seen[stream.next().kind];
    for (const auto& [kind, count] : seen) {
      ASSERT_TRUE(mix.contains(kind)) << name_of(which) << " " << name_of(kind);
      EXPECT_NEAR(static_cast<double>(count) / draws, mix.at(kind), 0.01) << name_of(which);
    }
  }
}

TEST(Ycsb, AStreamIsAFunctionOfSeedAndClient) {
  load_options load;
  load.clients = 2;
  operation_stream first(load, 0);
  operation_stream same(load, 0);
  operation_stream other(load, 1);
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const operation a = first.next();
    const operation b = same.next();
    const operation c = other.next();
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.record, b.record);
    equal += a.kind == c.kind && a.record == c.record;
  }
  EXPECT_LT(equal, 100) << "hot keys meet now and then";
}

TEST(Ycsb, ClientsInsertDifferentRecordsWithoutGaps) {
  load_options load;
  load.which = workload::insert;
  load.records = 500;
  load.clients = 3;
  std::set<std::uint64_t> inserted;
  for (std::uint32_t client = 0; client < 3; ++client) {
    operation_stream stream(load, client);
    for (int i = 0; i < 100; ++i)
      EXPECT_TRUE(inserted.insert(stream.next().record).second);
  }
  EXPECT_EQ(*inserted.begin(), 500u);
  EXPECT_EQ(*inserted.rbegin(), 799u);
}

TEST(Ycsb, RecordsAreAKilobyteAndWellFormed) {
  for (const char* key_attribute : {"pk", "KEY", "field3x"}) {
    record_options how;
    how.key_attribute = key_attribute;
    msg::AttributeMap item;
    make_record(how, 42, 0, item);
    ASSERT_EQ(item.attributes_size(), 11);
    bool keyed = false;
    for (int i = 0; i < item.attributes_size(); ++i) {
      const msg::Attribute& one = item.attributes(i);
      EXPECT_TRUE(i == 0 || item.attributes(i - 1).name() < one.name()) << "ascending, none twice";
      if (one.name() == key_attribute) {
        keyed = true;
        EXPECT_EQ(one.value().s(), key_of(42));
      } else {
        EXPECT_EQ(one.value().s().size(), 100u);
      }
    }
    EXPECT_TRUE(keyed);
    EXPECT_GT(item.ByteSizeLong(), 1000u);
    EXPECT_LT(item.ByteSizeLong(), 1300u);
  }
}

TEST(Ycsb, RecordsDifferByNumberAndVersionAndNothingElse) {
  const record_options how;
  msg::AttributeMap one;
  msg::AttributeMap same;
  msg::AttributeMap newer;
  msg::AttributeMap other;
  make_record(how, 7, 1, one);
  make_record(how, 7, 1, same);
  make_record(how, 7, 2, newer);
  make_record(how, 8, 1, other);
  EXPECT_EQ(one.SerializeAsString(), same.SerializeAsString());
  EXPECT_NE(one.SerializeAsString(), newer.SerializeAsString());
  EXPECT_NE(one.SerializeAsString(), other.SerializeAsString());
  msg::AttributeMap key;
  make_key(how, 7, key);
  ASSERT_EQ(key.attributes_size(), 1);
  EXPECT_EQ(key.attributes(0).value().s(), key_of(7));
}

TEST(Ycsb, KeysAreDistinct) {
  std::set<std::string> keys;
  for (std::uint64_t record = 0; record < 100'000; ++record)
    EXPECT_TRUE(keys.insert(key_of(record)).second);
}

TEST(Ycsb, WorkloadsHaveNames) {
  EXPECT_EQ(workload_from("a"), workload::a);
  EXPECT_EQ(workload_from("F"), workload::f);
  EXPECT_EQ(workload_from("insert"), workload::insert);
  EXPECT_EQ(workload_from("E"), std::nullopt);
  EXPECT_EQ(workload_from(""), std::nullopt);
}

TEST(Pacer, AFixedScheduleTakesTurns) {
  std::vector<std::int64_t> all;
  for (std::uint32_t client = 0; client < 4; ++client) {
    pacer schedule(arrivals::fixed, 1000, 4, client, 1);
    for (int i = 0; i < 250; ++i)
      all.push_back(schedule.next());
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_NEAR(static_cast<double>(all[i]), static_cast<double>(i) * 1e6, 2) << "one per millisecond";
}

TEST(Pacer, PoissonArrivalsAreIndependent) {
  pacer schedule(arrivals::poisson, 5000, 10, 3, 9);
  constexpr int draws = 200'000;
  const double mean = 1e9 / 500; // this client's share
  std::int64_t last = 0;
  double sum = 0;
  double squares = 0;
  std::vector<std::uint64_t> quantiles(20, 0);
  for (int i = 0; i < draws; ++i) {
    const std::int64_t at = schedule.next();
    ASSERT_GE(at, last);
    const auto pause = static_cast<double>(at - last);
    last = at;
    sum += pause;
    squares += pause * pause;
    const double below = 1 - std::exp(-pause / mean); // uniform when pauses are exponential
    ++quantiles[std::min<std::size_t>(static_cast<std::size_t>(below * 20), 19)];
  }
  EXPECT_NEAR(sum / draws, mean, 0.01 * mean);
  EXPECT_NEAR(std::sqrt(squares / draws - sum / draws * sum / draws), mean, 0.02 * mean);
  const fit even = chi_square(std::vector<double>(20, draws / 20.0), quantiles);
  EXPECT_LT(even.statistic, even.bound());
}

} // namespace
} // namespace troupe::bench
