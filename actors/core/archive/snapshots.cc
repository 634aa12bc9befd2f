#include "actors/core/archive/snapshots.h"
#include <algorithm>

namespace troupe::archive {

namespace {

constexpr int doublings_max = 16;

} // namespace

bool snapshot_planner::worth() const {
  auto bridges = gap_below_ > newest_;
  return known_ && holds_items_ &&
         (bridges || urgent() || bytes_behind_ > std::max(options_.least_bytes, item_bytes_));
}

snapshot_planner::step snapshot_planner::next(instant now) {
  if (!known_) // before it has looked, what was archived in this run alone can make it look
    return (bytes_behind_ > 0 || gap_below_ > 0 || urgent()) && holds_items_
               ? step{now < not_before_ ? act::wait : act::look, not_before_}
               : step{};
  if (!worth()) {
    worth_since_ = never;
    fresh_ = false;
    return {};
  }
  if (worth_since_ == never)
    worth_since_ = now;
  auto patience = urgent() ? 0
                  : leads_ ? options_.leader_waits
                           : static_cast<instant>(chance_ % static_cast<std::uint64_t>(options_.stagger + 1));
  auto begin = std::max(worth_since_ + patience, not_before_);
  if (now < begin)
    return {act::wait, begin};
  return {fresh_ ? act::make : act::look, now};
}

void snapshot_planner::told(bool leads, bool holds_items, std::uint64_t item_bytes) {
  leads_ = leads;
  holds_items_ = holds_items;
  item_bytes_ = item_bytes;
}

void snapshot_planner::archived(std::uint64_t bytes) {
  bytes_behind_ += bytes;
}

void snapshot_planner::looked(std::uint64_t index, std::uint64_t bytes_behind, instant) {
  fresh_ = known_;
  known_ = true;
  newest_ = index;
  bytes_behind_ = bytes_behind;
  looks_failed_ = 0;
}

void snapshot_planner::made(std::uint64_t index, instant) {
  newest_ = std::max(newest_, index);
  bytes_behind_ = 0; // what came meanwhile is counted by the next look, before anything is made of it
  makes_failed_ = 0;
  fresh_ = false;
  worth_since_ = never;
}

// To make one, if it had looked; else to look.
void snapshot_planner::failed(instant now) {
  auto& failures = fresh_ ? makes_failed_ : looks_failed_;
  auto wait = options_.retry_first << std::min(failures++, doublings_max);
  not_before_ = now + std::min(wait, options_.retry_most);
  fresh_ = false;
}

} // namespace troupe::archive
