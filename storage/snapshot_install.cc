// Turning a snapshot into a replica's item file.
#include "storage/checksum.h"
#include "storage/files.h"
#include "storage/item_entries.h"
#include "storage/item_format.h"
#include "storage/item_leaves.h"
#include "storage/snapshot.h"
#include "storage/sqlite.h"

namespace troupe::storage {

namespace {

// Tidies the file that is there: its WAL, if it has one, goes into it, so that nothing of the old file can be
// taken for the new one's. Refuses when it is not older than the snapshot.
result<void> retire(const std::string& item_path, std::uint64_t snapshot_index,
                    const install_options& options) {
  const std::string wal = item_path + "-wal";
  item_options how;
  how.group = options.group;
  how.member = options.member;
  how.vfs = options.vfs;
  auto old = item_store::open(item_path, how);
  if (!old) {
    if (old.error().code == code::missing)
      return remove_file(wal);
    if (!options.replace_damaged)
      return old.error();
    // Not even the old file is worth keeping, so a crash between these two costs nothing.
    if (auto gone = remove_file(item_path); !gone)
      return gone;
    return remove_file(wal);
  }
  if ((*old)->applied().index >= snapshot_index && !options.replace_damaged)
    return error{code::refused, item_path + ": stands at index " + std::to_string((*old)->applied().index) +
                                    ", the snapshot at " + std::to_string(snapshot_index)};
  auto moved = (*old)->checkpoint();
  old->reset();
  if (!moved && !options.replace_damaged)
    return moved;
  return remove_file(wal);
}

result<std::unique_ptr<sqlite::connection>> create_aside(const std::string& path, const std::string& vfs) {
  for (const char* tail : {"", "-wal"})
    if (auto gone = remove_file(path + tail); !gone)
      return gone.error();
  sqlite::open_options how;
  how.create = true;
  how.sync = sqlite::synchronous::off;
  how.journal = sqlite::journal::off;
  how.page_bytes = item_format::page_bytes;
  how.cache_bytes = 4u << 20;
  how.vfs = vfs;
  return sqlite::connection::open(path, how);
}

item_format::position_row position_of(const msg::SnapshotHeader& header, const install_options& options) {
  item_format::position_row row;
  row.group = options.group;
  row.member = options.member;
  row.position.index = header.index();
  row.position.link = header.link();
  row.position.ballot = header.ballot();
  row.position.configuration = header.configuration();
  row.position.configuration_index = header.configuration_index();
  row.position.time_ms = header.time_ms();
  row.items = header.items();
  row.bytes = header.bytes();
  return row;
}

result<void> copy_position(const item_format::position_row& row, const msg::SnapshotHeader& header,
                           const leaf_cut& cut, sqlite::connection& db) {
  auto put = db.prepare("INSERT INTO position(id, body) VALUES(1, ?), (2, ?), (3, ?)");
  if (!put)
    return put.error();
  std::string bytes = item_format::encode(row);
  std::string sizes = item_format::encode(item_format::sizes_row{row.position.index, row.sizes});
  std::string digests =
      item_format::encode(item_format::digests_row{row.position.index, cut.first(), cut.width(), true});
  if (auto done = put->bind(1, std::string_view(bytes))
                      .bind(2, std::string_view(sizes))
                      .bind(3, std::string_view(digests))
                      .run();
      !done)
    return done;
  if (header.requests().empty())
    return {};
  auto remember = db.prepare("INSERT INTO requests(first, body) VALUES(?, ?)");
  if (!remember)
    return remember.error();
  std::string requests = item_format::encode({header.requests().begin(), header.requests().end()});
  return remember->bind(1, static_cast<std::int64_t>(header.requests(0).index()))
      .bind(2, std::string_view(requests))
      .run();
}

} // namespace

struct snapshot_installer::state {
  std::string item_path;
  std::string aside; // where the new file is built: beside the snapshot
  install_options options;
  std::unique_ptr<snapshot_reader> from;
  item_format::position_row row; // gets the sizes added up
  bool built = false;
  // While records are copied.
  std::unique_ptr<sqlite::connection> db;
  std::unique_ptr<item_leaves> leaves;
  std::unique_ptr<item_entries> entries; // null: the items have none
  sqlite::statement put;
  std::size_t unwritten = 0; // bytes that have not been sent on their way to the disk

