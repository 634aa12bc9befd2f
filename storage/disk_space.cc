#include "storage/disk_space.h"
#include "storage/files.h"
#include <cerrno>
#include <sys/statvfs.h>

namespace troupe::storage {

result<std::uint64_t> free_bytes(const std::string& directory) {
  struct statvfs found;
  int outcome;
  do
    outcome = ::statvfs(directory.c_str(), &found);
  while (outcome != 0 && errno == EINTR);
  if (outcome != 0)
    return errno_error(directory, "ask for free room", errno);
  return static_cast<std::uint64_t>(found.f_bavail) * static_cast<std::uint64_t>(found.f_frsize);
}

result<void> spare_room::has(const std::string& directory, std::uint64_t bytes) const {
  auto there = free(directory);
  if (!there)
    return there.error();
  if (*there >= kept && *there - kept >= bytes)
    return {};
  return error{code::full, directory + ": the disk has " + std::to_string(*there >> 20) +
                               " MiB left; about " + std::to_string(bytes >> 20) +
                               " are needed, and it keeps " + std::to_string(kept >> 20)};
}

bool disk_reserve::update(std::uint64_t free) {
  refusing_ = free < (refusing_ ? minimum_ + minimum_ / 8 : minimum_);
  return !refusing_;
}

} // namespace troupe::storage
