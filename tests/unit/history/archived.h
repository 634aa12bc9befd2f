// What the tests of an archive put into it.
#pragma once
#include "actors/core/archive/names.h"
#include "storage/archive/item_snapshot.h"
#include "storage/archive/object_store.h"
#include "storage/checksum.h"
#include "storage/item_store.h"
#include "storage/snapshot.h"
#include "tests/unit/storage/fixtures.h"

namespace troupe::testing {

// What a segment or a snapshot says of whose it is.
inline msg::SegmentManifest about(const archive::place& whose) {
  msg::SegmentManifest said;
  said.set_cluster("town");
  said.set_cluster_id(whose.cluster);
  said.set_table_id(whose.table);
  said.set_table("people");
  said.set_group(whose.group);
  return said;
}

// A snapshot of these items, in parts of 4 KiB. `file` is where it is made, `number` makes its id.
inline archive::snapshot_id archive_snapshot(storage::object_store& store, const archive::place& whose,
                                             storage::item_store& items, const std::string& file,
                                             std::uint64_t number = 31) {
  auto writer = storage::snapshot_writer::begin(items, file);
  EXPECT_TRUE(writer);
  while (!*(*writer)->step(1 << 20)) {
  }
  storage::archived_snapshot manifest;
  manifest.about = about(whose);
  manifest.header = (*writer)->header();
  archive::snapshot_id id{manifest.header.index(), manifest.header.index() * number};
  auto folder = archive::folder_of(whose);
  auto bytes = read_bytes(file);
  for (std::size_t at = 0; at < bytes.size(); at += 4096) {
    auto part = bytes.substr(at, 4096);
    EXPECT_TRUE(store.put(archive::snapshot_part_name(folder, id, manifest.parts.size()), part));
    manifest.parts.push_back({part.size(), storage::checksum(part)});
  }
  EXPECT_TRUE(store.put(archive::snapshot_name(folder, id), storage::write_snapshot_manifest(manifest)));
  return id;
}

} // namespace troupe::testing
