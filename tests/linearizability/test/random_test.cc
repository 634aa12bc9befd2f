// The checker against histories that are right by construction, and against the definition itself.
#include "tests/linearizability/checker.h"
#include "tests/linearizability/test/brute_force.h"
#include "tests/linearizability/test/true_register.h"
#include <gtest/gtest.h>

namespace troupe::linearizability {
namespace {

std::string print(const std::vector<operation>& history) {
  std::string text;
  for (const operation& op : history)
    text += describe(op) + "\n";
  return text;
}

// Small histories of every flavour: few or many values, short or long delays, few or many unknown outcomes.
load small_load(std::uint64_t seed) {
  load l;
  l.seed = seed;
  l.clients = 2 + static_cast<int>(seed % 4);
  l.operations = 4 + static_cast<int>(seed % 5);
  l.values = static_cast<int>(seed / 7 % 4);
  l.delay = 2 + static_cast<int>(seed / 11 % 3) * 15;
  l.unknown = static_cast<double>(seed / 13 % 4) * 0.12;
  l.late = 5 + static_cast<int>(seed / 17 % 3) * 60;
  l.swaps = static_cast<double>(seed / 19 % 3) * 0.25;
  return l;
}

TEST(Random, ATrueRegisterIsAccepted) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    load l = small_load(seed);
    l.operations = 60;
    const std::vector<operation> history = run_true_register(l);
    const report found = check(history);
    ASSERT_TRUE(found.ok()) << "seed " << seed << "\n" << found.text() << print(history);
  }
}

TEST(Random, AgreesWithTheDefinitionOnRightHistories) {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const std::vector<operation> history = run_true_register(small_load(seed));
    ASSERT_TRUE(brute_force::linearizable(history)) << "seed " << seed << "\n" << print(history);
    ASSERT_TRUE(check(history).ok()) << "seed " << seed << "\n" << print(history);
  }
}

// Corrupted histories are sometimes still linearizable; both must say the same. Both verdicts must be common,
// or the comparison would compare little.
TEST(Random, AgreesWithTheDefinitionOnCorruptedHistories) {
  int right = 0;
  int wrong = 0;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    std::vector<operation> history = run_true_register(small_load(seed));
    bool changed = corrupt(history, seed);
    if (seed % 3 == 0)
      changed = corrupt(history, seed + 1) || changed;
    if (!changed)
      continue;
    const bool expected = brute_force::linearizable(history);
    options how;
    how.explain = seed % 10 == 0;
    const report found = check(history, how);
    ASSERT_EQ(found.result, expected ? verdict::linearizable : verdict::violation)
        << "seed " << seed << "\n"
        << found.text() << print(history);
    ++(expected ? right : wrong);
  }
  EXPECT_GT(right, 2000);
  EXPECT_GT(wrong, 5000);
}

// Answers drawn at random, not from a register at all: shapes that no run produces.
TEST(Random, AgreesWithTheDefinitionOnArbitraryHistories) {
  int right = 0;
  int wrong = 0;
  for (std::uint64_t seed = 0; seed < 40000; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    const auto any_value = [&] { return below(3) == 0 ? value() : value(std::to_string(below(2))); };
    std::vector<operation> history(3 + below(5));
    for (operation& op : history) {
      op.key = "x";
      op.what = static_cast<action>(below(4));
      op.invoked = static_cast<std::int64_t>(below(12));
      op.returned = op.invoked + static_cast<std::int64_t>(below(8));
      op.result = outcome::ok;
      if (op.what == action::put)
        op.written = std::to_string(below(2));
      if (op.what == action::get)
        op.read = any_value();
      if (op.what == action::cas) {
        op.expected = any_value();
        op.written = any_value();
        if (below(3) == 0)
          op.result = outcome::condition_failed;
      }
      if (below(5) == 0) {
        op.result = outcome::unknown;
        op.returned = never;
        op.read.reset();
      }
    }
    const bool expected = brute_force::linearizable(history);
    options how;
    how.explain = false;
    ASSERT_EQ(check(history, how).result, expected ? verdict::linearizable : verdict::violation)
        << "seed " << seed << "\n"
        << print(history);
    ++(expected ? right : wrong);
  }
  EXPECT_GT(right, 4000);
  EXPECT_GT(wrong, 4000);
}

} // namespace
} // namespace troupe::linearizability
