#include "actors/admin/healing_book.h"
#include <algorithm>
#include <utility>

namespace troupe::admin {

void healing_book::hear(node_book& nodes, const memory& records) {
  due_.merge(nodes.take_changed());
  for (const auto& node : nodes.take_other_directories())
    due_.insert(records.groups_on(node).begin(), records.groups_on(node).end());
}

std::vector<std::uint64_t> healing_book::turn(const memory& records) {
  std::vector<std::uint64_t> groups;
  const auto& all = records.partitions();
  if (std::exchange(all_due_, false))
    for (const auto& [group, partition] : all)
      due_.insert(due_.end(), group);
  groups.assign(due_.begin(), due_.end());
  groups.insert(groups.end(), records.ailing().begin(), records.ailing().end());
  for (const auto& [group, known] : lines_)
    groups.push_back(group);
  auto part = all.size() / round_plans + 1;
  auto it = all.upper_bound(round_at_);
  for (std::size_t i = 0; i < std::min(part, all.size()); ++i, ++it) {
    if (it == all.end())
      it = all.begin();
    groups.push_back(round_at_ = it->first);
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  if (groups.size() > looks_most) { // on from where the last plan ended
    std::rotate(groups.begin(), std::upper_bound(groups.begin(), groups.end(), looks_at_), groups.end());
    groups.resize(looks_most);
    looks_at_ = groups.back();
    for (auto group : groups)
      due_.erase(group);
  } else {
    due_.clear();
  }
  looked_at_ += groups.size();
  return groups;
}

const healing_book::line* healing_book::find(std::uint64_t group) const {
  auto it = lines_.find(group);
  return it == lines_.end() ? nullptr : &it->second;
}

std::int64_t healing_book::waited_us(std::uint64_t group, std::uint64_t epoch, std::uint64_t newcomer,
                                     bool led, std::int64_t now_us) {
  auto& known = of(group);
  if (!led || known.target_since_us == 0 || known.epoch != epoch || known.newcomer != newcomer) {
    known.epoch = epoch;
    known.newcomer = newcomer;
    known.target_since_us = now_us;
  }
  return now_us - known.target_since_us;
}

std::int64_t healing_book::growth_stands_us(std::uint64_t group, std::uint64_t member, std::uint64_t bytes,
                                            std::int64_t now_us) {
  auto& known = of(group);
  if (known.grows != member || known.growth_bytes != bytes) {
    known.grows = member;
    known.growth_bytes = bytes;
    known.growth_since_us = now_us;
  }
  return now_us - known.growth_since_us;
}

bool healing_book::shunned(const std::string& node, std::int64_t now_us) const {
  auto it = shunned_.find(node);
  return it != shunned_.end() && now_us < it->second;
}

void healing_book::stray(const std::string& node, std::uint64_t group, bool is) {
  if (is) {
    strays_[node].insert(group);
  } else if (auto it = strays_.find(node); it != strays_.end()) {
    it->second.erase(group);
  }
}

void healing_book::no_strays(std::uint64_t group) {
  for (auto& [node, groups] : strays_)
    groups.erase(group);
}

const std::set<std::uint64_t>& healing_book::strays_on(const std::string& node) const {
  static const std::set<std::uint64_t> none;
  auto it = strays_.find(node);
  return it == strays_.end() ? none : it->second;
}

} // namespace troupe::admin
