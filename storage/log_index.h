// Which run of the log file holds which index of a group: kept in memory, rebuilt at open by showing it the
// rows in the order of their ids. Newer runs hide what older ones hold at the same indices.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

namespace troupe::storage {

class log_index {
public:
  // A stretch of indices that a run still answers for. Extents of a group do not overlap and ascend.
  struct extent {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t run = 0;       // its id
    std::uint64_t run_first = 0; // the index of the run's own first entry
    std::uint64_t bytes = 0;     // of the run's body
    bool whole = true;           // false: parts of the run are hidden, perhaps between two extents of it
  };
  // Runs that answer for nothing any more.
  using dead_runs = std::vector<extent>;

  void add(std::uint64_t run, std::uint64_t first, std::uint64_t last, std::uint64_t bytes, dead_runs& dead);
  void truncate(std::uint64_t up_to, dead_runs& dead);
  void clear(dead_runs& dead);

  // The extent that holds the index, or the first one after it, or end.
  std::deque<extent>::const_iterator at_or_after(std::uint64_t index) const;
  const std::deque<extent>& extents() const { return extents_; }
  bool empty() const { return extents_.empty(); }
  std::uint64_t last() const { return extents_.empty() ? 0 : extents_.back().last; }
  // From the first to the last; fewer when the log has lost some.
  std::uint64_t entries() const { return extents_.empty() ? 0 : last() - extents_.front().first + 1; }
  std::uint64_t bytes() const { return bytes_; } // of runs that answer for something

private:
  void bury(const extent& gone, dead_runs& dead);
  std::deque<extent> extents_;
  std::uint64_t bytes_ = 0;
};

} // namespace troupe::storage
