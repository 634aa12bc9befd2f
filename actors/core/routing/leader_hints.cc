#include "actors/core/routing/leader_hints.h"
#include <algorithm>

namespace troupe::routing {
namespace {

bool stores(const msg::Member& member) {
  return member.kind() == msg::STORAGE_REPLICA;
}

bool is_storage_replica(const msg::PartitionRecord& partition, std::string_view node) {
  const auto& members = partition.configuration().members();
  return std::any_of(members.begin(), members.end(),
                     [&](const msg::Member& member) { return stores(member) && member.node() == node; });
}

} // namespace

leader_hints::leader_hints(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

leader_hints::hint& leader_hints::put(std::uint64_t group) {
  const auto [place, added] = hints_.try_emplace(group);
  if (!added)
    return place->second;
  if (order_.size() < capacity_) {
    order_.push_back(group);
    return place->second;
  }
  hints_.erase(order_[next_]);
  order_[next_] = group;
  next_ = (next_ + 1) % capacity_;
  return hints_.find(group)->second;
}

void leader_hints::update_from_moved(const msg::Moved& moved) {
  learn(moved.group(), moved.leader_node(), moved.epoch());
}

void leader_hints::learn(std::uint64_t group, std::string_view node, std::uint64_t epoch) {
  if (const hint* held = find(group); held != nullptr && epoch < held->epoch)
    return;
  hint& changed = put(group);
  changed.node = node;
  changed.epoch = epoch;
}

void leader_hints::suspect(std::uint64_t group, std::string_view node) {
  if (const auto found = hints_.find(group); found != hints_.end() && found->second.node == node)
    found->second.node.clear(); // the epoch stays, so that older words are still known for old
}

void leader_hints::retain(const partition_map& map) {
  std::vector<std::uint64_t> kept;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::uint64_t group = order_[(next_ + i) % order_.size()]; // oldest first
    if (map.group(group) != nullptr)
      kept.push_back(group);
    else
      hints_.erase(group);
  }
  order_ = std::move(kept);
  next_ = 0;
}

const leader_hints::hint* leader_hints::find(std::uint64_t group) const {
  const auto found = hints_.find(group);
  return found == hints_.end() ? nullptr : &found->second;
}

std::string_view leader_hints::target(const msg::PartitionRecord& partition) const {
  if (const hint* held = find(partition.group()); held != nullptr && !held->node.empty())
    if (held->epoch > partition.configuration().epoch() || is_storage_replica(partition, held->node))
      return held->node;
  return after(partition, {});
}

std::string_view leader_hints::after(const msg::PartitionRecord& partition, std::string_view tried) {
  const auto& members = partition.configuration().members();
  const auto at = std::find_if(members.begin(), members.end(), [&](const msg::Member& member) {
    return stores(member) && member.node() == tried;
  });
  const auto next = at == members.end() ? at : std::find_if(at + 1, members.end(), stores);
  const auto chosen = next == members.end() ? std::find_if(members.begin(), members.end(), stores) : next;
  return chosen == members.end() ? std::string_view() : std::string_view(chosen->node());
}

std::uint64_t leader_hints::epoch(const msg::PartitionRecord& partition) const {
  const hint* held = find(partition.group());
  return std::max(partition.configuration().epoch(), held == nullptr ? 0 : held->epoch);
}

} // namespace troupe::routing
