// Where a group's objects lie in the archive, and what a segment of its log is called
// (docs/formats-archive.md). The last index stands first: a listing from an index on begins with the segment
// that holds the next entry, however long the log before it is.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::archive {

// The entries of an object. Of the same entries there may be several: copy 0, and others where that was found
// damaged.
struct extent {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint32_t copy = 0;
  bool operator==(const extent&) const = default;
};

inline constexpr std::uint32_t copies_max = 9;

// Where everything of a group lies: "CLUSTER/TABLE/GROUP/", ids in 16 hexadecimal digits, the group in 20
// decimal ones. Ends with '/'. Table 0 is the metadata group's.
struct place {
  std::uint64_t cluster = 0;
  std::uint64_t table = 0;
  std::uint64_t group = 0;
  bool operator==(const place&) const = default;
};
std::string folder_of(const place& what);
// Of an object's name: whose it is, whatever the object is.
std::optional<place> read_place(std::string_view name);

// `folder` is the group's, and ends with '/'.
std::string segment_name(const std::string& folder, const extent& what);
std::optional<extent> read_segment_name(std::string_view folder, std::string_view name);
// What the names of all segments begin with, and nothing else in the folder: an index takes all 20 digits
// only after ten million million million entries, which is never.
std::string segments_prefix(const std::string& folder);
// Names of segments that hold anything behind `index` come after it.
std::string names_behind(const std::string& folder, std::uint64_t index);

// A snapshot of the group's items: its last entry, and a random number, since two members may make one of the
// same index and their bytes may differ.
struct snapshot_id {
  std::uint64_t index = 0;
  std::uint64_t id = 0;
  auto operator<=>(const snapshot_id&) const = default; // the older one is less
};
std::string snapshots_folder(const std::string& folder);                       // of the manifests
std::string snapshot_name(const std::string& folder, const snapshot_id& what); // of the manifest
std::optional<snapshot_id> read_snapshot_name(std::string_view folder, std::string_view name);
std::string snapshot_part_name(const std::string& folder, const snapshot_id& what, std::size_t part);
// Whether it is a part of some snapshot, and of which.
std::optional<snapshot_id> read_snapshot_part_name(std::string_view folder, std::string_view name);

} // namespace troupe::archive
