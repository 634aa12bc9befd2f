#include "storage/log_index.h"
#include "storage/result.h"
#include <algorithm>

namespace troupe::storage {

std::deque<log_index::extent>::const_iterator log_index::at_or_after(std::uint64_t index) const {
  return std::partition_point(extents_.begin(), extents_.end(),
                              [index](const extent& e) { return e.last < index; });
}

// An extent left the list: its run is dead unless another extent of it is still there, or was just buried.
void log_index::bury(const extent& gone, dead_runs& dead) {
  auto of_same_run = [&](const extent& e) { return e.run == gone.run; };
  if (!gone.whole && (std::any_of(extents_.begin(), extents_.end(), of_same_run) ||
                      std::any_of(dead.begin(), dead.end(), of_same_run)))
    return;
  bytes_ -= gone.bytes;
  dead.push_back(gone);
}

void log_index::add(std::uint64_t run, std::uint64_t first, std::uint64_t last, std::uint64_t bytes,
                    dead_runs& dead) {
  require(first <= last, "log index: a run without entries");
  bytes_ += bytes;
  extent fresh{first, last, run, first, bytes, true};
  if (extents_.empty() || extents_.back().last < first) {
    extents_.push_back(fresh);
    return;
  }
  std::vector<extent> hidden;
  auto at = extents_.begin() + (at_or_after(first) - extents_.begin());
  if (at != extents_.end() && at->first < first) {
    extent left = *at;
    left.last = first - 1;
    left.whole = false;
    if (at->last > last) { // the new run lies inside an old one
      extent right = *at;
      right.first = last + 1;
      right.whole = false;
      *at = right;
      at = extents_.insert(at, fresh);
      extents_.insert(at, left);
      return;
    }
    *at = left;
    ++at;
  }
  auto end = at;
  while (end != extents_.end() && end->last <= last)
    hidden.push_back(*end++);
  if (end != extents_.end() && end->first <= last) {
    end->first = last + 1;
    end->whole = false;
  }
  at = extents_.erase(at, end);
  extents_.insert(at, fresh);
  for (const auto& gone : hidden)
    bury(gone, dead);
}

void log_index::truncate(std::uint64_t up_to, dead_runs& dead) {
  while (!extents_.empty() && extents_.front().last <= up_to) {
    extent gone = extents_.front();
    extents_.pop_front();
    bury(gone, dead);
  }
  if (!extents_.empty() && extents_.front().first <= up_to) {
    extents_.front().first = up_to + 1;
    extents_.front().whole = false;
  }
}

void log_index::clear(dead_runs& dead) {
  truncate(last(), dead);
}

} // namespace troupe::storage
