// Does to files what its arguments say, and is killed at the end: `write FILE OFFSET LENGTH LETTER`, `sync
// FILE`, `cut FILE LENGTH`, `rename FROM TO`, `link FROM TO`, `remove FILE`, `map FILE`; with objects of the
// archive in directory ROOT, `get ROOT NAME`, `put ROOT NAME`. A directory is synced as a file is.
#include "storage/archive/directory_store.h"
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {

bool done(const std::string& what, const std::vector<std::string>& with) {
  auto path = with[0].c_str();
  if (what == "rename")
    return ::rename(path, with[1].c_str()) == 0;
  if (what == "link")
    return ::link(path, with[1].c_str()) == 0;
  if (what == "get")
    return troupe::storage::directory_store::at(with[0])->get(with[1], 1000).ok();
  if (what == "put")
    return troupe::storage::directory_store::at(with[0])->put(with[1], "put").ok();
  if (what == "remove")
    return ::unlink(path) == 0;
  int fd = what == "sync" ? open(path, O_RDONLY) : open(path, O_RDWR | O_CREAT, 0644);
  bool well = fd >= 0;
  if (well && what == "write") {
    std::string bytes(std::stoul(with[2]), with[3][0]);
    well = pwrite(fd, bytes.data(), bytes.size(), std::stol(with[1])) == static_cast<ssize_t>(bytes.size());
  } else if (well && what == "sync") {
    well = fsync(fd) == 0;
  } else if (well && what == "cut") {
    well = ftruncate(fd, std::stol(with[1])) == 0;
  } else if (well && what == "map") {
    well = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
  }
  return well && close(fd) == 0;
}

std::size_t arguments_of(const std::string& what) {
  if (what == "write")
    return 4;
  return what == "sync" || what == "remove" || what == "map" ? 1 : 2;
}

} // namespace

int main(int count, char** arguments) {
  for (int i = 1; i < count;) {
    std::string what = arguments[i++];
    std::vector<std::string> with;
    for (auto n = arguments_of(what); n > 0 && i < count; --n)
      with.emplace_back(arguments[i++]);
    if (with.size() != arguments_of(what) || !done(what, with))
      return 1;
  }
  raise(SIGKILL);
  return 2;
}
