// Digests of the items by ranges of keys, kept along with them, so that replicas can be compared without
// reading either (docs/decisions/016-scrub.md). The range of keys that a store holds is cut into leaves of
// equal width; a leaf's digest is the sum of its records' checksums, which any order of changes leads to, and
// their number.
//
// They are rows of the item file, written in the transaction that changes the items: only those rows whose
// leaves changed. A file that was written by a version without them has none: they are unknown until a full
// pass (item_audit.cc) has read all items.
//
// Threads: the store's owner.
#pragma once
#include "storage/item_store.h"
#include "storage/sqlite.h"
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

// How the keys in [from, to) are cut into leaves: by their first eight bytes. Keys outside count to the leaf
// at that end.
class leaf_cut {
public:
  leaf_cut(std::string_view from, std::string_view to);
  std::size_t leaf_of(std::string_view key) const;
  std::uint64_t first() const { return first_; }
  std::uint64_t width() const { return width_; } // of a leaf, in heads of keys
  bool operator==(const leaf_cut&) const = default;

  // The smallest key of a leaf; of the one after the last: empty, there is no end.
  std::string begin_of(std::size_t leaf) const;

private:
  std::uint64_t first_;
  std::uint64_t width_;
};

class item_leaves {
public:
  static constexpr std::size_t row_leaves = 32;
  static constexpr std::size_t rows = leaf_count / row_leaves;
  static constexpr const char* schema =
      "CREATE TABLE IF NOT EXISTS digests(id INTEGER PRIMARY KEY, body BLOB NOT NULL)";

  // The table must be there. `whole`: what lies in the rows is of the items as they are.
  static result<std::unique_ptr<item_leaves>> open(sqlite::connection& db, const leaf_cut& cut, bool whole);

  const leaf_cut& cut() const { return cut_; }
  bool known() const { return known_; }
  const leaf_digests& all() const { return leaves_; }

  // Within the caller's transaction. A record with this checksum came, or went. Nothing while unknown.
  void add(std::string_view key, std::uint64_t check);
  void remove(std::string_view key, std::uint64_t check);
  // What a full pass has found. From then on they are known. All rows are written, changed or not.
  void adopt(const leaf_digests& counted);
  // The last step of a transaction, and then how it ended.
  result<void> write();
  void committed();
  void rolled_back();

private:
  item_leaves(sqlite::connection& db, const leaf_cut& cut);
  result<bool> read();
  leaf_digest& change(std::size_t leaf);

  sqlite::connection& db_;
  leaf_cut cut_;
  sqlite::statement put_;
  leaf_digests leaves_;
  struct touched_row {
    std::size_t row;
    std::array<leaf_digest, row_leaves> before; // as committed
  };
  std::vector<touched_row> touched_; // with the open transaction
  std::array<bool, rows> is_touched_{};
  bool known_ = false;
  bool known_before_ = false;
};

} // namespace troupe::storage
