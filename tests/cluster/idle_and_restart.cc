// What many partitions cost a cluster of three nodes on this machine: how soon a node serves after a start,
// and processor time and memory of all nodes when nobody asks anything. Figures for people; run by hand:
//
//   build/release/tests/idle_and_restart [PARTITIONS [SECONDS [REPLICAS]]]
//
// PARTITIONS lie idle (1000) and are measured for SECONDS (10); a node with REPLICAS (300) restarts.
#include "tests/cluster/crowd.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace {

using namespace troupe::cluster_test;

void print(const char* what, const served& times) {
  std::printf("  %-28s first write %6.0f ms, every partition %6.0f ms, all replicas follow %6.0f ms\n", what,
              times.first_ms, times.all_ms, times.follow_ms);
  std::fflush(stdout);
}

void restart(unsigned replicas) {
  cluster nodes(3);
  nodes.start_all();
  nodes.wait_ready();
  nodes.create_table("many", replicas, milliseconds(120'000));
  std::printf("A node with %u replicas, since its start, through its router (goal: under 5000 ms)\n",
              replicas);
  auto keys = static_cast<int>(replicas) * 8;
  constexpr milliseconds patience(120'000);
  nodes.kill("n1");
  print("killed and started:", start_and_serve(nodes, {"n1"}, "many", keys, patience));
  nodes.stop("n1");
  print("stopped and started:", start_and_serve(nodes, {"n1"}, "many", keys, patience));
  for (auto& n : nodes.names())
    nodes.kill(n);
  print("all killed and started:", start_and_serve(nodes, {"n1", "n2", "n3"}, "many", keys, patience));
}

void idle(unsigned partitions, int seconds) {
  cluster nodes(3);
  nodes.start_all();
  nodes.wait_ready();
  nodes.create_table("many", partitions, milliseconds(120'000));
  measure_idle(nodes, milliseconds(5'000)); // what making them left behind is over
  auto now = measure_idle(nodes, milliseconds(seconds * 1'000));
  std::printf("%u idle partitions, three nodes together over %d s\n", partitions, seconds);
  std::printf("  %.1f %% of one core (goal: under 5), %.0f MiB resident (goal: under 1024)\n",
              now.cpu_percent, now.resident_mib);
}

unsigned argument(int argc, char** argv, int at, unsigned otherwise) {
  auto given = argc > at ? std::atoi(argv[at]) : static_cast<int>(otherwise);
  return static_cast<unsigned>(std::clamp(given, 1, 10'000));
}

} // namespace

int main(int argc, char** argv) {
  try {
    restart(argument(argc, argv, 3, 300));
    idle(argument(argc, argv, 1, 1'000), static_cast<int>(argument(argc, argv, 2, 10)));
    return 0;
  } catch (const std::exception& why) {
    std::fprintf(stderr, "%s\n", why.what());
    return 1;
  }
}
