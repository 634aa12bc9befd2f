#include "actors/history/snapshots.h"
#include "storage/checksum.h"
#include "storage/files.h"
#include "storage/snapshot.h"

namespace troupe::history {

using storage::code;
using storage::error;
using storage::result;

result<std::optional<archive::snapshot_id>>
newest_snapshot(storage::object_store& store, const std::string& folder, std::uint64_t at_most,
                const std::optional<archive::snapshot_id>& before) {
  auto prefix = archive::snapshots_folder(folder);
  std::optional<archive::snapshot_id> newest;
  std::string after;
  for (bool more = true; more;) {
    auto page = store.list(prefix, after, storage::object_page_max);
    if (!page)
      return page.error();
    for (auto& object : page->objects) {
      after = object.name;
      auto found = archive::read_snapshot_name(folder, object.name);
      if (found && found->index <= at_most && (!before || *found < *before) && (!newest || *newest < *found))
        newest = found;
    }
    more = page->more;
  }
  return newest;
}

result<storage::archived_snapshot> read_snapshot_manifest(storage::object_store& store,
                                                          const archive::place& whose,
                                                          const archive::snapshot_id& what) {
  auto name = archive::snapshot_name(archive::folder_of(whose), what);
  auto bytes = store.get(name, storage::snapshot_manifest_max);
  if (!bytes)
    return bytes.error();
  auto found = storage::read_snapshot_manifest(*bytes, store.where(name));
  if (!found)
    return found;
  auto& about = found->about;
  if (about.cluster_id() != whose.cluster || about.table_id() != whose.table ||
      about.group() != whose.group || found->header.group() != whose.group ||
      found->header.index() != what.index)
    return error{code::corrupt, store.where(name) + ": is of something else than its name says"};
  return found;
}

result<std::string> read_snapshot_part(storage::object_store& store, const archive::place& whose,
                                       const archive::snapshot_id& what,
                                       const storage::archived_snapshot& manifest, std::size_t part) {
  auto name = archive::snapshot_part_name(archive::folder_of(whose), what, part);
  auto bytes = store.get(name, storage::snapshot_part_bytes);
  if (!bytes) // the manifest was put after it
    return bytes.error().code == code::missing ? error{code::corrupt, store.where(name) + ": is missing"}
                                               : bytes.error();
  auto& wanted = manifest.parts[part];
  if (bytes->size() != wanted.bytes || storage::checksum(*bytes) != wanted.checksum)
    return error{code::corrupt, store.where(name) + ": is not what its snapshot's manifest says"};
  return bytes;
}

result<storage::archived_snapshot> fetch_snapshot(storage::object_store& store, const archive::place& whose,
                                                  const archive::snapshot_id& what, const std::string& path) {
  auto manifest = read_snapshot_manifest(store, whose, what);
  if (!manifest)
    return manifest;
  auto file = storage::file_writer::create(path);
  if (!file)
    return file.error();
  for (std::size_t i = 0; i < manifest->parts.size(); ++i) {
    auto bytes = read_snapshot_part(store, whose, what, *manifest, i);
    if (!bytes)
      return bytes.error();
    if (auto written = (*file)->write(*bytes); !written)
      return written.error();
  }
  auto reader = storage::snapshot_reader::open((*file)->temporary_path());
  if (!reader)
    return reader.error();
  if (auto sound = (*reader)->verify(); !sound)
    return sound.error();
  auto& header = (*reader)->header();
  if (header.index() != what.index || header.group() != whose.group ||
      header.digest() != manifest->header.digest())
    return error{code::corrupt, path + ": holds another snapshot than its manifest says"};
  if (auto there = (*file)->publish(); !there)
    return there.error();
  return manifest;
}

} // namespace troupe::history
