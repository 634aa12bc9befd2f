#include "actors/core/placement/placement.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace troupe::placement {
namespace {

using testing::HasSubstr;

std::vector<node> cluster(int zones, int nodes_per_zone) {
  std::vector<node> out;
  for (int zone = 0; zone < zones; ++zone)
    for (int i = 0; i < nodes_per_zone; ++i) {
      node one;
      one.zone = std::string(1, static_cast<char>('a' + zone));
      one.name = one.zone + std::to_string(i);
      one.alive = true;
      one.free_bytes = 10u << 30;
      one.disk = out.size() + 1;
      out.push_back(one);
    }
  return out;
}

node& named(std::vector<node>& nodes, const std::string& name) {
  for (node& one : nodes)
    if (one.name == name)
      return one;
  throw std::out_of_range(name);
}

// What each node has once the plan is carried out.
std::map<std::string, node> after(const std::vector<node>& nodes, const plan& made) {
  std::map<std::string, node> out;
  for (const node& one : nodes)
    out[one.name] = one;
  for (const group_places& places : made.groups)
    for (std::size_t i = 0; i < places.size(); ++i) {
      ++out[places[i].node].replicas;
      out[places[i].node].leaders += i == 0;
    }
  return out;
}

// Largest minus smallest over the nodes of each zone, the worst zone's.
template <class Count>
std::uint32_t imbalance(const std::map<std::string, node>& nodes, Count count) {
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> zones;
  for (const auto& [name, one] : nodes) {
    const auto [zone, added] = zones.try_emplace(one.zone, count(one), count(one));
    zone->second.first = std::min(zone->second.first, count(one));
    zone->second.second = std::max(zone->second.second, count(one));
  }
  std::uint32_t worst = 0;
  for (const auto& [zone, range] : zones)
    worst = std::max(worst, range.second - range.first);
  return worst;
}
std::uint32_t replicas(const node& one) {
  return one.replicas;
}
std::uint32_t leaders(const node& one) {
  return one.leaders;
}

TEST(Placement, ThreeReplicasStandInThreeZones) {
  const auto nodes = cluster(3, 1);
  const plan made = place_groups(nodes, {.partitions = 1, .seed = 7});
  ASSERT_EQ(made.refused, "");
  ASSERT_EQ(made.groups.size(), 1u);
  std::set<std::string> zones;
  for (const place& one : made.groups[0])
    zones.insert(one.zone);
  EXPECT_EQ(zones, (std::set<std::string>{"a", "b", "c"}));
}

TEST(Placement, ABatchStaysBalancedInEveryZone) {
  for (const int per_zone : {1, 2, 3, 7})
    for (const std::size_t partitions : {1, 2, 10, 997}) {
      const auto nodes = cluster(3, per_zone);
      const plan made = place_groups(nodes, {.partitions = partitions, .seed = partitions});
      ASSERT_EQ(made.groups.size(), partitions);
      const auto result = after(nodes, made);
      EXPECT_LE(imbalance(result, replicas), 1u) << per_zone << " per zone, " << partitions;
      std::uint32_t least = UINT32_MAX, most = 0;
      for (const auto& [name, one] : result) {
        least = std::min(least, leaders(one));
        most = std::max(most, leaders(one));
      }
      EXPECT_LE(most - least, 2u) << "preferred leaders over the whole cluster";
    }
}

TEST(Placement, PartitionByPartitionIsAsBalancedAsInOneBatch) {
  auto nodes = cluster(3, 3);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto result = after(nodes, place_groups(nodes, {.partitions = 1, .seed = i}));
    for (node& one : nodes)
      one = result.at(one.name);
    ASSERT_LE(imbalance(result, replicas), 1u) << "after " << i + 1;
  }
}

TEST(Placement, MoreZonesThanThreeShareTheReplicas) {
  const auto nodes = cluster(5, 2);
  const auto result = after(nodes, place_groups(nodes, {.partitions = 100, .seed = 3}));
  for (const auto& [name, one] : result)
    EXPECT_EQ(one.replicas, 30u) << name;
  for (const group_places& places : place_groups(nodes, {.partitions = 100, .seed = 3}).groups)
    EXPECT_EQ((std::set<std::string>{places[0].zone, places[1].zone, places[2].zone}).size(), 3u);
}

TEST(Placement, AnEmptyNodeIsFilledFirst) {
  auto nodes = cluster(3, 2);
  for (node& one : nodes)
    one.replicas = 50;
  named(nodes, "b1").replicas = 0;
  const plan made = place_groups(nodes, {.partitions = 50, .seed = 1});
  EXPECT_EQ(after(nodes, made).at("b1").replicas, 50u);
  EXPECT_EQ(after(nodes, made).at("b0").replicas, 50u);
}

