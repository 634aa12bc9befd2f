// Which dead runs of a log go next.
#include "storage/log_garbage.h"
#include <gtest/gtest.h>
#include <map>
#include <random>

namespace troupe::storage {
namespace {

constexpr std::uint64_t kib = 1024;

log_index::extent run(std::uint64_t id, std::uint64_t bytes) {
  return {id, id, id, id, bytes, true};
}

TEST(log_garbage, scattered_runs_are_left_until_they_are_asked_for) {
  log_garbage garbage;
  for (std::uint64_t id = 1; id < 100; id += 2)
    garbage.add(run(id, 100 * kib));
  EXPECT_FALSE(garbage.long_enough());
  EXPECT_FALSE(garbage.next(1024 * kib, false));
  auto first = garbage.next(1024 * kib, true);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first, 1u);
  EXPECT_EQ(first->last, 1u);
}

TEST(log_garbage, runs_between_them_join_them_to_a_stretch) {
  log_garbage garbage;
  for (std::uint64_t id : {10, 12, 11, 14, 13})
    garbage.add(run(id, 60 * kib));
  ASSERT_TRUE(garbage.long_enough());
  auto all = garbage.next(1024 * kib, false);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->first, 10u);
  EXPECT_EQ(all->last, 14u);
  EXPECT_EQ(all->bytes, 300 * kib);
  garbage.remove(*all);
  EXPECT_TRUE(garbage.empty());
  EXPECT_EQ(garbage.bytes(), 0u);
}

TEST(log_garbage, a_stretch_is_taken_in_pieces_of_at_least_one_run) {
  log_garbage garbage;
  for (std::uint64_t id = 1; id <= 8; ++id)
    garbage.add(run(id, 100 * kib));
  auto half = garbage.next(400 * kib, false);
  ASSERT_TRUE(half);
  EXPECT_EQ(half->runs(), 4u);
  garbage.remove(*half);
  EXPECT_EQ(garbage.runs(), 4u);
  EXPECT_EQ(garbage.bytes(), 400 * kib);
  auto one = garbage.next(1, false);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->first, 5u);
  EXPECT_EQ(one->runs(), 1u);
}

// Whatever comes and goes in whatever order: every run is named exactly once, and the sums are right.
TEST(log_garbage, every_run_is_named_once) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    std::map<std::uint64_t, std::uint64_t> here; // id, bytes
    std::vector<std::uint64_t> ids;
    for (std::uint64_t id = 1; id <= 300; ++id)
      ids.push_back(id);
    std::shuffle(ids.begin(), ids.end(), random);
    log_garbage garbage;
    std::size_t named = 0;
    while (!ids.empty() || !garbage.empty()) {
      if (!ids.empty() && (garbage.empty() || random() % 3 != 0)) {
        auto bytes = 4 * kib; // alike, so that a piece of a stretch is worth its share
        garbage.add(run(ids.back(), bytes));
        ASSERT_TRUE(here.emplace(ids.back(), bytes).second);
        ids.pop_back();
        continue;
      }
      auto next = garbage.next(1 + random() % (256 * kib), true);
      ASSERT_TRUE(next);
      for (auto id = next->first; id <= next->last; ++id)
        ASSERT_EQ(here.erase(id), 1u);
      garbage.remove(*next);
      if (random() % 4 == 0) { // the deletion failed
        garbage.add(*next);
        for (auto id = next->first; id <= next->last; ++id)
          here.emplace(id, 4 * kib);
        next->last = next->first + next->runs() / 2; // and a part of them is deleted, or found to be damaged
        next->bytes = next->runs() * 4 * kib;
        for (auto id = next->first; id <= next->last; ++id)
          here.erase(id);
        garbage.remove(*next);
      }
      named += next->runs();
      std::uint64_t bytes = 0;
      for (auto& [id, size] : here)
        bytes += size;
      ASSERT_EQ(garbage.bytes(), bytes);
      ASSERT_EQ(garbage.runs(), here.size());
    }
    EXPECT_EQ(named, 300u);
  }
}

} // namespace
} // namespace troupe::storage
