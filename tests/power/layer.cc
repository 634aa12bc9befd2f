// A shared library to be preloaded: stands between a process and its files, and keeps in a journal what a
// power cut would take back. The process sees its files as always. Syncs go no further than the journal,
// which is as good as a disk to whoever is killed and not cut off: what counts is which bytes the journal
// calls durable.
//
// What is promised to the process is what POSIX promises and nothing more: fsync and fdatasync make a file's
// bytes and size durable, fsync of a directory its entries. What cannot be followed - writable shared
// mappings - ends the process with a message, so that nothing escapes unseen. Not followed, and not
// used by storage/ either: stdio, dup, sendfile, copy_file_range. Directories themselves (mkdir, rmdir) are
// taken to be durable at once.
#include "tests/power/journal.h"
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/falloc.h>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

namespace troupe::power {
namespace {

constexpr int descriptors = 1 << 16;
std::atomic<std::uint64_t> inode_of[descriptors]; // of watched files that are open; 0: another's
std::atomic<bool> watching{false};
std::string* data = nullptr; // with a slash at its end
std::string* side = nullptr;
const char* lie = nullptr;
unsigned delay_us = 0;
int journal = -1;
std::uint64_t number = 0; // of the last record
std::mutex* lock = nullptr;

[[noreturn]] void give_up(const char* what) {
  char text[200];
  int length = std::snprintf(text, sizeof text, "power-cut layer: %s (errno %d)\n", what, errno);
  syscall(SYS_write, 2, text, static_cast<std::size_t>(length));
  std::abort();
}

bool write_all(int fd, const char* bytes, std::size_t count) {
  while (count > 0) {
    auto put = syscall(SYS_write, fd, bytes, count);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return false;
    bytes += put;
    count -= static_cast<std::size_t>(put);
  }
  return true;
}

// Under the lock.
void note(record_head head, std::string_view payload = {}) {
  head.number = ++number;
  head.payload = payload.size();
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes += payload;
  if (!write_all(journal, bytes.data(), bytes.size()))
    give_up("the journal cannot be written");
}

// Goes on where an earlier process stopped; a record that was cut short is dropped: what it was about never
// happened.
void open_journal() {
  journal = static_cast<int>(
      syscall(SYS_openat, AT_FDCWD, journal_path(*side).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (journal < 0)
    give_up("the journal cannot be opened");
  off_t whole = 0;
  struct stat found {};
  if (fstat(journal, &found) != 0)
    give_up("the journal cannot be looked at");
  record_head head;
  while (pread(journal, &head, sizeof head, whole) == static_cast<ssize_t>(sizeof head) &&
         head.magic == record_head{}.magic) {
    auto next = whole + static_cast<off_t>(sizeof head + head.payload);
    if (next > found.st_size)
      break;
    number = head.number;
    whole = next;
  }
  if (syscall(SYS_ftruncate, journal, whole) != 0 || lseek(journal, whole, SEEK_SET) != whole)
    give_up("the journal's end cannot be set right");
}

__attribute__((constructor)) void begin() {
  const char* where = std::getenv(data_variable);
  const char* beside = std::getenv(side_variable);
  if (where == nullptr || beside == nullptr)
    return;
  data = new std::string(std::string(where) + "/");
  side = new std::string(beside);
  lie = std::getenv(lie_variable);
  if (const char* text = std::getenv(delay_variable))
    delay_us = static_cast<unsigned>(std::atoi(text));
  lock = new std::mutex;
  open_journal();
  watching = true;
}

std::string absolute(int directory, const char* path) {
  if (path[0] == '/')
    return path;
  char base[4096];
  auto link =
      directory == AT_FDCWD ? std::string("/proc/self/cwd") : "/proc/self/fd/" + std::to_string(directory);
  auto length = readlink(link.c_str(), base, sizeof base);
  if (length <= 0)
    give_up("a relative path cannot be resolved");
  return std::string(base, static_cast<std::size_t>(length)) + "/" + path;
}

// The absolute path when it is one that is watched.
std::string watched(int directory, const char* path) {
  if (!watching || path == nullptr)
    return {};
  auto full = absolute(directory, path);
  return (full + "/").rfind(*data, 0) == 0 ? full : std::string();
}

bool is_watched(int fd) {
  return watching && fd >= 0 && fd < descriptors && inode_of[fd] != 0;
}

void remember(int fd) {
  struct stat found {};
  if (fd < 0)
    return;
  if (fd >= descriptors || fstat(fd, &found) != 0)
    give_up("a file that was opened cannot be followed");
  inode_of[fd] = found.st_ino;
}

std::string old_bytes(int fd, std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  if (offset >= size)
    return {};
  std::string bytes(std::min(length, size - offset), '\0');
  // The descriptor may be for writing alone.
  int reader = static_cast<int>(syscall(SYS_openat, AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(),
                                        O_RDONLY | O_CLOEXEC, 0));
  auto got = reader < 0 ? -1 : pread(reader, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (got != static_cast<ssize_t>(bytes.size()))
    give_up("what is to be overwritten cannot be read");
  syscall(SYS_close, reader);
  return bytes;
}

std::uint64_t size_of(int fd) {
  struct stat found {};
  if (fstat(fd, &found) != 0)
    give_up("a file cannot be looked at");
  return static_cast<std::uint64_t>(found.st_size);
}

// Under the lock, before the write. Without an offset it goes where the descriptor stands.
void note_write(int fd, off_t at, std::uint64_t length) {
  auto size = size_of(fd);
  record_head head;
  head.what = deed::wrote;
  head.inode = inode_of[fd];
  if (at < 0)
    at = (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? static_cast<off_t>(size) : lseek(fd, 0, SEEK_CUR);
  head.offset = static_cast<std::uint64_t>(at);
  head.length = length;
  head.size = size;
  note(head, old_bytes(fd, head.offset, length, size));
}

void note_resize(int fd, std::uint64_t to) {
  auto size = size_of(fd);
  record_head head;
  head.what = deed::resized;
  head.inode = inode_of[fd];
  head.offset = to;
  head.size = size;
  note(head, old_bytes(fd, to, size, size));
}

// The inode of a file that is about to lose its name, which is kept aside; 0 when there is none.
std::uint64_t keep(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0)
    return 0;
  if (!S_ISREG(found.st_mode))
    give_up("something other than a file is renamed or removed");
  auto aside = kept_path(*side, found.st_ino);
  if (syscall(SYS_linkat, AT_FDCWD, path.c_str(), AT_FDCWD, aside.c_str(), 0) != 0 && errno != EEXIST)
    give_up("a removed file cannot be kept");
  return found.st_ino;
}

int open_file(int directory, const char* path, int flags, mode_t mode) {
  auto full = watched(directory, path);
  if (full.empty())
    return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
  std::lock_guard hold(*lock);
  struct stat found {};
  bool there = stat(full.c_str(), &found) == 0;
  if (!there && (flags & O_CREAT) != 0) {
    record_head head;
    head.what = deed::creating;
    note(head, full);
  }
  int fd = static_cast<int>(syscall(SYS_openat, directory, path, flags & ~O_TRUNC, mode));
  remember(fd);
  if (fd >= 0 && there && (flags & O_TRUNC) != 0) {
    note_resize(fd, 0);
    if (syscall(SYS_ftruncate, fd, 0) != 0)
      give_up("a file cannot be emptied");
  }
  return fd;
}

int sync_file(int fd, int call) {
  if (!is_watched(fd))
    return static_cast<int>(syscall(call, fd));
  if (lie != nullptr && access(lie, F_OK) == 0)
    return 0;
  record_head head;
  {
    std::lock_guard hold(*lock);
    head.upto = number;
  }
  if (delay_us > 0) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    usleep(static_cast<unsigned>(now.tv_nsec / 64) % delay_us);
  }
  head.inode = inode_of[fd];
  struct stat found {};
  if (fstat(fd, &found) != 0)
    give_up("a file that is synced cannot be looked at");
  std::string path;
  head.what = deed::synced;
  if (S_ISDIR(found.st_mode)) {
    head.what = deed::directory_synced;
    path.resize(4096);
    auto length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
    path.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  }
  std::lock_guard hold(*lock);
  note(head, path);
  return 0;
}

int rename_file(int from_directory, const char* from, int to_directory, const char* to) {
  auto old_name = watched(from_directory, from);
  auto new_name = watched(to_directory, to);
  if (old_name.empty() && new_name.empty())
    return static_cast<int>(syscall(SYS_renameat, from_directory, from, to_directory, to));
  if (old_name.empty() || new_name.empty())
    give_up("a file is renamed into or out of the data directory");
  std::lock_guard hold(*lock);
  struct stat found {};
  if (lstat(old_name.c_str(), &found) != 0)
    return -1;
  if (!S_ISREG(found.st_mode))
    give_up("something other than a file is renamed");
  record_head head;
  head.what = deed::renaming;
  head.inode = found.st_ino;
  head.other = keep(new_name);
  note(head, old_name + std::string(1, '\0') + new_name);
  return static_cast<int>(syscall(SYS_renameat, from_directory, from, to_directory, to));
}

int link_file(const char* from, const char* to) {
  auto old_name = watched(AT_FDCWD, from);
  auto new_name = watched(AT_FDCWD, to);
  if (old_name.empty() != new_name.empty())
    give_up("a file has a name in the data directory and another outside it");
  std::unique_lock<std::mutex> hold;
  if (!new_name.empty()) {
    hold = std::unique_lock(*lock);
    struct stat found {};
    if (lstat(new_name.c_str(), &found) == 0) {
      errno = EEXIST;
      return -1;
    }
    record_head head;
    head.what = deed::creating;
    note(head, new_name);
  }
  return static_cast<int>(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink_file(int directory, const char* path, int flags) {
  auto full = watched(directory, path);
  struct stat found {};
  if (full.empty() || (flags & AT_REMOVEDIR) != 0 || lstat(full.c_str(), &found) != 0 ||
      S_ISDIR(found.st_mode))
    return static_cast<int>(syscall(SYS_unlinkat, directory, path, flags));
  std::lock_guard hold(*lock);
  record_head head;
  head.what = deed::removing;
  head.inode = keep(full);
  if (head.inode != 0)
    note(head, full);
  return static_cast<int>(syscall(SYS_unlinkat, directory, path, flags));
}

std::uint64_t length_of(const iovec* parts, int count) {
  std::uint64_t sum = 0;
  for (int i = 0; i < count; ++i)
    sum += parts[i].iov_len;
  return sum;
}

// Calls `real` under the lock behind the record, when the file is a watched one.
template <class Note, class Real>
auto recorded(int fd, Note make_note, Real real) {
  if (!is_watched(fd))
    return real();
  std::lock_guard hold(*lock);
  make_note();
  return real();
}

int resize(int fd, off_t to) {
  return recorded(
      fd, [&] { note_resize(fd, static_cast<std::uint64_t>(to)); },
      [&] { return static_cast<int>(syscall(SYS_ftruncate, fd, to)); });
}

int allocate(int fd, int mode, off_t from, off_t length) {
  if (is_watched(fd) && mode != 0)
    give_up("a file is punched or collapsed");
  auto end = static_cast<std::uint64_t>(from + length);
  return recorded(
      fd,
      [&] {
        if (end > size_of(fd))
          note_resize(fd, end);
      },
      [&] { return static_cast<int>(syscall(SYS_fallocate, fd, mode, from, length)); });
}

void* map(void* at, std::size_t length, int protection, int flags, int fd, off_t from) {
  if ((flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0 && is_watched(fd))
    give_up("a file is mapped for writing");
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, length, protection, flags, fd, from));
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

} // namespace
} // namespace troupe::power

// The C library's names. Both spellings of each call that has a 64-bit one: they are the same here.
namespace power = troupe::power;

extern "C" {

// `place`: the directory that a path begins at, which the openat family has as its first parameter.
#define OPEN(name, place, ...)                                                                               \
  int name(__VA_ARGS__ __VA_OPT__(, ) const char* path, int flags, ...) {                                    \
    va_list arguments;                                                                                       \
    va_start(arguments, flags);                                                                              \
    mode_t mode = power::mode_of(flags, arguments);                                                          \
    va_end(arguments);                                                                                       \
    return power::open_file(place, path, flags, mode);                                                       \
  }
OPEN(open, AT_FDCWD)
OPEN(open64, AT_FDCWD)
OPEN(openat, directory, int directory)
OPEN(openat64, directory, int directory)
int __open_2(const char* path, int flags) {
  return power::open_file(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char* path, int flags) {
  return power::open_file(AT_FDCWD, path, flags, 0);
}
int creat(const char* path, mode_t mode) {
  return power::open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd) {
  if (fd >= 0 && fd < power::descriptors)
    power::inode_of[fd] = 0;
  return static_cast<int>(syscall(SYS_close, fd));
}

ssize_t write(int fd, const void* bytes, size_t count) {
  return power::recorded(
      fd, [&] { power::note_write(fd, -1, count); }, [&] { return syscall(SYS_write, fd, bytes, count); });
}
ssize_t pwrite(int fd, const void* bytes, size_t count, off_t at) {
  return power::recorded(
      fd, [&] { power::note_write(fd, at, count); },
      [&] { return syscall(SYS_pwrite64, fd, bytes, count, at); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t count, off64_t at) {
  return pwrite(fd, bytes, count, at);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return power::recorded(
      fd, [&] { power::note_write(fd, -1, power::length_of(parts, count)); },
      [&] { return syscall(SYS_writev, fd, parts, count); });
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  return power::recorded(
      fd, [&] { power::note_write(fd, at, power::length_of(parts, count)); },
      [&] { return syscall(SYS_pwritev, fd, parts, count, at, 0); });
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  return pwritev(fd, parts, count, at);
}

int ftruncate(int fd, off_t to) noexcept {
  return power::resize(fd, to);
}
int ftruncate64(int fd, off64_t to) noexcept {
  return power::resize(fd, to);
}
int fallocate(int fd, int mode, off_t from, off_t length) {
  return power::allocate(fd, mode, from, length);
}
int fallocate64(int fd, int mode, off64_t from, off64_t length) {
  return power::allocate(fd, mode, from, length);
}
int posix_fallocate(int fd, off_t from, off_t length) {
  return power::allocate(fd, 0, from, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t from, off64_t length) {
  return posix_fallocate(fd, from, length);
}

int fsync(int fd) {
  return power::sync_file(fd, SYS_fsync);
}
int fdatasync(int fd) {
  return power::sync_file(fd, SYS_fdatasync);
}

int rename(const char* from, const char* to) noexcept {
  return power::rename_file(AT_FDCWD, from, AT_FDCWD, to);
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  return power::rename_file(from_directory, from, to_directory, to);
}
int unlink(const char* path) noexcept {
  return power::unlink_file(AT_FDCWD, path, 0);
}
int unlinkat(int directory, const char* path, int flags) noexcept {
  return power::unlink_file(directory, path, flags);
}
int remove(const char* path) noexcept {
  int done = power::unlink_file(AT_FDCWD, path, 0);
  return done != 0 && errno == EISDIR ? rmdir(path) : done;
}

void* mmap(void* at, size_t length, int protection, int flags, int fd, off_t from) noexcept {
  return power::map(at, length, protection, flags, fd, from);
}
void* mmap64(void* at, size_t length, int protection, int flags, int fd, off64_t from) noexcept {
  return power::map(at, length, protection, flags, fd, from);
}

int link(const char* from, const char* to) noexcept {
  return power::link_file(from, to);
}
int truncate(const char* path, off_t to) noexcept {
  if (!power::watched(AT_FDCWD, path).empty())
    power::give_up("a file is cut by its name");
  return static_cast<int>(syscall(SYS_truncate, path, to));
}

} // extern "C"
