// How long clients notice. A killed leader: writes again in under 3 s. A clean stop: no gap over 300 ms.
#include "tests/cluster/harness.h"
#include "tests/cluster/load.h"
#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::cluster_test {
namespace {

struct measured {
  std::vector<double> gaps_ms;
};

measured rounds(int count, bool clean) {
  cluster nodes(3);
  nodes.start_all();
  nodes.wait_ready();
  nodes.create_table("registers");
  auto session = nodes.connect();
  load_options options;
  options.table = "registers";
  options.clients = 4;
  options.reads = false;
  load clients({session.get()}, options);
  clients.start();
  measured result;
  for (int i = 0; i < count; ++i) {
    auto before = clients.succeeded();
    EXPECT_TRUE(eventually(milliseconds(20'000), [&] { return clients.succeeded() > before + 50; }));
    std::string leader;
    EXPECT_TRUE(eventually(milliseconds(20'000), [&] { return !(leader = nodes.leader_of_table("registers")).empty(); }));
    auto from = steady_us();
    if (clean)
      EXPECT_EQ(nodes.stop(leader), 0) << nodes.log_of(leader);
    else
      nodes.kill(leader);
    auto at_fault = clients.succeeded();
    EXPECT_TRUE(eventually(milliseconds(20'000), [&] { return clients.succeeded() > at_fault + 50; }))
      << "no write gets through after the leader is gone";
    result.gaps_ms.push_back(static_cast<double>(clients.acknowledged().longest_gap_us(from, steady_us())) / 1000);
    nodes.start(leader);
    nodes.wait_ready();
  }
  clients.stop();
  std::sort(result.gaps_ms.begin(), result.gaps_ms.end());
  std::printf("%s: median %.0f ms, longest %.0f ms of %d rounds; %llu unknown\n", clean ? "clean stop" : "kill -9",
              result.gaps_ms[result.gaps_ms.size() / 2], result.gaps_ms.back(), count,
              static_cast<unsigned long long>(clients.unknown()));
  return result;
}

TEST(Failover, WritesGoOnWithinThreeSecondsOfALeadersDeath) {
  EXPECT_LT(rounds(20, false).gaps_ms.back(), 3'000); // p99 of 20 is the longest
}

TEST(Failover, ACleanStopLeavesNoGapOverThreeHundredMilliseconds) {
  EXPECT_LT(rounds(5, true).gaps_ms.back(), 300);
}

} // namespace
} // namespace troupe::cluster_test
