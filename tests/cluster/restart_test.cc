// A node with many replicas comes back, alone and with all the others. That it does is tested here; how fast
// is what idle_and_restart.cc measures.
#include "tests/cluster/crowd.h"
#include <gtest/gtest.h>

namespace troupe::cluster_test {
namespace {

TEST(Restart, ANodeWithThreeHundredReplicasServesAgain) {
  constexpr unsigned partitions = 300;
  constexpr int keys = partitions * 8;     // some in each partition, but for a chance in ten of one without
  constexpr milliseconds patience(60'000); // far more than it takes, for machines that do other things, too
  cluster nodes(3);
  nodes.start_all();
  nodes.wait_ready();
  nodes.create_table("many", partitions, milliseconds(60'000));

  nodes.kill("n2");
  auto alone = start_and_serve(nodes, {"n2"}, "many", keys, patience);
  EXPECT_GE(alone.first_ms, 0) << nodes.log_of("n2");
  EXPECT_GE(alone.all_ms, 0) << "some partition is not served through the node that came back";
  EXPECT_GE(alone.follow_ms, 0) << "some replica of the node that came back does not follow";

  for (auto& n : nodes.names())
    nodes.kill(n);
  auto all = start_and_serve(nodes, {"n3", "n1", "n2"}, "many", keys, patience, false);
  EXPECT_GE(all.all_ms, 0) << "some partition has no leader after all nodes started again";
}

} // namespace
} // namespace troupe::cluster_test
