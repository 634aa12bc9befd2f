#include "actors/core/scrub/schedule.h"
#include <algorithm>

namespace troupe::scrub {

namespace {

constexpr std::int64_t again_at_most_us = 1'000'000;

} // namespace

void schedule::add(std::uint64_t group, std::int64_t now) {
  turns_.try_emplace(group, turn{now, now, 0, 0});
}

void schedule::remove(std::uint64_t group) {
  turns_.erase(group);
}

void schedule::hurry(std::uint64_t group, std::int64_t now) {
  if (auto it = turns_.find(group); it != turns_.end())
    it->second.due = std::min(it->second.due, now);
}

void schedule::put_off(std::uint64_t group, std::int64_t until) {
  if (auto it = turns_.find(group); it != turns_.end())
    it->second.due = until;
}

std::optional<std::uint64_t> schedule::due(std::int64_t now) const {
  const std::pair<const std::uint64_t, turn>* first = nullptr;
  for (const auto& one : turns_)
    if (one.second.due <= now && (!first || one.second.due < first->second.due))
      first = &one;
  return first ? std::optional(first->first) : std::nullopt;
}

std::optional<std::int64_t> schedule::next() const {
  std::optional<std::int64_t> first;
  for (const auto& [group, one] : turns_)
    first = std::min(first.value_or(one.due), one.due);
  return first;
}

void schedule::begun(std::uint64_t group, std::int64_t now) {
  auto it = turns_.find(group);
  if (it == turns_.end())
    return;
  it->second.began = now;
  it->second.due = now + cycle_us_; // should it never end
}

void schedule::ended(std::uint64_t group, std::int64_t now) {
  auto it = turns_.find(group);
  if (it == turns_.end())
    return;
  auto& one = it->second;
  const std::int64_t lasted = now - one.began;
  one.ended = now;
  // Twice as early as the last one took, as the next may take longer; but never more than half of all time.
  one.due = std::min(one.due, one.began + cycle_us_ - std::min(2 * lasted, cycle_us_ / 2));
}

void schedule::failed(std::uint64_t group, std::int64_t now) {
  if (auto it = turns_.find(group); it != turns_.end())
    it->second.due = now + std::min(cycle_us_ / 20, again_at_most_us);
}

std::int64_t schedule::last_end(std::uint64_t group) const {
  auto it = turns_.find(group);
  return it == turns_.end() ? 0 : it->second.ended;
}

std::int64_t schedule::oldest(std::int64_t now) const {
  std::int64_t age = 0;
  for (const auto& [group, one] : turns_)
    age = std::max(age, now - (one.ended != 0 ? one.ended : one.added));
  return age;
}

std::int64_t pace::wait_us(std::uint64_t bytes) const {
  return static_cast<std::int64_t>(bytes) * 1'000'000 / std::max<std::int64_t>(bytes_per_second_, 1);
}

} // namespace troupe::scrub