TEST(Placement, WhoeverLeadsLeastLeadsNext) {
  auto nodes = cluster(3, 1);
  named(nodes, "a0").leaders = 10;
  named(nodes, "c0").leaders = 10;
  const plan made = place_groups(nodes, {.partitions = 10, .seed = 1});
  for (const group_places& places : made.groups)
    EXPECT_EQ(places[0].node, "b0");
}

TEST(Placement, TheSameQuestionHasTheSameAnswer) {
  auto nodes = cluster(4, 3);
  const auto names = [](const plan& made) {
    std::string out;
    for (const group_places& places : made.groups)
      for (const place& one : places)
        out += one.node + " ";
    return out;
  };
  const std::string first = names(place_groups(nodes, {.partitions = 40, .seed = 5}));
  std::reverse(nodes.begin(), nodes.end());
  EXPECT_EQ(names(place_groups(nodes, {.partitions = 40, .seed = 5})), first)
      << "however the nodes are listed";
  EXPECT_NE(names(place_groups(nodes, {.partitions = 40, .seed = 6})), first);
}

TEST(Placement, TheFailureOfANodeIsSharedByMany) {
  const auto nodes = cluster(3, 4);
  std::map<std::string, int> partners; // of a0
  for (const group_places& places : place_groups(nodes, {.partitions = 400, .seed = 9}).groups)
    for (const place& mine : places)
      if (mine.node == "a0")
        for (const place& other : places)
          ++partners[other.node];
  partners.erase("a0");
  EXPECT_EQ(partners.size(), 8u) << "all nodes of the other zones";
  for (const auto& [name, shared] : partners)
    EXPECT_NEAR(shared, 25, 15) << name;
}

TEST(Placement, FewerThanThreeUsableZonesAreRefusedWithTheReason) {
  auto nodes = cluster(3, 2);
  named(nodes, "b0").alive = false;
  ASSERT_EQ(place_groups(nodes, {.partitions = 4}).groups.size(), 4u) << "zone b still has b1";
  named(nodes, "b1").free_bytes = 100u << 20;
  const plan refused = place_groups(nodes, {.partitions = 4, .min_free_bytes = 1u << 30});
  EXPECT_TRUE(refused.groups.empty());
  EXPECT_THAT(refused.refused, HasSubstr("3 zones"));
  EXPECT_THAT(refused.refused, HasSubstr("only 2 have one"));
  EXPECT_THAT(refused.refused, HasSubstr("node b0 is not alive"));
  EXPECT_THAT(refused.refused, HasSubstr("node b1 has 100 MiB free of the 1024 MiB that are needed"));
  EXPECT_THAT(refused.refused, Not(HasSubstr("zone a")));

  EXPECT_THAT(place_groups({}, {}).refused, HasSubstr("only 0 have one"));
  EXPECT_THAT(place_groups(cluster(1, 9), {}).refused, HasSubstr("only 1 zone has one"));
}

TEST(Placement, ANodeWithoutADiskOfItsOwnIsGivenNothing) {
  auto nodes = cluster(3, 2);
  named(nodes, "a0").disk = 0;
  const plan made = place_groups(nodes, {.partitions = 20});
  EXPECT_EQ(after(nodes, made).at("a0").replicas, 0u);

  named(nodes, "a1").disk = named(nodes, "c1").disk;
  EXPECT_THAT(place_groups(nodes, {}).refused, HasSubstr("node a1 has the disk identity of another node"));
  named(nodes, "c1").alive = false; // c1 was renamed a1
  EXPECT_EQ(place_groups(nodes, {}).refused, "");
}

TEST(Placement, ThePlacesBecomeTheGroupsFirstConfiguration) {
  const auto nodes = cluster(3, 1);
  const plan made = place_groups(nodes, {});
  const auto configuration = initial_configuration(made.groups.at(0));
  EXPECT_EQ(configuration.epoch(), 1u);
  ASSERT_EQ(configuration.members_size(), 3);
  for (int i = 0; i < 3; ++i) {
    const place& one = made.groups[0][static_cast<std::size_t>(i)];
    const msg::Member& member = configuration.members(i);
    EXPECT_EQ(member.id(), static_cast<std::uint64_t>(i + 1));
    EXPECT_EQ(member.kind(), msg::STORAGE_REPLICA);
    EXPECT_EQ(member.node(), one.node);
    EXPECT_EQ(member.zone(), one.zone);
    EXPECT_EQ(member.disk(), one.disk);
  }
}

} // namespace
} // namespace troupe::placement
