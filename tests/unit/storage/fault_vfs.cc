#include "tests/unit/storage/fault_vfs.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sqlite3.h>
#include <unistd.h>

namespace troupe::testing {

namespace {

fault_vfs* disk = nullptr;
sqlite3_vfs shim;
sqlite3_vfs* below = nullptr;

struct file {
  sqlite3_file base;
  fault_vfs::file_image* image;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
file& of(sqlite3_file* f) {
  return *reinterpret_cast<file*>(f);
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int close_file(sqlite3_file* f) {
  return of(f).real()->pMethods->xClose(of(f).real());
}
int read_file(sqlite3_file* f, void* into, int count, sqlite3_int64 offset) {
  const auto& bad = disk->unreadable;
  auto from = static_cast<std::uint64_t>(offset);
  if (!bad.path.empty() && of(f).image == &disk->files[bad.path] && from <= bad.offset &&
      bad.offset < from + static_cast<std::uint64_t>(count))
    return SQLITE_IOERR_READ;
  return of(f).real()->pMethods->xRead(of(f).real(), into, count, offset);
}
int write_file(sqlite3_file* f, const void* bytes, int count, sqlite3_int64 offset) {
  if (!disk->step())
    return SQLITE_IOERR_WRITE;
  disk->count_write();
  if (disk->fail_writes)
    return SQLITE_IOERR_WRITE;
  fault_vfs::file_image& image = *of(f).image;
  auto end = static_cast<std::uint64_t>(offset) + static_cast<std::uint64_t>(count);
  if (end > image.size && disk->bytes_used() + (end - image.size) > disk->capacity)
    return SQLITE_FULL;
  int code = of(f).real()->pMethods->xWrite(of(f).real(), bytes, count, offset);
  if (code == SQLITE_OK) {
    image.size = std::max(image.size, end);
    image.unsynced.push_back({static_cast<std::uint64_t>(offset),
                              std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(count)),
                              false});
  }
  return code;
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  if (!disk->step())
    return SQLITE_IOERR_TRUNCATE;
  int code = of(f).real()->pMethods->xTruncate(of(f).real(), size);
  if (code == SQLITE_OK) {
    of(f).image->size = static_cast<std::uint64_t>(size);
    of(f).image->unsynced.push_back({static_cast<std::uint64_t>(size), {}, true});
  }
  return code;
}

void change_bytes(std::string& to, const fault_vfs::pending_change& change) {
  if (change.truncate) {
    to.resize(std::min<std::size_t>(to.size(), change.offset));
    return;
  }
  if (to.size() < change.offset + change.bytes.size())
    to.resize(change.offset + change.bytes.size());
  std::memcpy(to.data() + change.offset, change.bytes.data(), change.bytes.size());
}

int sync_file(sqlite3_file* f, int) {
  if (!disk->step())
    return SQLITE_IOERR_FSYNC;
  disk->count_sync();
  if (disk->sync_fails())
    return SQLITE_IOERR_FSYNC; // and what was to be synced stays unsynced
  for (const auto& change : of(f).image->unsynced)
    change_bytes(of(f).image->durable, change);
  of(f).image->unsynced.clear();
  return SQLITE_OK;
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  return of(f).real()->pMethods->xFileSize(of(f).real(), size);
}
int lock_file(sqlite3_file* f, int level) {
  return of(f).real()->pMethods->xLock(of(f).real(), level);
}
int unlock_file(sqlite3_file* f, int level) {
  return of(f).real()->pMethods->xUnlock(of(f).real(), level);
}
int check_lock(sqlite3_file* f, int* held) {
  return of(f).real()->pMethods->xCheckReservedLock(of(f).real(), held);
}
int control_file(sqlite3_file* f, int op, void* argument) {
  return of(f).real()->pMethods->xFileControl(of(f).real(), op, argument);
}
int sector_size(sqlite3_file* f) {
  return of(f).real()->pMethods->xSectorSize(of(f).real());
}
int characteristics(sqlite3_file* f) {
  return of(f).real()->pMethods->xDeviceCharacteristics(of(f).real());
}

// Version 1: no shared memory and no memory map, which our exclusive connections do without.
const sqlite3_io_methods methods = {
    1,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, nullptr,
    nullptr,   nullptr,     nullptr,    nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* path, sqlite3_file* f, int flags, int* out) {
  file& self = of(f);
  self.base.pMethods = nullptr;
  self.real()->pMethods = nullptr;
  int code = below->xOpen(below, path, self.real(), flags, out);
  if (code != SQLITE_OK)
    return code;
  auto [at, fresh] = disk->files.try_emplace(path ? path : "");
  if (fresh && path) {
    at->second.durable = contents(path); // what was there before this disk is taken for synced
    at->second.size = at->second.durable.size();
  }
  self.image = &at->second;
  self.base.pMethods = &methods;
  return SQLITE_OK;
}
int delete_file(sqlite3_vfs*, const char* path, int sync_directory) {
  if (!disk->step())
    return SQLITE_IOERR_DELETE;
  int code = below->xDelete(below, path, sync_directory);
  if (code == SQLITE_OK)
    disk->files.erase(path);
  return code;
}

} // namespace

fault_vfs::fault_vfs() {
  if (disk != nullptr)
    std::abort();
  disk = this;
  below = sqlite3_vfs_find(nullptr);
  shim = *below;
  shim.zName = "fault";
  shim.szOsFile = static_cast<int>(sizeof(file)) + below->szOsFile;
  shim.pNext = nullptr;
  shim.xOpen = open_file;
  shim.xDelete = delete_file;
  sqlite3_vfs_register(&shim, 0);
}

fault_vfs::~fault_vfs() {
  sqlite3_vfs_register(below, 1);
  sqlite3_vfs_unregister(&shim);
  disk = nullptr;
}

void fault_vfs::become_default() {
  sqlite3_vfs_register(&shim, 1);
}

std::uint64_t fault_vfs::bytes_used() const {
  std::uint64_t sum = 0;
  for (const auto& [path, image] : files)
    sum += image.size;
  return sum;
}

bool fault_vfs::step() {
  if (cut_power_in > 0 && --cut_power_in == 0)
    off_ = true;
  return !off_;
}

bool fault_vfs::sync_fails() {
  return fail_sync_in > 0 && --fail_sync_in == 0;
}

void fault_vfs::cut_power(leftover what, std::mt19937_64& random) {
  constexpr std::size_t sector = 512;
  for (auto& [path, image] : files) {
    if (path.empty())
      continue;
    std::string left = image.durable;
    if (what == leftover::prefix && !image.unsynced.empty()) {
      std::size_t whole = random() % image.unsynced.size();
      for (std::size_t i = 0; i < whole; ++i)
        change_bytes(left, image.unsynced[i]);
      pending_change part = image.unsynced[whole];
      if (!part.truncate) {
        part.bytes.resize(part.bytes.size() ? random() % part.bytes.size() / sector * sector : 0);
        change_bytes(left, part);
      }
    }
    if (what == leftover::mixture)
      for (const auto& change : image.unsynced) {
        if (change.truncate) {
          if (random() % 2)
            change_bytes(left, change);
          continue;
        }
        for (std::size_t at = 0; at < change.bytes.size();) {
          // Up to the next sector boundary of the file.
          std::size_t size =
              std::min<std::size_t>(sector - (change.offset + at) % sector, change.bytes.size() - at);
          if (random() % 2)
            change_bytes(left, {change.offset + at, change.bytes.substr(at, size), false});
          at += size;
        }
      }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << left;
  }
  files.clear();
  off_ = false;
  cut_power_in = 0;
  fail_sync_in = 0;
}

} // namespace troupe::testing
