// What an item_store is inside; shared by the files that change it (item_store.cc), walk it (item_walk.cc)
// and read all of it (item_audit.cc). Nobody else includes this.
#pragma once
#include "config/limits.h"
#include "storage/item_audit.h"
#include "storage/item_entries.h"
#include "storage/item_format.h"
#include "storage/item_leaves.h"
#include "storage/item_store.h"
#include "storage/sqlite.h"
#include <deque>
#include <map>

namespace troupe::storage {

// A walk in progress. Keys up to `cursor` have been walked. `before` has the old values of keys behind it
// that were changed since the walk began; no value: the key was not there.
struct walk_state {
  item_position position;
  std::vector<msg::AppliedRequest> requests;
  std::optional<std::string> cursor;
  std::map<std::string, std::optional<std::string>, std::less<>> before;
  std::size_t before_bytes = 0;
  bool given_up = false;

  bool passed(std::string_view key) const { return cursor && key <= *cursor; }
};

struct item_store::state {
  state(std::string p, const item_options& o) : path(std::move(p)), options(o) {}

  std::string path;
  item_options options;
  std::unique_ptr<sqlite::connection> db; // before the statements: destroyed after them
  sqlite::statement get_item, find_item, get_row, insert_item, update_item, drop_item;
  sqlite::statement put_position, put_requests, drop_requests;
  sqlite::statement scan_up, scan_up_to, scan_down, scan_down_to, scan_after;

  item_format::position_row row; // what the file says, synced or not
  std::uint64_t lineage = 0;
  std::uint64_t durable = 0;
  struct remembered {
    std::uint64_t first;  // key of the row
    std::int64_t last_ms; // of the newest request in it
  };
  std::deque<remembered> remembered_rows; // ascending
  std::unique_ptr<item_entries> entries;  // null without entry_rules
  std::unique_ptr<item_leaves> leaves;
  std::optional<audit_state> audit;
  std::deque<item_mark> marks; // ascending
  std::optional<walk_state> walk;
  item_stats counted;

  result<void> open_file();
  result<void> prepare_statements();
  result<void> read_position(bool made);
  result<void> read_sizes();
  result<void> read_lineage();
  result<void> read_leaves(bool made);
  result<void> count_sizes();
  std::uint64_t size_of(std::string_view key, std::string_view value) const {
    return options.size_of ? options.size_of(key, value) : 0;
  }
  result<void> read_requests(std::vector<msg::AppliedRequest>* into);

  result<void> change(const item_change& change, item_format::position_row& next);
  result<void> change_with_entries(const item_change& change, item_format::position_row& next);
  result<void> write(const item_batch& batch, item_format::position_row& next, std::size_t& forgotten);
  result<void> keep_for_walk(std::string_view key);
  // A record is there, or gone: in this row, with this checksum.
  void record_came(std::string_view key, std::int64_t id, std::uint64_t check, std::size_t value_bytes,
                   std::uint64_t size);
  void record_went(std::string_view key, std::int64_t id, std::uint64_t check, std::size_t value_bytes,
                   std::uint64_t size);
  result<void> begin_audit();
  result<audit_slice> audit_step(std::size_t max_bytes);
  result<bool> audit_rows(std::size_t max_bytes, audit_slice& slice);
  result<bool> audit_keys(std::size_t max_bytes, audit_slice& slice);
  result<void> settle_audit();
  void list_leaf(std::uint32_t leaf, item_mark& into, std::size_t& bytes); // adds to bytes what it read
  void keep_mark(const item_batch& batch);
  result<void> verify(std::string_view key, std::uint64_t check, std::string_view value) const;
  // Calls each(key, value) for all records, verified, in key order; it returns false to stop.
  template <class Each>
  result<void> each_record(Each each);
  result<void> store_position(const item_format::position_row& next);
};

std::string printable(std::string_view key); // for errors: hexadecimal, shortened

template <class Each>
result<void> item_store::state::each_record(Each each) {
  auto found = scan_up.bind(1, std::string_view{}).step();
  while (found && *found) {
    std::string_view key = scan_up.column_bytes(0);
    std::string_view value = scan_up.column_bytes(2);
    auto sound = verify(key, static_cast<std::uint64_t>(scan_up.column_int(1)), value);
    if (!sound || !each(key, value)) {
      scan_up.reset();
      return sound;
    }
    found = scan_up.step();
  }
  return found ? result<void>{} : result<void>{found.error()};
}

} // namespace troupe::storage
