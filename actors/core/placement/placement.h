// Where the replicas of new partitions go: three nodes in three different zones, the least loaded ones.
//
// Pure and deterministic: the same nodes, count and seed give the same plan. Load is the number of replicas a
// node has, counting those that this plan has already given it, so a batch stays as balanced as one made bit
// by bit: within a zone of equal nodes the counts differ by at most one. Ties are broken by the seed and not
// by name or free space, so that the replicas of one node's partitions are scattered over many nodes, and its
// failure is a small burden on each.
//
// Thread: pure functions.
#pragma once
#include "messages/replication.pb.h"
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::placement {

inline constexpr std::size_t replicas_per_group = 3;

struct node {
  std::string name;
  std::string zone;
  bool alive = false;
  std::uint32_t replicas = 0;   // it has, of all groups
  std::uint32_t leaders = 0;    // groups whose preferred leader it is
  std::uint64_t free_bytes = 0; // of its disk
  std::uint64_t disk = 0;       // identity of its data directory; 0 while unknown
};

struct request {
  std::size_t partitions = 1;
  std::uint64_t seed = 0;
  std::uint64_t min_free_bytes = 0; // a node with less is given nothing
};

struct place {
  std::string node;
  std::string zone;
  std::uint64_t disk = 0;
};

// The first place is the preferred leader's: of the three, the node that has the fewest.
using group_places = std::array<place, replicas_per_group>;

struct plan {
  std::vector<group_places> groups; // as many as were asked for, or none
  std::string refused;              // why none, for people; empty when there is a plan
};

// Refused when fewer than three zones have a node that is alive, has told its disk's identity, shares it with
// no other live node, and has room enough.
plan place_groups(std::vector<node> nodes, const request& what);

// The first configuration of a group at these places: epoch 1, storage replicas with the ids 1, 2, 3.
msg::Configuration initial_configuration(const group_places& places);

} // namespace troupe::placement
