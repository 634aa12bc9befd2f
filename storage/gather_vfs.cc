#include "storage/gather_vfs.h"
#include "storage/result.h"
#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <sqlite3.h>

namespace troupe::storage {

namespace {

struct layer {
  sqlite3_vfs vfs{}; // what SQLite knows; its pAppData is this
  sqlite3_vfs* below = nullptr;
  std::string name;
};

// The file below lies behind it in the same memory, which SQLite allocates and frees.
struct gathered_file {
  sqlite3_file base; // first: SQLite knows no more
  sqlite3_file* below;
  std::string* waiting;
  sqlite3_int64 from; // where `waiting` belongs in the file
  bool commits;       // the page that comes next ends a transaction
  sqlite3_int64 high; // the furthest that was written since the WAL began anew

  sqlite3_int64 end() const { return from + static_cast<sqlite3_int64>(waiting->size()); }
};

constexpr int frame_head_bytes = 24;

// The size of a gathered_file, so that what follows is aligned for any type.
constexpr std::size_t head_bytes = (sizeof(gathered_file) + alignof(std::max_align_t) - 1) /
                                   alignof(std::max_align_t) * alignof(std::max_align_t);

gathered_file& of(sqlite3_file* file) {
  return *reinterpret_cast<gathered_file*>(file);
}

// What waits belongs to one transaction that has not committed. When it cannot go down that one fails, and
// none of it may reach the disk later.
int put_down(gathered_file& f) {
  if (f.waiting->empty())
    return SQLITE_OK;
  int code =
      f.below->pMethods->xWrite(f.below, f.waiting->data(), static_cast<int>(f.waiting->size()), f.from);
  f.waiting->clear();
  return code;
}

// A frame's head says in its second word how long the database is after the transaction that it ends; 0 when
// it ends none (SQLite's file format, section 4.1).
bool ends_transaction(const void* what, int bytes) {
  const auto* head = static_cast<const unsigned char*>(what);
  return bytes == frame_head_bytes && (head[4] | head[5] | head[6] | head[7]) != 0;
}

int close_file(sqlite3_file* file) {
  auto& f = of(file);
  int lost = put_down(f);
  int code = f.below->pMethods->xClose(f.below);
  delete f.waiting;
  return lost == SQLITE_OK ? code : lost;
}

int read_file(sqlite3_file* file, void* into, int bytes, sqlite3_int64 at) {
  auto& f = of(file);
  if (!f.waiting->empty() && at < f.end() && at + bytes > f.from)
    if (int code = put_down(f); code != SQLITE_OK)
      return code;
  return f.below->pMethods->xRead(f.below, into, bytes, at);
}

// Heads of frames that are there already are written again in two cases. A transaction that was rolled back
// left frames in whose place the next one begins: what of them still waits is dropped. And when a transaction
// has changed a page that it had written before, SQLite puts the checksums of its frames right at the end,
// behind the commit and without a sync: these go down at once, as nothing would make them go later.
int write_head_again(gathered_file& f, const void* what, int bytes, sqlite3_int64 at) {
  if (int code = put_down(f); code != SQLITE_OK)
    return code;
  f.commits = ends_transaction(what, bytes);
  return f.below->pMethods->xWrite(f.below, what, bytes, at);
}

int write_file(sqlite3_file* file, const void* what, int bytes, sqlite3_int64 at) {
  auto& f = of(file);
  if (at == 0)
    f.high = 0; // the WAL's own head: it begins anew
  if (bytes == frame_head_bytes && at < f.high) {
    if (f.waiting->empty() || at < f.from || at >= f.end())
      return write_head_again(f, what, bytes, at);
    f.waiting->resize(static_cast<std::size_t>(at - f.from));
    f.high = at;
  }
  f.high = std::max(f.high, at + bytes);
  bool continues = !f.waiting->empty() && at >= f.from && at <= f.end();
  bool fits = continues && static_cast<std::size_t>(at + bytes - f.from) <= gather_bytes;
  if (!fits) {
    if (int code = put_down(f); code != SQLITE_OK)
      return code;
    f.from = at;
  }
  auto begin = static_cast<std::size_t>(at - f.from); // earlier than the end when a page is written again
  auto length = static_cast<std::size_t>(bytes);
  auto again = std::min(length, f.waiting->size() - begin);
  std::memcpy(f.waiting->data() + begin, what, again);
  f.waiting->append(static_cast<const char*>(what) + again, length - again);
  bool ends = f.commits;
  f.commits = ends_transaction(what, bytes);
  return ends ? put_down(f) : SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  auto& f = of(file);
  f.high = std::min(f.high, size);
  if (size <= f.from)
    f.waiting->clear();
  else if (size < f.end())
    f.waiting->resize(static_cast<std::size_t>(size - f.from));
  if (int code = put_down(f); code != SQLITE_OK)
    return code;
  return f.below->pMethods->xTruncate(f.below, size);
}

int sync_file(sqlite3_file* file, int flags) {
  auto& f = of(file);
  if (int code = put_down(f); code != SQLITE_OK)
    return code;
  return f.below->pMethods->xSync(f.below, flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& f = of(file);
  int code = f.below->pMethods->xFileSize(f.below, size);
  if (code == SQLITE_OK && !f.waiting->empty())
    *size = std::max(*size, f.end());
  return code;
}

int lock_file(sqlite3_file* file, int how) {
  return of(file).below->pMethods->xLock(of(file).below, how);
}

int unlock_file(sqlite3_file* file, int how) {
  return of(file).below->pMethods->xUnlock(of(file).below, how);
}

int is_reserved(sqlite3_file* file, int* result) {
  return of(file).below->pMethods->xCheckReservedLock(of(file).below, result);
}

int control_file(sqlite3_file* file, int what, void* with) {
  return of(file).below->pMethods->xFileControl(of(file).below, what, with);
}

int sector_size(sqlite3_file* file) {
  return of(file).below->pMethods->xSectorSize(of(file).below);
}

int characteristics(sqlite3_file* file) {
  return of(file).below->pMethods->xDeviceCharacteristics(of(file).below);
}

// Version 1: a WAL is neither mapped nor does it have shared memory of its own.
const sqlite3_io_methods methods = {
    1,         close_file,  read_file,   write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, is_reserved, control_file, sector_size,   characteristics, nullptr,
    nullptr,   nullptr,     nullptr,     nullptr,      nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  if ((flags & SQLITE_OPEN_WAL) == 0)
    return below->xOpen(below, name, file, flags, out_flags);
  auto* inner = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + head_bytes);
  inner->pMethods = nullptr;
  file->pMethods = nullptr;
  int code = below->xOpen(below, name, inner, flags, out_flags);
  if (code != SQLITE_OK) {
    if (inner->pMethods != nullptr) // SQLite would close it
      inner->pMethods->xClose(inner);
    return code;
  }
  auto* f = new (file) gathered_file{};
  f->below = inner;
  f->waiting = new std::string;
  f->base.pMethods = &methods;
  return SQLITE_OK;
}

// Everything but xOpen is the lower layer's, which must be called with its own vfs.
int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xDelete(below, name, sync);
}

int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* result) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xAccess(below, name, flags, result);
}

