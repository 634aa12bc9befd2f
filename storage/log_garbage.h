// The dead runs of a log file, and which of them to delete next.
//
// A row deleted from between live ones changes the page on which it lies; rows that lie next to each other
// take their pages with them, and no page is written but those at the ends. When several groups append in
// turns, runs of one that was truncated lie scattered, and all of them lie together once the others have been
// truncated too. So stretches of neighbours are deleted as they grow long, and scattered runs are left until
// they take up much room.
//
// Pure; single owner.
#pragma once
#include "storage/log_index.h"
#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace troupe::storage {

class log_garbage {
public:
  // Runs with consecutive ids, all of them dead.
  struct stretch {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;
    std::uint64_t runs() const { return last - first + 1; }
  };

  void add(const log_index::extent& run); // not here yet
  void add(const log_index::dead_runs& dead);
  void add(stretch grown); // none of it is here yet

  // A long stretch if there is one, otherwise, with `any`, the oldest run and its neighbours; cut off after
  // about `bytes_max`, but at least one run long. None: there is nothing to delete, or nothing that is long.
  std::optional<stretch> next(std::uint64_t bytes_max, bool any) const;
  void remove(const stretch& gone); // what next() named; all of it lies in one stretch

  bool long_enough() const { return !long_ones_.empty(); } // next() without `any` finds something
  bool empty() const { return stretches_.empty(); }
  std::uint64_t runs() const { return runs_; }
  std::uint64_t bytes() const { return bytes_; }

private:
  using stretches = std::map<std::uint64_t, stretch>; // by first
  void put(const stretch& s);
  void take(stretches::iterator at);

  stretches stretches_;               // no two touch
  std::set<std::uint64_t> long_ones_; // their firsts
  std::uint64_t runs_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace troupe::storage
