#include "storage/log_garbage.h"
#include "storage/result.h"
#include <algorithm>

namespace troupe::storage {

namespace {

// Some thirty pages: the two at the ends do not matter then.
constexpr std::uint64_t long_bytes = 256u << 10;

} // namespace

void log_garbage::put(const stretch& s) {
  stretches_.emplace(s.first, s);
  if (s.bytes >= long_bytes)
    long_ones_.insert(s.first);
  runs_ += s.runs();
  bytes_ += s.bytes;
}

void log_garbage::take(stretches::iterator at) {
  runs_ -= at->second.runs();
  bytes_ -= at->second.bytes;
  long_ones_.erase(at->first);
  stretches_.erase(at);
}

void log_garbage::add(stretch grown) {
  auto behind = stretches_.lower_bound(grown.first);
  require(behind == stretches_.end() || behind->first > grown.last, "log garbage: a run died twice");
  if (behind != stretches_.begin()) {
    auto before = std::prev(behind);
    require(before->second.last < grown.first, "log garbage: a run died twice");
    if (before->second.last + 1 == grown.first) {
      grown.first = before->second.first;
      grown.bytes += before->second.bytes;
      take(before);
    }
  }
  if (behind != stretches_.end() && behind->first == grown.last + 1) {
    grown.last = behind->second.last;
    grown.bytes += behind->second.bytes;
    take(behind);
  }
  put(grown);
}

void log_garbage::add(const log_index::extent& run) {
  add(stretch{run.run, run.run, run.bytes});
}

void log_garbage::add(const log_index::dead_runs& dead) {
  for (const auto& run : dead)
    add(run);
}

std::optional<log_garbage::stretch> log_garbage::next(std::uint64_t bytes_max, bool any) const {
  if (long_ones_.empty() && (!any || stretches_.empty()))
    return std::nullopt;
  auto found = long_ones_.empty() ? stretches_.begin() : stretches_.find(*long_ones_.begin());
  stretch result = found->second;
  if (result.bytes > bytes_max) { // runs are taken to be of one size
    auto runs = std::max<std::uint64_t>(result.runs() * bytes_max / result.bytes, 1);
    result.bytes = result.bytes * runs / result.runs();
    result.last = result.first + runs - 1;
  }
  return result;
}

void log_garbage::remove(const stretch& gone) {
  auto at = stretches_.upper_bound(gone.first);
  require(at != stretches_.begin() && gone.last <= std::prev(at)->second.last,
          "log garbage: a stretch that is not here");
  --at;
  const stretch whole = at->second;
  take(at);
  auto left_bytes = whole.bytes - std::min(whole.bytes, gone.bytes);
  stretch before{whole.first, gone.first - 1, 0};
  stretch behind{gone.last + 1, whole.last, left_bytes};
  if (whole.first < gone.first) {
    auto left_runs = whole.runs() - gone.runs();
    before.bytes = left_bytes * before.runs() / left_runs;
    behind.bytes -= before.bytes;
    put(before);
  }
  if (gone.last < whole.last)
    put(behind);
}

} // namespace troupe::storage
