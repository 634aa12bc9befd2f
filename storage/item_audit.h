// A full pass over an item file, cut into slices between which batches go on being applied: what a slice has
// read of a record that changes later is put right along with the change.
//
// First all rows in the order in which they lie, then the index by key, then the index entries. Each is read
// as a table of its own, since a query that could answer from an index alone would not look at the rows.
#pragma once
#include "storage/item_store.h"
#include "storage/sqlite.h"
#include <cstdint>
#include <string>

namespace troupe::storage {

// In one slice at most: each may cost a read of the disk.
inline constexpr std::size_t audit_records_per_slice = 512;

struct audit_state {
  enum class phase { rows, keys, entries };
  phase now = phase::rows;
  std::int64_t row_cursor = INT64_MIN; // rows up to there have been read
  std::int64_t row_last = 0;           // about the last there is, for the progress
  std::string key_cursor;
  std::string entry_cursor;
  leaf_digests leaves{leaf_count};
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sizes = 0;
  std::uint64_t keys = 0; // in the index by key
  audit_slice found;      // in all slices so far
  sqlite::statement rows, row_of, keys_after;

  bool read_row(std::int64_t id) const { return now == phase::rows && id <= row_cursor; }
  bool read_key(std::string_view key) const { return now == phase::keys && key <= key_cursor; }
  void note(std::string what) {
    if (found.what.empty())
      found.what = std::move(what);
  }
};

} // namespace troupe::storage
