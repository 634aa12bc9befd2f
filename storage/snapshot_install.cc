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

// Verifies as it copies: order, counts, digest. The row has the sizes added up.
result<void> copy_records(snapshot_reader& from, sqlite::connection& db, record_size size_of,
                          item_format::position_row& row, item_leaves& leaves) {
  auto put = db.prepare("INSERT INTO items(k, check_sum, v) VALUES(?, ?, ?)");
  if (!put)
    return put.error();
  records_digest digest;
  std::uint64_t items = 0;
  for (bool more = true; more;) {
    auto page = from.records();
    if (!page)
      return page.error();
    for (const auto& [key, value] : page->records) {
      const std::uint64_t check = record_checksum(key, value);
      leaves.add(key, check);
      auto done = put->bind(1, std::string_view(key))
                      .bind(2, static_cast<std::int64_t>(check))
                      .bind(3, std::string_view(value))
                      .run();
      if (!done)
        return done;
      digest.add(key, value);
      items += 1;
      row.sizes += size_of ? size_of(key, value) : 0;
    }
    more = page->more;
  }
  if (items != from.header().items() || digest.value() != from.header().digest())
    return error{code::corrupt, db.path() + ": the records copied are not those of the snapshot"};
  return leaves.write();
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

result<void> build(snapshot_reader& from, item_format::position_row row, const std::string& path,
                   const install_options& options) {
  auto db = create_aside(path, options.vfs);
  if (!db)
    return db.error();
  sqlite::connection& file = **db;
  if (auto made = file.ensure_schema(item_format::application_id, item_format::version, item_format::schema);
      !made)
    return made.error();
  if (auto made = file.execute(item_leaves::schema); !made)
    return made;
  auto leaves = item_leaves::open(file, leaf_cut(options.from, options.to), true);
  if (!leaves)
    return leaves.error();
  if (auto begun = file.begin(); !begun)
    return begun;
  auto copied = copy_records(from, file, options.size_of, row, **leaves);
  if (copied)
    copied = copy_position(row, from.header(), (*leaves)->cut(), file);
  if (!copied) {
    file.rollback();
    return copied;
  }
  leaves->reset();
  if (auto done = file.commit(); !done)
    return done;
  if (options.entries.indexes > 0)
    if (auto made = item_entries::open(file, options.entries); !made)
      return made.error();
  db->reset(); // closed: all of it is in the one file
  return sync_file(path);
}

} // namespace

result<item_position> install_snapshot(const std::string& snapshot_path, const std::string& item_path,
                                       const install_options& options) {
  auto snapshot = snapshot_reader::open(snapshot_path);
  if (!snapshot)
    return snapshot.error();
  const auto& header = (*snapshot)->header();
  if (header.group() != options.group)
    return error{code::refused, snapshot_path + ": is of group " + std::to_string(header.group()) +
                                    ", wanted is group " + std::to_string(options.group)};
  if (auto sound = (*snapshot)->verify(); !sound)
    return sound.error();
  if (auto retired = retire(item_path, header.index(), options); !retired)
    return retired.error();
  const std::string aside = item_path + std::string(temporary_suffix);
  const auto row = position_of(header, options);
  auto built = build(**snapshot, row, aside, options);
  if (built)
    built = rename_durably(aside, item_path);
  if (!built) {
    (void)remove_file(aside);
    return built.error();
  }
  return row.position;
}

result<void> remove_leftovers(const std::string& directory) {
  auto names = list_directory(directory);
  if (!names)
    return names.error();
  for (const auto& name : *names) {
    std::string_view stem = name;
    if (stem.ends_with("-wal"))
      stem.remove_suffix(4);
    if (stem.ends_with(temporary_suffix))
      if (auto gone = remove_file(directory + "/" + name); !gone)
        return gone;
  }
  return {};
}

} // namespace troupe::storage
