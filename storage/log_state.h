// What a log_store is inside; shared by the files that open it (log_open.cc), write it (log_store.cc) and
// read it (log_read.cc). Nobody else includes this.
#pragma once
#include "storage/log_format.h"
#include "storage/log_garbage.h"
#include "storage/log_index.h"
#include "storage/log_store.h"
#include "storage/sqlite.h"
#include <unordered_map>

namespace troupe::storage {

// One group, as far as it is kept in memory.
struct log_group {
  log_format::group_row row;
  bool readable = true; // its row was; otherwise `row` is empty and the group is lost
  bool mark_readable = true;
  std::uint64_t mark = 0; // base <= mark; every index of (base, mark] was accepted
  log_index index;

  std::uint64_t last() const { return index.empty() ? row.base.index : index.last(); }
};

struct log_store::state {
  state(std::string p, const log_options& o) : path(std::move(p)), options(o) {}

  std::string path;
  log_options options;
  std::unique_ptr<sqlite::connection> db; // before the statements: destroyed after them
  sqlite::statement put_group, put_mark, put_run, drop_group, drop_mark, drop_runs, get_body;

  std::unordered_map<std::uint64_t, log_group> groups;
  log_garbage garbage;                             // dead runs, to be deleted a few at a time
  std::optional<log_garbage::stretch> undeletable; // the last sweep met a damaged one in it
  std::uint64_t sweep_singly_to = 0; // the id up to which damaged ones are looked for one by one
  std::uint64_t next_run = 1;
  std::uint64_t damaged_runs = 0; // rows whose head cannot be trusted; they are left where they are
  std::string body;               // built here, so that its memory is kept
  log_stats counted;

  // log_open.cc
  result<void> open_file();
  result<void> note_open(bool wal_was_lost);
  result<void> read_groups();
  result<void> read_marks();
  result<void> read_runs();
  result<void> mark_all_lost();
  void close();

  // log_store.cc
  struct change;
  struct change_set {
    std::vector<change> list;
    std::unordered_map<std::uint64_t, std::size_t> by_group; // position in list
    change_set();
    ~change_set();
  };
  result<change*> change_for(const log_write& w, change_set& changes);
  result<void> write(const log_write& w, change_set& changes);
  result<void> write_entries(change& c, const log_write& w);
  result<void> write_run(change& c, const log_write& w, std::size_t begin, std::size_t end);
  result<void> move_base(change& c, std::uint64_t up_to);
  result<void> store_group(std::uint64_t group, const log_format::group_row& row);
  result<void> store_mark(std::uint64_t group, std::uint64_t mark);
  result<void> sweep(const log_garbage::stretch& dead);
  std::optional<log_garbage::stretch> next_sweep(std::uint64_t bytes_max, bool any) const;
  bool scattered_too_much() const;
  bool skip_undeletable();
  result<void> try_append(const std::vector<log_write>& batch, bool sweeping);
  result<void> committed(result<void> outcome);
  void adopt(change_set& changes);

  // log_read.cc
  result<bool> put_rows_back(std::uint64_t id, const log_group& group);
  result<std::optional<msg::Entry>> read_one(std::uint64_t group, std::uint64_t index);
  // Decodes the part of a run that an extent stands for. `each(index, entry or null)` is told of every index
  // in it and returns false to stop.
  template <class Each>
  result<void> decode(std::uint64_t group, const log_index::extent& extent, std::uint64_t from, Each each);
};

} // namespace troupe::storage
