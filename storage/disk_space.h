// How much room the data directory's file system has, and when to stop writing before it has none: a node
// that refuses early can still truncate its logs, move its write-ahead logs into their files, and recover.
#pragma once
#include "storage/result.h"
#include <cstdint>
#include <functional>
#include <string>

namespace troupe::storage {

// Bytes that this process may still write there.
result<std::uint64_t> free_bytes(const std::string& directory);

// What is made beside the data, and can be done without: a disk keeps some room whatever is made on it.
struct spare_room {
  std::uint64_t kept = 0;
  // How much a directory's disk has; another answer than the disk's is for tests.
  std::function<result<std::uint64_t>(const std::string& directory)> free = free_bytes;

  // `full`, in words for people, unless so many bytes more can be made in the directory.
  result<void> has(const std::string& directory, std::uint64_t bytes) const;
};

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
