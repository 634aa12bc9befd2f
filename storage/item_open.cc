// Opening the item file: making it, recovering it after a crash, and reading where its items stand.
#include "storage/files.h"
#include "storage/item_state.h"
#include <algorithm>
#include <random>

namespace troupe::storage {

result<void> item_store::state::prepare_statements() {
  return db->prepare({
      {&get_item, "SELECT check_sum, v FROM items WHERE k=?"},
      {&find_item, "SELECT id, v, check_sum FROM items WHERE k=?"},
      {&get_row, "SELECT id, check_sum, v FROM items WHERE k=?"},
      {&insert_item, "INSERT INTO items(k, check_sum, v) VALUES(?, ?, ?)"},
      {&update_item, "UPDATE items SET check_sum=?, v=? WHERE id=?"},
      {&drop_item, "DELETE FROM items WHERE id=?"},
      {&put_position, "REPLACE INTO position(id, body) VALUES(1, ?), (2, ?), (3, ?)"},
      {&put_requests, "REPLACE INTO requests(first, body) VALUES(?, ?)"},
      {&drop_requests, "DELETE FROM requests WHERE first=?"},
      {&scan_up, "SELECT k, check_sum, v FROM items WHERE k>=? ORDER BY k"},
      {&scan_up_to, "SELECT k, check_sum, v FROM items WHERE k>=? AND k<? ORDER BY k"},
      {&scan_down, "SELECT k, check_sum, v FROM items WHERE k>=? ORDER BY k DESC"},
      {&scan_down_to, "SELECT k, check_sum, v FROM items WHERE k>=? AND k<? ORDER BY k DESC"},
      {&scan_after, "SELECT k, check_sum, v FROM items WHERE k>? ORDER BY k"},
  });
}

result<void> item_store::state::open_file() {
  // What an unfinished install left.
  for (const char* tail : {"", "-wal"})
    if (auto gone = remove_file(path + std::string(temporary_suffix) + tail); !gone)
      return gone;
  const bool has_wal = exists(path + "-wal");
  sqlite::open_options how;
  how.create = options.create;
  how.sync = sqlite::synchronous::normal;
  how.page_bytes = item_format::page_bytes;
  how.cache_bytes = options.cache_bytes;
  how.wal_kept_bytes = options.checkpoint_bytes;
  how.vfs = options.vfs;
  auto opened = sqlite::connection::open(path, how);
  if (!opened)
    return opened.error();
  db = std::move(*opened);
  auto made = db->ensure_schema(item_format::application_id, item_format::version, item_format::schema);
  if (!made)
    return made.error();
  if (auto done = db->execute(item_leaves::schema); !done)
    return done;
  if (auto done = prepare_statements(); !done)
    return done;
  if (auto done = read_position(*made); !done)
    return done;
  if (auto done = read_lineage(); !done)
    return done;
  if (auto done = read_requests(nullptr); !done)
    return done;
  if (options.entries.indexes > 0) {
    auto made_entries = item_entries::open(*db, options.entries);
    if (!made_entries)
      return made_entries.error();
    entries = std::move(*made_entries);
  }
  // What a crashed process left in the WAL may never have been synced: reading it back proves nothing.
  if (*made || has_wal) {
    auto moved = db->checkpoint(true);
    if (!moved && moved.error().code == code::full)
      moved = db->sync_wal();
    if (!moved)
      return moved;
  }
  durable = row.position.index;
  return {};
}

result<void> item_store::state::read_position(bool made) {
  if (made) {
    row.group = options.group;
    row.member = options.member;
    if (auto opened = read_leaves(true); !opened)
      return opened;
    if (auto begun = db->begin(); !begun)
      return begun;
    if (auto put = store_position(row); !put) {
      db->rollback();
      return put;
    }
    return db->commit();
  }
  auto get = db->prepare("SELECT body FROM position WHERE id=1");
  if (!get)
    return get.error();
  auto found = get->step();
  if (!found)
    return found.error();
  auto decoded = *found ? item_format::decode_position(get->column_bytes(0)) : std::nullopt;
  if (!decoded)
    return error{code::corrupt,
                 path + ": the row that says where the items stand is " + (*found ? "damaged" : "gone")};
  if (decoded->group != options.group || decoded->member != options.member)
    return error{code::refused, path + ": holds group " + std::to_string(decoded->group) + " of member " +
                                    std::to_string(decoded->member) + ", wanted is group " +
                                    std::to_string(options.group) + " of member " +
                                    std::to_string(options.member)};
  row = std::move(*decoded);
  get->reset();
  if (auto opened = read_leaves(false); !opened)
    return opened;
  return read_sizes();
}

// They count when they are of this index and of these leaves: a version of the program that did not keep them
// leaves the rows as they were, or never made them, and the range may have been another one.
result<void> item_store::state::read_leaves(bool made) {
  const leaf_cut cut(options.from, options.to);
  bool whole = made;
  if (!made) {
    auto get = db->prepare("SELECT body FROM position WHERE id=3");
    if (!get)
      return get.error();
    auto found = get->step();
    if (!found)
      return found.error();
    auto kept = *found ? item_format::decode_digests_row(get->column_bytes(0)) : std::nullopt;
    whole = kept && kept->known && kept->index == row.position.index && kept->first == cut.first() &&
            kept->width == cut.width();
  }
  auto opened = item_leaves::open(*db, cut, whole);
  if (!opened)
    return opened.error();
  leaves = std::move(*opened);
  return {};
}

// A version of the program that did not count sizes leaves the row as it was, or never made it.
result<void> item_store::state::read_sizes() {
  auto get = db->prepare("SELECT body FROM position WHERE id=2");
  if (!get)
    return get.error();
  auto found = get->step();
  if (!found)
    return found.error();
  if (!*found)
    return count_sizes();
  auto decoded = item_format::decode_sizes(get->column_bytes(0));
  get->reset();
  if (!decoded)
    return error{code::corrupt, path + ": the row that says how large the items are is damaged"};
  if (decoded->index != row.position.index)
    return count_sizes();
  row.sizes = decoded->sizes;
  return {};
}

result<void> item_store::state::count_sizes() {
  std::uint64_t sizes = 0;
  auto counted_all = each_record([&](std::string_view key, std::string_view value) {
    sizes += size_of(key, value);
    return true;
  });
  if (counted_all)
    row.sizes = sizes;
  return counted_all; // kept with the next batch
}

// A file without one, or with a damaged one, begins a lineage here: nobody remembers it, so nobody relies on
// it.
result<void> item_store::state::read_lineage() {
  auto get = db->prepare("SELECT body FROM position WHERE id=4");
  if (!get)
    return get.error();
  auto found = get->step();
  if (!found)
    return found.error();
  if (auto kept = *found ? item_format::decode_lineage(get->column_bytes(0)) : std::nullopt) {
    lineage = *kept;
    return {};
  }
  get->reset();
  std::random_device chance;
  const std::uint64_t fresh = static_cast<std::uint64_t>(chance()) << 32 | chance();
  auto put = db->prepare("REPLACE INTO position(id, body) VALUES(4, ?)");
  if (!put)
    return put.error();
  const std::string body = item_format::encode_lineage(fresh);
  auto done = put->bind(1, std::string_view(body)).run();
  if (done)
    lineage = fresh;
  else if (done.error().code == code::io_fatal || done.error().code == code::corrupt)
    return done;
  return {}; // the items can be read without
}

// Without `into`, only notes which rows there are.
result<void> item_store::state::read_requests(std::vector<msg::AppliedRequest>* into) {
  auto all = db->prepare("SELECT first, body FROM requests ORDER BY first");
  if (!all)
    return all.error();
  remembered_rows.clear();
  for (;;) {
    auto found = all->step();
    if (!found)
      return found.error();
    if (!*found)
      return {};
    std::vector<msg::AppliedRequest> some;
    if (!item_format::decode_requests(all->column_bytes(1), some))
      return error{code::corrupt, path + ": remembered requests from index " +
                                      std::to_string(all->column_int(0)) + " on are damaged"};
    std::int64_t last_ms = 0;
    for (const auto& r : some)
      last_ms = std::max(last_ms, r.time_ms());
    remembered_rows.push_back({static_cast<std::uint64_t>(all->column_int(0)), last_ms});
    if (into)
      into->insert(into->end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
}

result<std::unique_ptr<item_store>> item_store::open(const std::string& path, const item_options& options) {
  auto s = std::make_unique<state>(path, options);
  if (auto done = s->open_file(); !done)
    return done.error();
  return std::unique_ptr<item_store>(new item_store(std::move(s)));
}

item_store::item_store(std::unique_ptr<state> s) : state_(std::move(s)) {}
item_store::~item_store() = default;

} // namespace troupe::storage
