// Histories as large as the cluster tests make them must be decided, right or wrong, in seconds.
#include "tests/linearizability/checker.h"
#include "tests/linearizability/test/true_register.h"
#include <ctime>
#include <gtest/gtest.h>

namespace troupe::linearizability {
namespace {

struct timed {
  report found;
  double cpu_seconds = 0; // not by the clock on the wall: the machine may be busy with something else
};

timed check_timed(const std::vector<operation>& history) {
  const std::clock_t start = std::clock();
  timed result{check(history), 0};
  result.cpu_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return result;
}

// Appends a get of a value that was overwritten and seen overwritten long before.
void append_stale_read(std::vector<operation>& history) {
  std::int64_t end = 0;
  for (const operation& op : history)
    if (op.returned != never)
      end = std::max(end, op.returned);
  operation write;
  write.client = "w";
  write.key = "x";
  write.what = action::put;
  write.result = outcome::ok;
  for (const char* v : {"stale", "fresh"}) {
    write.written = v;
    write.invoked = ++end;
    write.returned = ++end;
    history.push_back(write);
  }
  operation read;
  read.client = "r";
  read.key = "x";
  read.result = outcome::ok;
  read.read = "stale";
  read.invoked = ++end;
  read.returned = ++end;
  history.push_back(read);
}

TEST(Size, AHundredThousandOperationsOnAThousandKeys) {
  std::vector<operation> history;
  for (int key = 0; key < 1000; ++key) {
    load l;
    l.seed = static_cast<std::uint64_t>(key);
    l.operations = 100;
    l.clients = 8;
    l.unknown = 0.02;
    for (operation& op : run_true_register(l)) {
      op.key = "k" + std::to_string(key);
      history.push_back(std::move(op));
    }
  }
  const timed result = check_timed(history);
  EXPECT_TRUE(result.found.ok()) << result.found.text();
  EXPECT_EQ(result.found.keys, 1000u);
  EXPECT_LT(result.cpu_seconds, 20);
}

struct hammer {
  const char* name;
  int clients;
  int values;
  double puts, removes, swaps, unknown;
};

// Deletes make one value, absence, that many write and many see; with them and unknown outcomes the search is
// hard in theory and in practice, hence fewer clients in the last load.
class OneKey : public ::testing::TestWithParam<hammer> {
protected:
  static std::vector<operation> history(std::uint64_t seed) {
    load l;
    l.seed = seed;
    l.clients = GetParam().clients;
    l.operations = 2000;
    l.think = 2;
    l.delay = 50;
    l.late = 400;
    l.values = GetParam().values;
    l.puts = GetParam().puts;
    l.removes = GetParam().removes;
    l.swaps = GetParam().swaps;
    l.unknown = GetParam().unknown;
    return run_true_register(l);
  }
};

TEST_P(OneKey, ATrueRegisterIsAccepted) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const timed result = check_timed(history(seed));
    EXPECT_TRUE(result.found.ok()) << "seed " << seed << "\n" << result.found.text();
    EXPECT_LT(result.cpu_seconds, 20) << "seed " << seed;
  }
}

TEST_P(OneKey, AStaleReadAtTheEndIsFound) {
  std::vector<operation> broken = history(7);
  append_stale_read(broken);
  const timed result = check_timed(broken);
  EXPECT_EQ(result.found.result, verdict::violation) << result.found.text();
  EXPECT_LT(result.cpu_seconds, 30);
}

TEST_P(OneKey, CorruptedAnswersAreDecided) {
  int violations = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::vector<operation> broken = history(seed);
    for (std::uint64_t i = 0; i < 3; ++i)
      corrupt(broken, seed * 100 + i);
    const timed result = check_timed(broken);
    EXPECT_NE(result.found.result, verdict::undecided) << "seed " << seed << "\n" << result.found.text();
    violations += result.found.result == verdict::violation;
  }
  EXPECT_GE(violations, 3);
}

INSTANTIATE_TEST_SUITE_P(Loads, OneKey,
                         ::testing::Values(hammer{"puts_and_gets", 64, 0, 0.5, 0, 0, 0},
                                           hammer{"unknown_puts", 64, 0, 0.5, 0, 0, 0.1},
                                           hammer{"swaps", 64, 0, 0.05, 0, 0.6, 0},
                                           hammer{"unknown_swaps", 64, 0, 0.05, 0, 0.6, 0.05},
                                           hammer{"everything", 12, 0, 0.25, 0.1, 0.3, 0.03}),
                         [](const auto& which) { return std::string(which.param.name); });

// Increments by compare-and-set, the counter's value read before each: what the cluster tests do.
TEST(Size, SixtyFourClientsIncrementOneCounter) {
  std::mt19937_64 random(3);
  std::vector<operation> history;
  std::vector<std::int64_t> free_at(64, 0);
  std::vector<int> seen(64, 0);
  struct instant {
    std::int64_t effect;
    std::size_t which;
    std::size_t who;
  };
  const auto later = [](const instant& a, const instant& b) { return a.effect > b.effect; };
  std::vector<instant> heap;
  int counter = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto who =
        static_cast<std::size_t>(std::min_element(free_at.begin(), free_at.end()) - free_at.begin());
    const std::int64_t now = free_at[who];
    while (!heap.empty() && heap.front().effect <= now) {
      std::pop_heap(heap.begin(), heap.end(), later);
      const instant at = heap.back();
      heap.pop_back();
      operation& op = history[at.which];
      if (op.what == action::get) {
        op.read = counter == 0 ? value() : value(std::to_string(counter));
        seen[at.who] = counter;
      } else if (op.expected == (counter == 0 ? value() : value(std::to_string(counter)))) {
        ++counter;
      } else if (op.result == outcome::ok) {
        op.result = outcome::condition_failed;
      }
    }
    operation op;
    op.client = "c" + std::to_string(who);
    op.key = "x";
    op.invoked = now;
    op.result = outcome::ok;
    if (random() % 2 == 0) {
      op.what = action::cas;
      op.expected = seen[who] == 0 ? value() : value(std::to_string(seen[who]));
      op.written = std::to_string(seen[who] + 1);
    }
    const std::int64_t effect = now + 1 + static_cast<std::int64_t>(random() % 40);
    op.returned = effect + 1 + static_cast<std::int64_t>(random() % 40);
    free_at[who] = op.returned + 1;
    if (op.what == action::cas && random() % 50 == 0) {
      op.result = outcome::unknown;
      op.returned = never;
    }
    heap.push_back({effect, history.size(), who});
    std::push_heap(heap.begin(), heap.end(), later);
    history.push_back(op);
  }
  // The last ones are still in flight.
  for (const instant& at : heap) {
    history[at.which].result = outcome::unknown;
    history[at.which].returned = never;
  }
  ASSERT_GT(counter, 20);
  timed result = check_timed(history);
  EXPECT_TRUE(result.found.ok()) << result.found.text();
  EXPECT_LT(result.cpu_seconds, 20);

  // One increment is said to have been refused, which did happen.
  for (operation& op : history)
    if (op.what == action::cas && op.result == outcome::ok &&
        op.expected == value(std::to_string(counter / 2))) {
      op.result = outcome::condition_failed;
      break;
    }
  result = check_timed(history);
  EXPECT_NE(result.found.result, verdict::undecided) << result.found.text();
}

} // namespace
} // namespace troupe::linearizability
