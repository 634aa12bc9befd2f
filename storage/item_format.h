// The bytes of the item file's rows other than the items themselves: docs/formats.md, "Item file", in code.
#pragma once
#include "storage/item_store.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage::item_format {

inline constexpr std::int64_t application_id = 0x54524954; // "TRIT"
inline constexpr std::int64_t version = 1;

// Items lie in the order in which they were first put, under an index by key:
// docs/decisions/011-item-layout.md.
inline constexpr int page_bytes = 4096;
inline constexpr const char* schema = R"(
  CREATE TABLE items(id INTEGER PRIMARY KEY, k BLOB NOT NULL UNIQUE, check_sum INTEGER NOT NULL,
                     v BLOB NOT NULL);
  CREATE TABLE position(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE requests(first INTEGER PRIMARY KEY, body BLOB NOT NULL);
)";

// Index entries, in files that have any. WITHOUT ROWID: an entry is little more than its key.
inline constexpr const char* entries_schema = R"(
  CREATE TABLE IF NOT EXISTS entries(k BLOB PRIMARY KEY, item INTEGER NOT NULL, check_sum INTEGER NOT NULL,
                                     v BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entry_state(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
)";

// The first row of `position`: whose items these are, where they stand, and how many there are.
struct position_row {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  item_position position;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sizes = 0; // in a row of its own
};
std::string encode(const position_row& row);
std::optional<position_row> decode_position(std::string_view body); // nothing: damaged

// The other row of `position`: the records' sizes, as they are at an index.
struct sizes_row {
  std::uint64_t index = 0;
  std::uint64_t sizes = 0;
};
std::string encode(const sizes_row& row);
std::optional<sizes_row> decode_sizes(std::string_view body); // nothing: damaged

// The third row of `position`: of which index, and of which leaves, the rows of `digests` are.
struct digests_row {
  std::uint64_t index = 0;
  std::uint64_t first = 0; // head of the first leaf's first key
  std::uint64_t width = 0; // of a leaf
  bool known = false;
};
std::string encode(const digests_row& row);
std::optional<digests_row>
decode_digests_row(std::string_view body); // nothing: damaged, or of another layout

// The fourth row of `position`, written when a version that knows it first opens the file: which copy this
// is. A number by chance; every file that is made, or made from a snapshot, gets one of its own.
std::string encode_lineage(std::uint64_t lineage);
std::optional<std::uint64_t> decode_lineage(std::string_view body); // nothing: damaged

// A row of `digests`: neighbouring leaves.
std::string encode_digests(const leaf_digest* first, std::size_t count);
std::optional<leaf_digests> decode_digests(std::string_view body); // nothing: damaged

// The one row of `entry_state`: by which rules the entries were made, and how many there are in each index.
struct entry_state {
  std::string definitions;
  std::vector<entry_figures> figures;
};
std::string encode(const entry_state& state);
std::optional<entry_state>
decode_entry_state(std::string_view body); // nothing: damaged, or of another layout

// A row of `requests`: what one batch made remembered.
std::string encode(const std::vector<msg::AppliedRequest>& requests);
// Appends to `into`; false: damaged.
bool decode_requests(std::string_view body, std::vector<msg::AppliedRequest>& into);

} // namespace troupe::storage::item_format
