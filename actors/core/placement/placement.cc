#include "actors/core/placement/placement.h"
#include <algorithm>
#include <map>
#include <tuple>

namespace troupe::placement {
namespace {

// A well-mixed number of a state that is advanced by one: SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t state) {
  state += 0x9E3779B97F4A7C15ull;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ull;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBull;
  return state ^ (state >> 31);
}

struct candidate {
  node* what = nullptr;
  std::uint64_t lot = 0; // drawn anew for each partition; the smaller one wins a tie
};

bool less_loaded(const candidate& a, const candidate& b) {
  return std::tie(a.what->replicas, a.lot) < std::tie(b.what->replicas, b.lot);
}
bool fewer_leaders(const candidate& a, const candidate& b) {
  return std::tie(a.what->leaders, a.lot) < std::tie(b.what->leaders, b.lot);
}

using zones = std::map<std::string_view, std::vector<node*>>;

std::string why_not(const node& one, const std::map<std::uint64_t, int>& disks, const request& what) {
  if (!one.alive)
    return "is not alive";
  if (one.disk == 0)
    return "has not told its disk's identity yet";
  if (disks.at(one.disk) > 1)
    return "has the disk identity of another node: one of their data directories is a copy";
  if (one.free_bytes < what.min_free_bytes)
    return "has " + std::to_string(one.free_bytes >> 20) + " MiB free of the " +
           std::to_string(what.min_free_bytes >> 20) + " MiB that are needed";
  return {};
}

// Usable nodes by zone; in `refused`, why those of the other zones are not.
zones usable_zones(std::vector<node>& nodes, const request& what, std::string& refused) {
  std::map<std::uint64_t, int> disks;
  for (const node& one : nodes)
    disks[one.disk] += one.alive; // a node that was renamed leaves a dead one with its disk behind
  zones out;
  std::map<std::string_view, std::string> reasons;
  for (node& one : nodes) {
    std::string& reason = reasons[one.zone];
    const std::string why = why_not(one, disks, what);
    if (why.empty())
      out[one.zone].push_back(&one);
    else
      reason += (reason.empty() ? "" : "; ") + ("node " + one.name + " " + why);
  }
  if (out.size() >= replicas_per_group)
    return out;
  refused = "replicas need nodes in " + std::to_string(replicas_per_group) + " zones, and only " +
            std::to_string(out.size()) + (out.size() == 1 ? " zone has" : " have") +
            " one that can take them";
  for (const auto& [zone, reason] : reasons)
    if (!out.contains(zone))
      refused += "; zone " + std::string(zone) + ": " + reason;
  return out;
}

// The least loaded node of each zone; of those, the three least loaded; of those, first the one that has the
// fewest leaders.
group_places place_one(const zones& all, std::uint64_t draw) {
  std::vector<candidate> best;
  for (const auto& [zone, nodes] : all) {
    candidate least;
    for (node* one : nodes)
      if (const candidate next{one, draw = mix(draw)}; least.what == nullptr || less_loaded(next, least))
        least = next;
    best.push_back(least);
  }
  std::sort(best.begin(), best.end(), less_loaded);
  best.resize(replicas_per_group);
  std::iter_swap(best.begin(), std::min_element(best.begin(), best.end(), fewer_leaders));

  group_places out;
  for (std::size_t i = 0; i < best.size(); ++i) {
    node& chosen = *best[i].what;
    ++chosen.replicas;
    chosen.leaders += i == 0;
    out[i] = {chosen.name, chosen.zone, chosen.disk};
  }
  return out;
}

} // namespace

plan place_groups(std::vector<node> nodes, const request& what) {
  plan out;
  // The order in which nodes are listed must not matter.
  std::sort(nodes.begin(), nodes.end(), [](const node& a, const node& b) { return a.name < b.name; });
  const zones all = usable_zones(nodes, what, out.refused);
  if (!out.refused.empty())
    return out;
  out.groups.reserve(what.partitions);
  for (std::size_t i = 0; i < what.partitions; ++i)
    out.groups.push_back(place_one(all, mix(what.seed + i)));
  return out;
}

msg::Configuration initial_configuration(const group_places& places) {
  msg::Configuration out;
  out.set_epoch(1);
  for (const place& one : places) {
    msg::Member* member = out.add_members();
    member->set_id(static_cast<std::uint64_t>(out.members_size()));
    member->set_kind(msg::STORAGE_REPLICA);
    member->set_node(one.node);
    member->set_zone(one.zone);
    member->set_disk(one.disk);
  }
  return out;
}

} // namespace troupe::placement
