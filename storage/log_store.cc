#include "storage/log_store.h"
#include "config/limits.h"
#include "messages/entry_link.h"
#include "storage/log_state.h"
#include <algorithm>

namespace troupe::storage {

namespace {

// Dead runs deleted along with an append, which pays for no sync of its own; and by one call of maintain().
constexpr std::uint64_t sweep_bytes_in_append = 1u << 20;
constexpr std::uint64_t sweep_bytes_in_maintain = 4u << 20;
constexpr std::uint64_t sweep_runs_in_maintain = 512;
// So much may lie scattered among live runs, or as much as these take up, before it is swept nevertheless.
constexpr std::uint64_t scattered_bytes_idle = 32u << 20;

std::string text_of(std::uint64_t group) {
  return "group " + std::to_string(group);
}

} // namespace

// The rows are written first and memory follows when they have committed, so that a failed transaction leaves
// nothing to be undone. This is what a batch has done to one group so far.
struct log_store::state::change {
  std::uint64_t group = 0;
  log_format::group_row row; // as it will be, like the rest
  std::uint64_t mark = 0;
  std::uint64_t last = 0;
  bool cleared = false;                  // the index as it stands in memory counts no more
  std::vector<log_index::extent> runs;   // written, in this order
  std::vector<log_index::extent> dead;   // written, and dead by a reset behind them
  std::vector<const log_write*> sources; // since the last reset

