// Whole nodes on virtual time: whatever happens on the wire and to the nodes, clients see one copy of the
// data, and it is there in the end.
#include "tests/linearizability/checker.h"
#include "tests/nodes/node_world.h"
#include <cstdio>
#include <gtest/gtest.h>

namespace troupe::nodes_test {
namespace {

using namespace std::chrono_literals;

climate weather_of(std::uint64_t seed) {
  const climate kinds[] = {{0, 0}, {0, 20}, {3, 5}, {1, 40}};
  return kinds[seed % 4];
}

// One thing goes wrong, or is put right.
void mishap(node_world& world) {
  auto& names = world.names();
  auto at = world.dice() % 3;
  auto& one = names[at];
  auto& other = names[(at + 1 + world.dice() % 2) % 3];
  switch (world.dice() % 8) {
  case 0:
  case 1:
    if (world.up(one))
      world.crash(one);
    else
      world.boot(one);
    break;
  case 2:
    world.cut_road(one, other);
    break;
  case 3:
    world.cut_road(one, other);
    world.cut_road(other, one);
    break;
  case 4:
  case 5:
    world.mend(one, other);
    break;
  default:
    break;
  }
}

struct tally {
  std::size_t operations = 0;
  std::size_t unknown = 0;
};

// Fails the test when the run is not as it should be; its digest.
std::uint64_t live_through(std::uint64_t seed, int rounds, tally* total = nullptr) {
  node_world world(seed, weather_of(seed));
  for (auto& name : world.names())
    world.boot(name);
  EXPECT_TRUE(world.make_table()) << "seed " << seed << ": nobody made the table";
  world.load(true);
  for (int round = 0; round < rounds; ++round) {
    world.run(std::chrono::milliseconds(100 + world.dice() % 600));
    mishap(world);
  }
  world.calm();
  auto before = world.succeeded();
  for (int i = 0; i < 200 && world.succeeded() < before + 100; ++i)
    world.run(100ms);
  EXPECT_GE(world.succeeded(), before + 100) << "seed " << seed << ": no progress although all is well";
  world.load(false);
  for (int i = 0; i < 30 && !world.quiet(); ++i)
    world.run(100ms);
  EXPECT_TRUE(world.read_all()) << "seed " << seed << ": a register cannot be read";
  auto report = linearizability::check(world.history());
  EXPECT_TRUE(report.ok()) << "seed " << seed << "\n" << report.text();
  for (auto& violation : world.violations)
    ADD_FAILURE() << "seed " << seed << ": " << violation;
  for (auto& op : world.history())
    if (total) {
      ++total->operations;
      total->unknown += op.result == linearizability::outcome::unknown;
    }
  return world.trace();
}

TEST(NodesOnVirtualTime, KeepWhatTheyAcknowledgedWhateverTheSeedDoes) {
  tally total;
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    live_through(seed, 16, &total);
  std::printf("%zu operations, %zu of unknown outcome\n", total.operations, total.unknown);
  EXPECT_GT(total.unknown, 0u) << "nothing ever went wrong";
}

TEST(NodesOnVirtualTime, RepeatARunFromItsSeed) {
  for (std::uint64_t seed : {2, 3}) {
    auto first = live_through(seed, 8);
    EXPECT_EQ(live_through(seed, 8), first) << "seed " << seed;
  }
  EXPECT_NE(live_through(2, 8), live_through(6, 8)); // the same weather
}

} // namespace
} // namespace troupe::nodes_test
