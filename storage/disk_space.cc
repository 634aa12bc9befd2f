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

bool disk_reserve::update(std::uint64_t free) {
  refusing_ = free < (refusing_ ? minimum_ + minimum_ / 8 : minimum_);
  return !refusing_;
}

} // namespace troupe::storage
