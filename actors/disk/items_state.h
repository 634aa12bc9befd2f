// What an items worker knows and does. items_actor.cc is its door, items_snapshots.cc what it does for
// transfers of whole files. Nobody else includes this.
#pragma once
#include "actors/disk/item_files.h"
#include "actors/disk/items_actor.h"

namespace troupe::disk {

inline constexpr std::int64_t housekeeping_us = 100'000; // while there is something to do

struct items_state {
  static inline const char* name = "items";

  wire::scrubbed_items_actor::stateful_pointer<items_state> self = nullptr;
  items_options options;
  std::unique_ptr<item_files> files;
  std::int64_t house_us = 0; // when the house is kept next; 0: not before there is something to do
  bool cutting = false;
  prometheus::Histogram* mailbox = nullptr;

  bool settle(item_file& file);
  void open(const wire::open_items& what);
  void apply(wire::apply_items& what);
  void read(const wire::read_items& what);
  void scan(const wire::scan_items& what);
  wire::snapshot_part part_of(const wire::read_snapshot& what, bool for_member);
  void store_snapshot(const wire::store_snapshot& what);
  void remove_snapshot(const wire::remove_snapshot& what);
  void drop(const wire::drop_items& what);
  wire::items_audited audit(const wire::audit_items& what);
  msg::ScrubReply read_mark(const wire::read_mark& what);
  void keep_house();
  void keep_cutting();

private:
  wire::items_opened describe(storage::item_store& store);
  // `job`: of the apply_items that this answers; 0: nobody asked.
  void tell_progress(item_file& file, wire::disk_result result = {}, std::uint64_t job = 0);
  wire::disk_result failed(const storage::error& why);
  void cut(item_file& file, outgoing_snapshot& out);
  std::int64_t cut_some();
  bool work_on_some(); // false: there was nothing
  void tell_stored(std::uint64_t group, std::uint64_t transfer, const wire::replica_actor& who,
                   const storage::result<item_files::stored>& stored);
  std::int64_t must_wait_us(std::uint64_t bytes) const;
  void schedule_slices(std::int64_t in_us = 0);
  void schedule_housekeeping(std::int64_t in_us = housekeeping_us);
};

} // namespace troupe::disk
