// A piece of one group's log as an object of the archive: who and what it is, and all entries from one index
// to another, compressed. docs/formats-archive.md.
//
// Ballots are left out. A value that is proposed again under another ballot keeps its link, so the same
// entries make the same bytes whichever member archives them.
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

inline constexpr std::uint64_t segment_content_max = 256u << 20; // of the entries, uncompressed
inline constexpr std::uint64_t segment_bytes_max = segment_content_max + (1u << 20);
inline constexpr std::size_t segment_manifest_max = 64u << 10;

struct segment {
  msg::SegmentManifest manifest;
  std::vector<msg::Entry> entries; // with previous link and link, without ballots
};

// The bytes that `entry` adds to a segment's content.
std::uint64_t segment_content_bytes(const msg::Entry& entry);

// Makes a segment of entries that are `manifest.group`'s, ascending without holes, and chained: else
// `corrupt`, and nothing should be archived of a log that is not. `about` gives cluster, table, group and
// range; the rest of the manifest is filled in. There is one entry at least, and no more than
// segment_content_max of them.
result<std::string> write_segment(const msg::SegmentManifest& about, const std::vector<msg::Entry>& entries);

// What a segment's beginning says of it, or `corrupt`; segment_manifest_max and 20 bytes are always enough.
// What stands behind is not looked at.
result<msg::SegmentManifest> read_manifest(std::string_view bytes, const std::string& where);

// All of it, or `corrupt` with what is wrong: every byte is covered by a checksum, and every entry's link is
// computed again. `refused`: a version that this program does not know. `where` is for people.
result<segment> read_segment(std::string_view bytes, const std::string& where);

} // namespace troupe::storage
