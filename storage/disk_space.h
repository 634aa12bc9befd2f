// How much room the data directory's file system has, and when to stop writing before it has none: a node
// that refuses early can still truncate its logs, move its write-ahead logs into their files, and recover.
#pragma once
#include "storage/result.h"
#include <cstdint>
#include <string>

namespace troupe::storage {

// Bytes that this process may still write there.
result<std::uint64_t> free_bytes(const std::string& directory);

// Remembers whether writes are refused. They are below `minimum`, and until there is an eighth more than it
// again, so that a node at the edge does not flap.
class disk_reserve {
public:
  explicit disk_reserve(std::uint64_t minimum) : minimum_(minimum) {}

  // Takes a new reading; true when writes may go on.
  bool update(std::uint64_t free);
  // Storage said `full` whatever the reading was: refuse until the next good reading.
  void was_full() { refusing_ = true; }

  bool accepts() const { return !refusing_; }
  std::uint64_t minimum() const { return minimum_; }

private:
  std::uint64_t minimum_;
  bool refusing_ = false;
};

} // namespace troupe::storage