  ~state();
  result<void> create();
  result<bool> copy(std::size_t max_bytes);
  result<void> complete();
  void forget_file();
};

snapshot_installer::state::~state() {
  forget_file();
  if (!aside.empty())
    for (const char* tail : {"", "-wal"})
      (void)remove_file(aside + tail);
}

// Closed in the order in which it was opened, backwards.
void snapshot_installer::state::forget_file() {
  put = {};
  entries.reset();
  leaves.reset();
  if (db)
    db->rollback();
  db.reset();
}

result<void> snapshot_installer::state::create() {
  auto made = create_aside(aside, options.vfs);
  if (!made)
    return made.error();
  db = std::move(*made);
  if (auto done = db->ensure_schema(item_format::application_id, item_format::version, item_format::schema);
      !done)
    return done.error();
  if (auto done = db->execute(item_leaves::schema); !done)
    return done;
  auto opened = item_leaves::open(*db, leaf_cut(options.from, options.to), true);
  if (!opened)
    return opened.error();
  leaves = std::move(*opened);
  if (options.entries.indexes > 0) {
    auto made_entries = item_entries::open(*db, options.entries);
    if (!made_entries)
      return made_entries.error();
    entries = std::move(*made_entries);
  }
  if (auto begun = db->begin(); !begun)
    return begun;
  auto prepared = db->prepare("INSERT INTO items(k, check_sum, v) VALUES(?, ?, ?)");
  if (!prepared)
    return prepared.error();
  put = std::move(*prepared);
  return {};
}

// True: all records are copied, and they are those of the snapshot.
result<bool> snapshot_installer::state::copy(std::size_t max_bytes) {
  for (std::size_t copied = 0; copied < max_bytes;) {
    auto page = from->records();
    if (!page)
      return page.error();
    for (const auto& [key, value] : page->records) {
      const std::uint64_t check = record_checksum(key, value);
      leaves->add(key, check);
      auto done = put.bind(1, std::string_view(key))
                      .bind(2, static_cast<std::int64_t>(check))
                      .bind(3, std::string_view(value))
                      .run();
      if (done && entries)
        done = entries->replace(key, db->last_row(), {}, value);
      if (!done)
        return done.error();
      row.sizes += options.size_of ? options.size_of(key, value) : 0;
      copied += (key.size() + value.size()) * (1 + options.entries.indexes); // an entry is as much work
      unwritten += key.size() + value.size();
    }
    if (!page->more)
      return true;
  }
  if (unwritten >= writeback_bytes) {
    begin_writeback(aside);
    unwritten = 0;
  }
  return false;
}

result<void> snapshot_installer::state::complete() {
  if (auto written = leaves->write(); !written)
    return written;
  if (auto written = copy_position(row, from->header(), leaves->cut(), *db); !written)
    return written;
  if (entries)
    if (auto written = entries->write_figures(); !written)
      return written;
  put = {};
  entries.reset();
  leaves.reset();
  if (auto done = db->commit(); !done)
    return done;
  db.reset(); // closed: all of it is in the one file
  built = true;
  return sync_file(aside);
}

snapshot_installer::snapshot_installer(std::unique_ptr<state> s) : state_(std::move(s)) {}
snapshot_installer::~snapshot_installer() = default;

result<std::unique_ptr<snapshot_installer>> snapshot_installer::begin(const std::string& snapshot_path,
                                                                      const std::string& item_path,
                                                                      const install_options& options) {
  auto snapshot = snapshot_reader::open(snapshot_path);
  if (!snapshot)
    return snapshot.error();
  const auto& header = (*snapshot)->header();
  if (header.group() != options.group)
    return error{code::refused, snapshot_path + ": is of group " + std::to_string(header.group()) +
                                    ", wanted is group " + std::to_string(options.group)};
  auto s = std::make_unique<state>();
  s->item_path = item_path;
  s->aside = snapshot_path + ".db" + std::string(temporary_suffix);
  s->options = options;
  s->row = position_of(header, options);
  s->from = std::move(*snapshot);
  return std::unique_ptr<snapshot_installer>(new snapshot_installer(std::move(s)));
}

result<bool> snapshot_installer::step(std::size_t max_bytes) {
  auto& s = *state_;
  require(!s.built, "snapshot installer: a step after the last");
  if (!s.db)
    if (auto made = s.create(); !made)
      return made.error();
  auto all = s.copy(max_bytes);
  if (!all || !*all)
    return all;
  if (auto done = s.complete(); !done)
    return done.error();
  return true;
}

result<item_position> snapshot_installer::finish() {
  auto& s = *state_;
  require(s.built, "snapshot installer: finished before the last step");
  if (auto retired = retire(s.item_path, s.from->header().index(), s.options); !retired)
    return retired.error();
  if (auto there = rename_durably(s.aside, s.item_path); !there)
    return there.error();
  s.aside.clear();
  return s.row.position;
}

result<item_position> install_snapshot(const std::string& snapshot_path, const std::string& item_path,
                                       const install_options& options) {
  auto work = snapshot_installer::begin(snapshot_path, item_path, options);
  if (!work)
    return work.error();
  for (;;) {
    auto all = (*work)->step(SIZE_MAX);
    if (!all)
      return all.error();
    if (*all)
      return (*work)->finish();
  }
}

} // namespace troupe::storage
