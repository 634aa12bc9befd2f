// The index entries of an item file: small records beside the items that lead to them in another order. What
// entries an item has is told by entry_rules (item_store.h); this keeps the table to them, in the
// transactions that change the items. Nobody but storage includes this.
//
// An entry names the row of its item, so one that shows all of it costs its key and is left alone when the
// rest of the item changes. docs/formats.md, "Item file"; docs/decisions/008-local-secondary-indexes.md.
//
// Threads: one owner, that of the connection. Blocking.
#pragma once
#include "storage/item_store.h"
#include "storage/sqlite.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

class item_entries {
public:
  // Makes the tables where there are none. Entries that were made by other rules, or not at all, are made
  // anew from the items, which are all read for that; without a transaction of the caller's. The connection
  // must outlive it.
  static result<std::unique_ptr<item_entries>> open(sqlite::connection& db, const entry_rules& rules);

  // Within the caller's transaction: `after` took the place of `before` under the key, in row `id` of the
  // items; nothing stands for no item.
  result<void> replace(std::string_view key, std::int64_t id, std::optional<std::string_view> before,
                       std::optional<std::string_view> after);
  // The item in that row is gone, or another one now, and what it was cannot be read any more: reads all
  // entries.
  result<void> forget(std::int64_t id);
  // The last step of a transaction, and then how it ended.
  result<void> write_figures();
  void committed() { kept_ = figures_; }
  void rolled_back() {
    figures_ = kept_;
    recount_.reset(); // it has counted what did not come to pass
  }

  // As item_store::scan_entries.
  result<item_page> scan(std::uint32_t index, std::string_view from, std::string_view to, bool backward,
                         bool whole, std::size_t max_items, std::size_t max_bytes);

  // One slice of reading all entries: that each is sound and one that its item has. Goes on behind `cursor`;
  // true when it has come to the end.
  result<bool> audit(std::string& cursor, std::size_t max_bytes, audit_slice& slice, audit_slice& found);
  // That the record has the entries it should have, sound ones. Adds them to `seen`.
  struct seen_entries {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;            // read
    std::vector<entry_figures> figures; // of the record alone, by index: what it should have
  };
  result<void> check(std::string_view key, std::string_view value, seen_entries& seen);
  result<void> check_count(std::uint64_t seen); // that there are no others

  // Counts anew, while transactions go on, what the entries of all items add up to. The rows come in the
  // order of their numbers, each with what check() has seen in it alone; null: it is damaged.
  void begin_recount();
  void recount(std::int64_t id, const seen_entries* seen);
  // After the last row, within a transaction: takes what was counted for the figures. False when they were
  // others. True, too, when nothing can be said this time: after a transaction that failed, or an item that
  // cannot be read.
  bool settle_recount();

  const std::vector<entry_figures>& figures() const { return kept_; }

private:
  item_entries(sqlite::connection& db, const entry_rules& rules);
  result<void> prepare();
  result<bool> read_state(); // false: nothing, or of other rules
  result<void> make_anew();
  std::uint64_t size_of(const item_entry& entry, std::string_view item) const;
  // Where what the items in a row have of an index changes.
  void count(std::int64_t id, std::uint32_t index, std::uint64_t items, std::uint64_t bytes);
  result<void> put(std::int64_t id, const item_entry& entry, std::string_view item);
  result<void> drop(std::int64_t id, const item_entry& entry, std::string_view item);
  result<std::vector<item_entry>> entries_of(std::string_view key, std::string_view value) const;
  // The item in the row, verified, appended to the page with the entry's key.
  result<void> add_item(std::int64_t id, std::string_view entry_key, item_page& page);
  result<void> verify(std::string_view key, std::int64_t id, std::uint64_t check,
                      std::string_view value) const;
  struct error damaged(std::string_view key, const char* what) const;

  sqlite::connection& db_;
  entry_rules rules_;
  sqlite::statement put_, drop_, get_, up_, down_, after_, item_, row_, state_, of_row_;
  std::vector<entry_figures> figures_; // with the open transaction
  std::vector<entry_figures> kept_;    // without
  struct recounting {
    std::vector<entry_figures> figures; // of the rows up to `to`, as they are by now
    std::int64_t to;
  };
  std::optional<recounting> recount_;
};

} // namespace troupe::storage