  std::shared_ptr<const msg::Entry> find(std::uint64_t index) const {
    for (auto w = sources.rbegin(); w != sources.rend(); ++w)
      if (const auto& e = (*w)->entries;
          !e.empty() && index >= e.front()->index() && index <= e.back()->index())
        return e[index - e.front()->index()];
    return nullptr;
  }
};

log_store::state::change_set::change_set() = default;
log_store::state::change_set::~change_set() = default;

result<void> log_store::state::store_group(std::uint64_t group, const log_format::group_row& row) {
  std::string bytes = log_format::encode(group, row);
  return put_group.bind(1, static_cast<std::int64_t>(group)).bind(2, bytes).run();
}

result<void> log_store::state::store_mark(std::uint64_t group, std::uint64_t mark) {
  return put_mark.bind(1, static_cast<std::int64_t>(group))
      .bind(2, static_cast<std::int64_t>(mark))
      .bind(3, static_cast<std::int64_t>(log_format::check_of_mark(group, mark)))
      .run();
}

// The change of the group that `w` is about: a new one, or that of an earlier write in the same batch.
result<log_store::state::change*> log_store::state::change_for(const log_write& w, change_set& changes) {
  auto [at, fresh] = changes.by_group.try_emplace(w.group, changes.list.size());
  auto here = groups.find(w.group);
  bool known = !fresh || here != groups.end();
  if (w.create == known)
    return error{w.create ? code::refused : code::missing,
                 path + ": " + text_of(w.group) + (w.create ? " is here already" : " is not here")};
  if (!fresh)
    return &changes.list[at->second];
  change& c = changes.list.emplace_back();
  c.group = w.group;
  if (w.create) {
    c.row.first_run = next_run;
  } else {
    c.row = here->second.row;
    c.mark = here->second.mark;
    c.last = here->second.last();
  }
  return &c;
}

result<void> log_store::state::write_run(change& c, const log_write& w, std::size_t begin, std::size_t end) {
  log_format::run_head head{next_run++, w.group, w.entries[begin]->index(), end - begin};
  c.runs.push_back({head.first, head.first + head.count - 1, head.id, head.first, body.size(), true});
  counted.appended_entries += head.count;
  counted.appended_bytes += body.size();
  return put_run.bind(1, static_cast<std::int64_t>(head.id))
      .bind(2, static_cast<std::int64_t>(head.group))
      .bind(3, static_cast<std::int64_t>(head.first))
      .bind(4, static_cast<std::int64_t>(head.count))
      .bind(5, static_cast<std::int64_t>(log_format::check_of(head, body.size())))
      .bind(6, std::string_view(body))
      .run();
}

result<void> log_store::state::write_entries(change& c, const log_write& w) {
  const auto& entries = w.entries;
  require(entries.front()->index() > c.row.base.index, "log append: an entry at or below the base");
  require(entries.front()->index() <= c.last + 1, "log append: a hole before the first entry");
  std::size_t begin = 0;
  while (begin < entries.size()) {
    body.clear();
    std::size_t end = begin;
    while (end < entries.size() && (end == begin || body.size() < log_format::run_bytes)) {
      const msg::Entry& entry = *entries[end];
      require(entry.index() == entries.front()->index() + end, "log append: entries are not consecutive");
      require(entry.link() == entry_link(w.group, entry, entry.previous_link()), "log append: a wrong link");
      log_format::append_entry(body, w.group, entry);
      ++end;
    }
    if (auto done = write_run(c, w, begin, end); !done)
      return done;
    begin = end;
  }
  c.last = std::max(c.last, entries.back()->index());
  c.mark = std::max(c.mark, c.last);
  return {};
}

// Moves the base of `c` up to an entry that is there: its link and ballot are kept.
result<void> log_store::state::move_base(change& c, std::uint64_t up_to) {
  if (up_to > c.last)
    return error{code::refused, path + ": " + text_of(c.group) + " cannot be truncated up to " +
                                    std::to_string(up_to) + ", its last entry is " + std::to_string(c.last)};
  if (auto written = c.find(up_to)) {
    c.row.base = {up_to, written->link(), written->ballot()};
    return {};
  }
  auto kept = read_one(c.group, up_to);
  if (!kept)
    return kept.error();
  if (!*kept)
    return error{code::corrupt, path + ": " + text_of(c.group) + ": entry " + std::to_string(up_to) +
                                    " is unreadable: nothing can be truncated up to it"};
  c.row.base = {up_to, (*kept)->link(), (*kept)->ballot()};
  return {};
}

result<void> log_store::state::write(const log_write& w, change_set& changes) {
  auto staged = change_for(w, changes);
  if (!staged)
    return staged.error();
  change& c = **staged;
  const std::uint64_t mark_before = c.mark;
  bool row_changed = w.create;
  bool mark_changed = w.create;
  if (w.reset) {
    c.row.base = *w.reset;
    c.row.first_run = next_run;
    c.mark = c.last = w.reset->index;
    c.cleared = row_changed = mark_changed = true;
    c.dead.insert(c.dead.end(), c.runs.begin(), c.runs.end());
    c.runs.clear();
    c.sources.clear();
  }
  c.sources.push_back(&w);
  if (w.hard_state) {
    c.row.hard_state = w.hard_state->SerializeAsString();
    row_changed = true;
  }
  if (!w.entries.empty()) {
    if (auto done = write_entries(c, w); !done)
      return done;
    mark_changed |= c.mark != mark_before;
  }
  if (w.truncate_up_to && *w.truncate_up_to > c.row.base.index) {
    auto moved = move_base(c, *w.truncate_up_to);
    if (!moved && moved.error().code != code::corrupt)
      return moved;
    row_changed |= moved.ok();
  }
  if (row_changed)
    if (auto done = store_group(w.group, c.row); !done)
      return done;
  return mark_changed ? store_mark(w.group, c.mark) : result<void>{};
}

// Every transaction ends here.
result<void> log_store::state::committed(result<void> outcome) {
  if (outcome)
    outcome = db->commit();
  else
    db->rollback();
  if (outcome)
    ++counted.syncs;
  return outcome;
}

// Deletes a stretch of dead runs within a transaction; once that has committed, it may be forgotten.
result<void> log_store::state::sweep(const log_garbage::stretch& dead) {
  auto done = drop_runs.bind(1, static_cast<std::int64_t>(dead.first))
                  .bind(2, static_cast<std::int64_t>(dead.last))
                  .run();
  if (!done && done.error().code == code::corrupt)
    undeletable = dead;
  return done;
}

// A dead run whose pages are damaged cannot be deleted, which must not keep anybody from appending: it stays
// where it is, and its neighbours are deleted one by one. True when that was what failed.
bool log_store::state::skip_undeletable() {
  if (!undeletable)
    return false;
  if (undeletable->runs() > 1) {
    sweep_singly_to = std::max(sweep_singly_to, undeletable->last);
  } else {
    garbage.remove(*undeletable);
    ++damaged_runs;
  }
  undeletable.reset();
  return true;
}

std::optional<log_garbage::stretch> log_store::state::next_sweep(std::uint64_t bytes_max, bool any) const {
  auto next = garbage.next(bytes_max, any);
  return next && next->first <= sweep_singly_to ? garbage.next(1, any) : next;
}

// Scattered runs cost a page each: they are swept when they take up more room than what they lie among.
bool log_store::state::scattered_too_much() const {
  if (garbage.bytes() <= scattered_bytes_idle)
    return false;
  std::uint64_t live = 0;
  for (const auto& [id, group] : groups)
    live += group.index.bytes();
  return garbage.bytes() > live;
}

// What has committed becomes what memory says.
void log_store::state::adopt(change_set& changes) {
  for (auto& c : changes.list) {
    log_index::dead_runs dead = std::move(c.dead);
    log_group& group = groups[c.group];
    group.row = std::move(c.row);
    group.mark = c.mark;
    if (c.cleared)
      group.index.clear(dead);
    for (const auto& run : c.runs)
      group.index.add(run.run, run.first, run.last, run.bytes, dead);
    group.index.truncate(group.row.base.index, dead);
    garbage.add(dead);
  }
}

result<void> log_store::state::try_append(const std::vector<log_write>& batch, bool sweeping) {
  if (auto begun = db->begin(); !begun)
    return begun;
  change_set changes;
  changes.list.reserve(batch.size());
  const std::uint64_t first_new_run = next_run;
  const log_stats counted_before = counted;
  result<void> outcome;
  for (const auto& w : batch)
    if (outcome = write(w, changes); !outcome)
      break;
  auto swept = sweeping ? next_sweep(sweep_bytes_in_append, false) : std::nullopt;
  if (outcome && swept)
    outcome = sweep(*swept);
  outcome = committed(std::move(outcome));
  if (!outcome) {
    next_run = first_new_run;
    counted = counted_before;
    return outcome;
  }
  if (swept)
    garbage.remove(*swept);
  adopt(changes);
  return {};
}

result<void> log_store::append(const std::vector<log_write>& batch) {
  auto& s = *state_;
  if (batch.empty())
    return {};
  if (s.db->wal_bytes() >= s.options.wal_bytes_max)
    // Without room for that there may still be some in the WAL; the append finds out.
    if (auto done = checkpoint(); !done && done.error().code != code::full)
      return done;
  auto outcome = s.try_append(batch, true);
  if (!outcome && s.skip_undeletable())
    outcome = s.try_append(batch, false);
  return outcome;
}

result<void> log_store::truncate(std::uint64_t group, std::uint64_t up_to) {
  log_write w;
  w.group = group;
  w.truncate_up_to = up_to;
  if (auto here = state_->groups.find(group);
      here != state_->groups.end() && here->second.row.base.index >= up_to)
    return {};
  if (auto done = append({w}); !done)
    return done;
  if (state_->groups.at(group).row.base.index < up_to)
    return error{code::corrupt, state_->path + ": " + text_of(group) + ": entry " + std::to_string(up_to) +
                                    " is unreadable: nothing can be truncated up to it"};
  return {};
}

result<void> log_store::remove_group(std::uint64_t group) {
  auto& s = *state_;
  auto here = s.groups.find(group);
  if (here == s.groups.end())
    return {};
  if (auto begun = s.db->begin(); !begun)
    return begun;
  auto outcome = s.drop_group.bind(1, static_cast<std::int64_t>(group)).run();
  if (outcome)
    outcome = s.drop_mark.bind(1, static_cast<std::int64_t>(group)).run();
  outcome = s.committed(std::move(outcome));
  if (!outcome)
    return outcome;
  log_index::dead_runs dead;
  here->second.index.clear(dead);
  s.garbage.add(dead);
  s.groups.erase(here);
  return {};
}

bool log_store::holds(std::uint64_t group) const {
  return state_->groups.contains(group);
}

std::vector<std::uint64_t> log_store::list_groups() const {
  std::vector<std::uint64_t> ids;
  ids.reserve(state_->groups.size());
  for (const auto& [id, group] : state_->groups)
    ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::uint64_t log_store::last_index(std::uint64_t group) const {
  auto here = state_->groups.find(group);
  return here == state_->groups.end() ? 0 : here->second.last();
}

std::uint64_t log_store::entry_bytes(std::uint64_t group) const {
  auto here = state_->groups.find(group);
  return here == state_->groups.end() ? 0 : here->second.index.bytes();
}

bool log_store::maintenance_due() const {
  const auto& s = *state_;
  return s.db->wal_bytes() >= s.options.checkpoint_bytes || s.garbage.long_enough() || s.scattered_too_much();
}

result<bool> log_store::maintain() {
  auto& s = *state_;
  if (s.db->wal_bytes() >= s.options.checkpoint_bytes) {
    if (auto done = checkpoint(); !done)
      return done.error();
    return maintenance_due();
  }
  if (s.garbage.empty())
    return false;
  if (auto begun = s.db->begin(); !begun)
    return begun.error();
  // What is scattered goes many at a time: each stretch costs a page or two, and all of them one sync.
  result<void> outcome;
  std::vector<log_garbage::stretch> gone;
  for (std::uint64_t bytes = 0, runs = 0;
       outcome && bytes < sweep_bytes_in_maintain && runs < sweep_runs_in_maintain;) {
    auto dead = s.next_sweep(sweep_bytes_in_maintain - bytes, true);
    if (!dead)
      break;
    if (outcome = s.sweep(*dead); !outcome)
      break;
    s.garbage.remove(*dead);
    gone.push_back(*dead);
    bytes += dead->bytes;
    runs += dead->runs();
  }
  outcome = s.committed(std::move(outcome));
  if (outcome)
    return maintenance_due();
  for (const auto& back : gone)
    s.garbage.add(back);
  if (!s.skip_undeletable())
    return outcome.error();
  return maintenance_due();
}

result<void> log_store::checkpoint() {
  auto& s = *state_;
  auto done = s.db->checkpoint(false);
  if (done)
    ++s.counted.checkpoints;
  return done;
}

log_stats log_store::stats() const {
  const auto& s = *state_;
  log_stats out = s.counted;
  out.file_bytes = s.db->file_bytes();
  out.wal_bytes = s.db->wal_bytes();
  out.groups = s.groups.size();
  out.garbage_runs = s.garbage.runs();
  out.garbage_bytes = s.garbage.bytes();
  out.damaged_runs = s.damaged_runs;
  for (const auto& [id, group] : s.groups) {
    out.entries += group.index.entries();
    out.entry_bytes += group.index.bytes();
    out.runs += group.index.extents().size();
  }
  return out;
}

} // namespace troupe::storage
