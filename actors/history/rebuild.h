// The items of a group as they were at some entry of its log, made anew from the archive in a file of their
// own: what a restore takes them from, and what the scrubber compares a live replica with.
//
// It begins with the newest archived snapshot that is not younger than what is wanted, and goes on with the
// log behind it. A damaged snapshot is passed over: the log before it may still be there.
//
// Thread: one owner. Blocking: to begin takes as long as to fetch a snapshot, a step as long as a segment
// takes. Errors: those of log_reader, after which a step may be tried again; `missing` when the archive ends
// before all that is wanted, which may be tried again as well. After an entry that is none, or an error of
// the item file, it is over, and every step says so again.
#pragma once
#include "actors/core/dedup/remembered.h"
#include "actors/history/log_reader.h"
#include "storage/item_store.h"
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace troupe::history {

inline constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();

struct rebuild_order {
  archive::place whose;
  std::uint64_t last = 0;      // entries up to there, or `everything` that is archived, and of them
  std::int64_t time_ms = 0;    // commands up to and including that time, Unix time; 0: all
  bool log_alone = false;      // no snapshot is begun with: a member made it, and may have been wrong by then
  std::string path;            // of the file; what lies there is removed
  storage::item_options items; // what rules it is kept by; group, member and `create` are set here
  // Asked before a snapshot is fetched, and again before it is installed, whether about so many bytes more
  // may be written; what it says against them ends the rebuild. May be empty.
  std::function<storage::result<void>(std::uint64_t bytes)> room;
};

class rebuild {
public:
  // The store outlives it.
  static storage::result<std::unique_ptr<rebuild>> begin(storage::object_store& store, rebuild_order order);
  ~rebuild(); // removes the file
  rebuild(const rebuild&) = delete;
  rebuild& operator=(const rebuild&) = delete;

  // True: everything is there.
  storage::result<bool> step();
  storage::result<void> finish(); // all steps that are left

  storage::item_store& items() { return *items_; }
  const log_position& position() const { return at_; }     // of the last entry that is in the items
  std::uint64_t began_with() const { return began_with_; } // the snapshot's index; 0: there was none
  // True: the archive holds what comes after the time that is wanted, so nothing of that time can be missing.
  bool past_time() const { return past_time_; }
  std::int64_t next_time_ms() const { return next_time_ms_; } // and the time of that command

private:
  explicit rebuild(rebuild_order order) : order_(std::move(order)) {}
  storage::result<log_position> install_newest(storage::object_store& store) const;
  storage::result<void> open_items();
  storage::result<void> room_for(std::uint64_t bytes) const;
  storage::result<bool> take(const std::vector<msg::Entry>& entries);

  rebuild_order order_;
  std::optional<log_reader> reader_; // from begin() on
  log_position at_;
  std::unique_ptr<storage::item_store> items_;
  dedup::remembered requests_; // a member goes on from these items: none of them may take effect again
  std::uint64_t began_with_ = 0;
  bool whole_ = false;
  bool past_time_ = false;
  std::int64_t next_time_ms_ = 0;
  std::optional<storage::error> over_; // entries were read that are not in the items
};

} // namespace troupe::history
