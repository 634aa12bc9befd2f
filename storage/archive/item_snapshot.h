// A group's items at one log index in the archive: a snapshot file (storage/snapshot.h) in parts that are
// objects of their own, and a manifest that names them and is put last. What has no manifest is no snapshot.
// docs/formats-archive.md.
//
// Threads: values.
#pragma once
#include "messages/archive.pb.h"
#include "messages/replication.pb.h"
#include "storage/result.h"
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

inline constexpr std::size_t snapshot_part_bytes = 8u << 20; // the last one may be shorter
inline constexpr std::size_t snapshot_parts_max = 1u << 20;
inline constexpr std::size_t snapshot_manifest_max = 64u
                                                     << 20; // it holds what the group remembers of requests

struct archived_snapshot {
  struct part {
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0; // XXH3-64
  };
  msg::SegmentManifest about; // cluster, table, group and range; nothing of entries
  msg::SnapshotHeader header; // as in the file
  std::vector<part> parts;
};

std::string write_snapshot_manifest(const archived_snapshot& what);
// `corrupt` with what is wrong, or `refused`: a version that this program does not know.
result<archived_snapshot> read_snapshot_manifest(std::string_view bytes, const std::string& where);

} // namespace troupe::storage
