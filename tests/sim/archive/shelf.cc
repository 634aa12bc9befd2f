#include "tests/sim/archive/shelf.h"
#include <algorithm>
#include <vector>

namespace troupe::sim {

using storage::code;

namespace {

void flip_a_bit(std::string& bytes, dice& chance) {
  if (!bytes.empty())
    bytes[static_cast<std::size_t>(chance.below(bytes.size()))] ^= static_cast<char>(1u << chance.below(8));
}

storage::error unreachable() {
  return {code::io, "the store is away"};
}

} // namespace

shelf::shelf(world& w, const store_faults& faults)
    : world_(w), faults_(faults), folder_(archive::folder_of(archive_place)) {}

bool shelf::strikes(unsigned per_mille) {
  const bool hit = !resting_ && world_.chance().per_mille(per_mille);
  counters_.lies += hit;
  return hit;
}

bool shelf::is_away() {
  if (resting_)
    return false;
  if (world_.now() >= away_until_ && strikes(faults_.away))
    away_until_ = world_.now() + world_.chance().between(0, faults_.away_max);
  return world_.now() < away_until_;
}

storage::result<storage::put_outcome> shelf::put(const std::string& name, std::string_view bytes) {
  if (is_away())
    return unreachable();
  if (objects_.contains(name))
    return storage::put_outcome::exists;
  ++counters_.puts;
  if (strikes(faults_.lost))
    return storage::put_outcome::stored;
  auto& kept = objects_[name];
  kept.bytes = bytes;
  kept.since = world_.now();
  if (strikes(faults_.partial))
    kept.bytes.resize(static_cast<std::size_t>(world_.chance().below(bytes.size())));
  if (strikes(faults_.spoiled))
    flip_a_bit(kept.bytes, world_.chance());
  kept.sound = kept.bytes == bytes;
  if (strikes(faults_.unsure))
    return storage::error{code::io, "the store failed"};
  return storage::put_outcome::stored;
}

storage::result<std::string> shelf::get(const std::string& name, std::uint64_t max_bytes) {
  if (is_away())
    return unreachable();
  const auto found = objects_.find(name);
  if (found == objects_.end())
    return storage::error{code::missing, where(name) + " is not there"};
  if (found->second.bytes.size() > max_bytes)
    return storage::error{code::corrupt, where(name) + " is larger than it may be"};
  auto bytes = found->second.bytes;
  if (strikes(faults_.garbled))
    flip_a_bit(bytes, world_.chance());
  return bytes;
}

storage::result<std::string> shelf::get_range(const std::string& name, std::uint64_t offset,
                                              std::size_t count) {
  auto all = get(name, ~std::uint64_t{0});
  if (!all)
    return all;
  return all->substr(std::min<std::size_t>(offset, all->size()), count);
}

storage::result<storage::object_page> shelf::list(const std::string& prefix, const std::string& after,
                                                  std::size_t max) {
  if (is_away())
    return unreachable();
  instant as_of = world_.now();
  if (!resting_ && faults_.list_lag > 0)
    as_of -= world_.chance().between(0, faults_.list_lag);
  storage::object_page page;
  for (auto it = objects_.upper_bound(after); it != objects_.end(); ++it) {
    const auto& [name, one] = *it;
    if (!name.starts_with(prefix) || one.since > as_of)
      continue;
    if (page.objects.size() == max) {
      page.more = true;
      break;
    }
    page.objects.push_back({name, one.bytes.size()});
  }
  return page;
}

storage::result<std::uint64_t> shelf::head(const std::string& name) {
  auto all = get(name, ~std::uint64_t{0});
  return all ? storage::result<std::uint64_t>(all->size()) : all.error();
}

storage::result<void> shelf::remove(const std::string& name) {
  if (is_away())
    return unreachable();
  objects_.erase(name);
  return {};
}

bool shelf::rot() {
  std::vector<object*> sound;
  for (auto& [name, one] : objects_)
    if (one.sound && archive::read_segment_name(folder_, name))
      sound.push_back(&one);
  if (sound.empty())
    return false;
  auto* one = world_.chance().pick(sound);
  flip_a_bit(one->bytes, world_.chance());
  one->sound = false;
  ++counters_.rotten;
  return true;
}

log_index shelf::reaches() const {
  log_index reached = 0;
  std::vector<archive::extent> segments; // by their last entries, as their names are
  for (const auto& [name, one] : objects_) {
    if (!one.sound)
      continue;
    if (const auto snapshot = archive::read_snapshot_name(folder_, name))
      reached = std::max(reached, snapshot->index);
    else if (const auto segment = archive::read_segment_name(folder_, name))
      segments.push_back(*segment);
  }
  for (const auto& one : segments)
    if (one.first <= reached + 1)
      reached = std::max(reached, one.last);
  return reached;
}

} // namespace troupe::sim
