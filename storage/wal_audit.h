// Tells a torn tail of a write-ahead log from a damaged middle.
//
// SQLite replays a WAL up to the first frame whose checksum does not fit and takes the rest for an
// interrupted write. That is right after a crash and wrong after a flipped bit: then transactions that were
// synced, and acknowledged, vanish without a word, and the marks that would show it vanish with them. Where
// every commit is synced before the next one is written (synchronous=FULL) the two can be told apart: if
// behind the first bad frame there is a commit that something was written after, that commit had been synced.
//
// The file format is SQLite's, https://www.sqlite.org/fileformat2.html#walformat. Blocking; changes nothing.
#pragma once
#include "storage/result.h"
#include <cstdint>
#include <string>

namespace troupe::storage {

struct wal_audit {
  bool present = false;            // there is a file with room for a frame
  std::uint64_t frames = 0;        // that SQLite will replay or has moved already
  bool synced_frames_lost = false; // more were synced than it will replay
};

// Of a WAL nobody has open. A missing file is an audit with nothing in it.
result<wal_audit> audit_wal(const std::string& path);

} // namespace troupe::storage
