// Opening and closing the log file: making it, recovering it after a crash, and rebuilding from its rows what
// is kept in memory.
#include "storage/log_state.h"
#include "storage/wal_audit.h"
#include <algorithm>

namespace troupe::storage {

namespace {

constexpr const char* schema = R"(
  CREATE TABLE status(id INTEGER PRIMARY KEY, is_open INTEGER NOT NULL);
  CREATE TABLE groups(group_id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE marks(group_id INTEGER PRIMARY KEY, mark INTEGER NOT NULL, check_sum INTEGER NOT NULL);
  CREATE TABLE runs(id INTEGER PRIMARY KEY, group_id INTEGER NOT NULL, first INTEGER NOT NULL,
                    count INTEGER NOT NULL, check_sum INTEGER NOT NULL, body BLOB NOT NULL);
  INSERT INTO status(id, is_open) VALUES(1, 0);
)";

// A file that says it is open has a WAL with something in it: see note_open().
result<bool> says_open(sqlite::connection& db) {
  auto open = db.query_int("SELECT is_open FROM status WHERE id=1");
  if (!open)
    return open.error();
  return *open != 0;
}

} // namespace

result<void> log_store::state::open_file() {
  auto audit = audit_wal(path + "-wal");
  if (!audit)
    return audit.error();
  sqlite::open_options how;
  how.create = true;
  how.sync = sqlite::synchronous::full;
  how.page_bytes = log_format::page_bytes;
  how.cache_bytes = options.cache_bytes;
  how.vfs = options.vfs;
  auto opened = sqlite::connection::open(path, how);
  if (!opened)
    return opened.error();
  db = std::move(*opened);
  if (auto made = db->ensure_schema(log_format::application_id, log_format::version, schema); !made)
    return made.error();
  if (auto done = db->prepare({
          {&put_group, "REPLACE INTO groups(group_id, body) VALUES(?, ?)"},
          {&put_mark, "REPLACE INTO marks(group_id, mark, check_sum) VALUES(?, ?, ?)"},
          {&put_run,
           "INSERT INTO runs(id, group_id, first, count, check_sum, body) VALUES(?, ?, ?, ?, ?, ?)"},
          {&drop_group, "DELETE FROM groups WHERE group_id=?"},
          {&drop_mark, "DELETE FROM marks WHERE group_id=?"},
          {&drop_runs, "DELETE FROM runs WHERE id BETWEEN ? AND ?"},
          {&get_body, "SELECT body FROM runs WHERE id=?"},
      });
      !done)
    return done.error();
  auto was_open = says_open(*db);
  if (!was_open)
    return was_open.error();
  for (auto read : {&state::read_groups, &state::read_marks, &state::read_runs})
    if (auto done = (this->*read)(); !done)
      return done;
  bool wal_was_lost = *was_open && !audit->present;
  return note_open(wal_was_lost || audit->synced_frames_lost);
}

// Leaves the file saying that it is open, with at least one frame in its WAL: whoever finds it saying so
// without a WAL knows that the WAL was lost, and with it what was acknowledged since. So it must not say so
// while the WAL is emptied.
result<void> log_store::state::note_open(bool wal_was_lost) {
  if (wal_was_lost)
    if (auto done = mark_all_lost(); !done)
      return done;
  auto set = [this](const char* sql) -> result<void> {
    if (auto begun = db->begin(); !begun)
      return begun;
    return committed(db->execute(sql));
  };
  auto done = set("UPDATE status SET is_open=0 WHERE id=1");
  if (done)
    done = db->checkpoint(true); // also leaves behind what a torn transaction left in the WAL
  if (done)
    done = set("UPDATE status SET is_open=1 WHERE id=1");
  if (done)
    done = db->checkpoint(false);
  // Without room for this the log is still as good as it was: appends say so themselves.
  if (!done && done.error().code == code::full && !wal_was_lost)
    return {};
  return done;
}

result<void> log_store::state::mark_all_lost() {
  if (auto begun = db->begin(); !begun)
    return begun;
  result<void> outcome;
  for (auto& [id, group] : groups) {
    group.row.lost = true;
    if (group.readable)
      outcome = store_group(id, group.row);
    if (!outcome)
      break;
  }
  return committed(std::move(outcome));
}

result<void> log_store::state::read_groups() {
  auto all = db->prepare("SELECT group_id, body FROM groups");
  if (!all)
    return all.error();
  for (;;) {
    auto row = all->step();
    if (!row)
      return row.error();
    if (!*row)
      return {};
    auto id = static_cast<std::uint64_t>(all->column_int(0));
    auto decoded = log_format::decode(id, all->column_bytes(1));
    log_group& group = groups[id];
    group.readable = decoded.has_value();
    if (decoded)
      group.row = std::move(*decoded);
    group.mark_readable = false; // until its row is seen
    next_run = std::max(next_run, group.row.first_run);
  }
}

result<void> log_store::state::read_marks() {
  auto all = db->prepare("SELECT group_id, mark, check_sum FROM marks");
  if (!all)
    return all.error();
  for (;;) {
    auto row = all->step();
    if (!row)
      return row.error();
    if (!*row)
      return {};
    auto id = static_cast<std::uint64_t>(all->column_int(0));
    auto mark = static_cast<std::uint64_t>(all->column_int(1));
    bool sound = static_cast<std::uint64_t>(all->column_int(2)) == log_format::check_of_mark(id, mark);
    // A mark without its group means that the group's row is gone: it is here, and lost.
    auto [at, fresh] = groups.try_emplace(id);
    if (fresh)
      at->second.readable = false;
    at->second.mark_readable = sound;
    if (sound)
      at->second.mark = mark;
  }
}

result<void> log_store::state::read_runs() {
  auto all = db->prepare("SELECT id, group_id, first, count, check_sum, length(body) FROM runs ORDER BY id");
  if (!all)
    return all.error();
  for (;;) {
    auto row = all->step();
    if (!row)
      return row.error();
    if (!*row)
      break;
    log_format::run_head head;
    head.id = static_cast<std::uint64_t>(all->column_int(0));
    head.group = static_cast<std::uint64_t>(all->column_int(1));
    head.first = static_cast<std::uint64_t>(all->column_int(2));
    head.count = static_cast<std::uint64_t>(all->column_int(3));
    auto bytes = static_cast<std::uint64_t>(all->column_int(5));
    next_run = std::max(next_run, head.id + 1);
    if (static_cast<std::uint64_t>(all->column_int(4)) != log_format::check_of(head, bytes) ||
        head.count == 0) {
      ++damaged_runs;
      continue;
    }
    log_index::extent run{head.first, head.first + head.count - 1, head.id, head.first, bytes, true};
    auto owner = groups.find(head.group);
    if (owner == groups.end() || (owner->second.readable && head.id < owner->second.row.first_run)) {
      garbage.add(run);
      continue;
    }
    log_index::dead_runs dead;
    owner->second.index.add(run.run, run.first, run.last, run.bytes, dead);
    garbage.add(dead);
  }
  for (auto& [id, group] : groups) {
    log_index::dead_runs dead;
    group.index.truncate(group.row.base.index, dead);
    garbage.add(dead);
  }
  return {};
}

// A file that says it is closed needs no WAL: SQLite moves it into the file and deletes it, in this order.
void log_store::state::close() {
  if (!db || !put_group)
    return;
  if (db->begin())
    (void)committed(db->execute("UPDATE status SET is_open=0 WHERE id=1"));
}

result<std::unique_ptr<log_store>> log_store::open(const std::string& path, const log_options& options) {
  auto s = std::make_unique<state>(path, options);
  if (auto done = s->open_file(); !done)
    return done.error();
  return std::unique_ptr<log_store>(new log_store(std::move(s)));
}

log_store::log_store(std::unique_ptr<state> s) : state_(std::move(s)) {}

log_store::~log_store() {
  state_->close();
}

} // namespace troupe::storage
