// What the power-cut layer writes down of everything a process does below its data directory, so that a cut
// can take back what no sync has made durable. One file of records, only ever appended to; each is written
// before what it is about is done, so a process that is killed between the two leaves a record of something
// that can be undone anyway.
#pragma once
#include <cstdint>
#include <string>

namespace troupe::power {

enum class deed : std::uint32_t {
  wrote = 1,        // at `offset`, `length` bytes; the file had `size` bytes; payload: what lay there
  resized,          // to `offset` bytes; the file had `size`; payload: what lay behind `offset`
  synced,           // the file: everything up to record `upto`
  creating,         // payload: path, which was not there: a new file, or a second name of one
  renaming,         // payload: from, NUL, to; `inode` is the file, `other` what `to` was (0: nothing)
  removing,         // payload: path
  directory_synced, // payload: path of the directory; everything up to record `upto`
};

struct record_head {
  std::uint32_t magic = 0x54525057;
  deed what{};
  std::uint64_t number = 0; // ascending
  std::uint64_t inode = 0;
  std::uint64_t other = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t size = 0;
  std::uint64_t upto = 0;
  std::uint64_t payload = 0; // bytes that follow
};

// The environment of a process under the layer.
inline constexpr const char* data_variable = "TROUPE_POWER_DATA"; // the directory that is watched, absolute
inline constexpr const char* side_variable =
    "TROUPE_POWER_SIDE"; // for the journal and removed files; same file system
inline constexpr const char* lie_variable =
    "TROUPE_POWER_LIE"; // while this file is there, syncs succeed and do nothing
inline constexpr const char* delay_variable = "TROUPE_POWER_SYNC_US"; // a sync takes up to so long

inline std::string journal_path(const std::string& side) {
  return side + "/journal";
}
// A removed or replaced file is kept under its inode's number: so no inode is used twice between two cuts.
inline std::string kept_path(const std::string& side, std::uint64_t inode) {
  return side + "/kept-" + std::to_string(inode);
}

} // namespace troupe::power
