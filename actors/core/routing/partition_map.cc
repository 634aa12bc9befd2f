#include "actors/core/routing/partition_map.h"
#include <algorithm>

namespace troupe::routing {
namespace {

using partition = msg::PartitionRecord;

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  constexpr std::size_t shown = 16; // the hash and a little more
  std::string out;
  for (const char c : bytes.substr(0, shown)) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return bytes.empty() ? "the edge" : bytes.size() > shown ? out + "..." : out;
}

std::string name_of(const partition& one) {
  return "partition " + std::to_string(one.group());
}

// The first partition that does not end at or before `key`.
auto first_reaching(std::span<const partition* const> ascending, std::string_view key) {
  return std::partition_point(ascending.begin(), ascending.end(),
                              [&](const partition* one) { return !one->to().empty() && one->to() <= key; });
}

} // namespace

std::string coverage_trouble(std::span<const partition* const> ascending) {
  if (ascending.empty())
    return "there are no partitions";
  if (const partition& first = *ascending.front(); !first.from().empty())
    return "nothing covers the keys below " + hex(first.from()) + ", where " + name_of(first) + " starts";
  for (std::size_t i = 0; i + 1 < ascending.size(); ++i) {
    const partition &here = *ascending[i], &next = *ascending[i + 1];
    if (!here.to().empty() && here.from() >= here.to())
      return name_of(here) + " is empty: it starts at " + hex(here.from()) + " and ends at " + hex(here.to());
    if (here.to().empty() || here.to() > next.from())
      return name_of(here) + " and " + name_of(next) + " overlap from " + hex(next.from());
    if (here.to() < next.from())
      return "nothing covers the keys from " + hex(here.to()) + ", where " + name_of(here) + " ends, to " +
             hex(next.from()) + ", where " + name_of(next) + " starts";
  }
  if (const partition& last = *ascending.back(); !last.to().empty())
    return "nothing covers the keys from " + hex(last.to()) + ", where " + name_of(last) + " ends";
  return {};
}

partition_map::partition_map() : partition_map(msg::MapReply{}) {}

partition_map::partition_map(msg::MapReply reply) : reply_(std::move(reply)) {
  by_id_.reserve(static_cast<std::size_t>(reply_.tables_size()));
  by_name_.reserve(static_cast<std::size_t>(reply_.tables_size()));
  by_group_.reserve(static_cast<std::size_t>(reply_.partitions_size()));
  for (const msg::TableRecord& table : reply_.tables()) {
    if (!by_id_.try_emplace(table.id(), entry{&table, {}}).second)
      troubles_.push_back("two tables have the id " + std::to_string(table.id()) + "; " + table.name() +
                          " is left out");
    else if (!by_name_.try_emplace(table.name(), &table).second) {
      troubles_.push_back("two tables are named " + table.name() + "; the one with the id " +
                          std::to_string(table.id()) + " is left out");
      by_id_.erase(table.id());
    }
  }
  for (const partition& one : reply_.partitions()) {
    const auto owner = by_id_.find(one.table_id());
    if (owner == by_id_.end()) {
      troubles_.push_back(name_of(one) + " belongs to a table that is not there, " + one.table());
      continue;
    }
    if (!by_group_.try_emplace(one.group(), &one).second)
      troubles_.push_back("two partitions have the group " + std::to_string(one.group()));
    owner->second.partitions.push_back(&one);
  }
  for (auto& [id, table] : by_id_) {
    auto& partitions = table.partitions;
    std::sort(partitions.begin(), partitions.end(),
              [](const partition* a, const partition* b) { return a->from() < b->from(); });
    const std::string trouble = coverage_trouble(partitions);
    if (trouble.empty())
      continue;
    const bool coming_or_going = table.record->state() == msg::TABLE_DELETING ||
                                 (table.record->state() == msg::TABLE_CREATING && partitions.empty());
    if (!coming_or_going)
      troubles_.push_back("table " + table.record->name() + " cannot be routed: " + trouble);
    partitions.clear();
  }
  std::sort(troubles_.begin(), troubles_.end()); // the same metadata, the same words
}

const msg::TableRecord* partition_map::find(std::string_view table) const {
  const auto found = by_name_.find(table);
  return found == by_name_.end() ? nullptr : found->second;
}

std::span<const partition* const> partition_map::partitions_of(const msg::TableRecord& table) const {
  const auto found = by_id_.find(table.id());
  return found == by_id_.end() ? std::span<const partition* const>() : found->second.partitions;
}

const partition* partition_map::locate(const msg::TableRecord& table, std::string_view key) const {
  const auto all = partitions_of(table);
  const auto found = first_reaching(all, key);
  return found == all.end() ? nullptr : *found;
}

std::span<const partition* const> partition_map::partitions_in(const msg::TableRecord& table,
                                                               std::string_view from,
                                                               std::string_view to) const {
  const auto all = partitions_of(table);
  if (!to.empty() && from >= to)
    return {};
  const auto first = first_reaching(all, from);
  const auto last = std::partition_point(
      first, all.end(), [&](const partition* one) { return to.empty() || one->from() < to; });
  return {first, last};
}

const partition* partition_map::group(std::uint64_t group) const {
  const auto found = by_group_.find(group);
  return found == by_group_.end() ? nullptr : found->second;
}

std::shared_ptr<const partition_map> advance(std::shared_ptr<const partition_map> held, msg::MapReply reply) {
  const bool newer = reply.status().code() == msg::OK && !reply.unchanged() &&
                     (held == nullptr || reply.version() > held->version());
  return newer ? std::make_shared<const partition_map>(std::move(reply)) : held;
}

} // namespace troupe::routing