int full_name(sqlite3_vfs* vfs, const char* name, int length, char* into) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xFullPathname(below, name, length, into);
}

int random_bytes(sqlite3_vfs* vfs, int length, char* into) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xRandomness(below, length, into);
}

int sleep_for(sqlite3_vfs* vfs, int microseconds) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xSleep(below, microseconds);
}

int time_now(sqlite3_vfs* vfs, double* days) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xCurrentTime(below, days);
}

int time_now_64(sqlite3_vfs* vfs, sqlite3_int64* milliseconds) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xCurrentTimeInt64(below, milliseconds);
}

int last_error(sqlite3_vfs* vfs, int length, char* into) {
  auto* below = static_cast<layer*>(vfs->pAppData)->below;
  return below->xGetLastError(below, length, into);
}

std::unique_ptr<layer> layer_above(sqlite3_vfs* below, const std::string& name) {
  auto made = std::make_unique<layer>();
  made->below = below;
  made->name = name;
  auto& v = made->vfs;
  v.iVersion = below->iVersion >= 2 ? 2 : 1;
  v.szOsFile = below->szOsFile + static_cast<int>(head_bytes);
  v.mxPathname = below->mxPathname;
  v.zName = made->name.c_str();
  v.pAppData = made.get();
  v.xOpen = open_file;
  v.xDelete = delete_file;
  v.xAccess = access_file;
  v.xFullPathname = full_name;
  v.xRandomness = random_bytes;
  v.xSleep = sleep_for;
  v.xCurrentTime = time_now;
  v.xGetLastError = last_error;
  v.xCurrentTimeInt64 = v.iVersion >= 2 ? time_now_64 : nullptr;
  return made;
}

} // namespace

std::string gathering(const std::string& below) {
  static std::mutex lock;
  static std::map<std::string, std::unique_ptr<layer>> layers;
  std::lock_guard hold(lock);
  auto* lower = sqlite3_vfs_find(below.empty() ? nullptr : below.c_str());
  require(lower != nullptr, "storage: a VFS that is not registered");
  auto name = "gather " + std::string(lower->zName);
  auto& known = layers[name];
  if (known && known->below == lower)
    return name;
  if (known)
    sqlite3_vfs_unregister(&known->vfs); // of a VFS that is gone and came back, as in tests
  known = layer_above(lower, name);
  require(sqlite3_vfs_register(&known->vfs, 0) == SQLITE_OK, "storage: a VFS cannot be registered");
  return name;
}

} // namespace troupe::storage
