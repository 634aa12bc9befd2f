// Reading the log back: every byte is checked before it is believed.
#include "messages/entry_link.h"
#include "storage/log_state.h"
#include <algorithm>

namespace troupe::storage {

template <class Each>
result<void> log_store::state::decode(std::uint64_t group, const log_index::extent& extent,
                                      std::uint64_t from, Each each) {
  from = std::max(from, extent.first);
  auto row = get_body.bind(1, static_cast<std::int64_t>(extent.run)).step();
  if (!row && row.error().code != code::corrupt)
    return row.error();
  if (!row || !*row) { // SQLite cannot read it, or it vanished while we were open: so are all its entries
    for (std::uint64_t index = from; index <= extent.last; ++index)
      if (!each(index, nullptr))
        break;
    return {};
  }
  log_format::run_decoder run(group, extent.run_first, get_body.column_bytes(0));
  bool hopeless = false;
  while (!hopeless && run.index() < from)
    hopeless = run.next(nullptr) == log_format::run_decoder::outcome::hopeless;
  for (std::uint64_t index = from; index <= extent.last; ++index) {
    msg::Entry entry;
    auto outcome = log_format::run_decoder::outcome::hopeless;
    if (!hopeless) {
      outcome = run.next(&entry);
      hopeless = outcome == log_format::run_decoder::outcome::hopeless;
    }
    if (!each(index, outcome == log_format::run_decoder::outcome::good ? &entry : nullptr))
      break;
  }
  get_body.reset();
  return {};
}

result<std::optional<msg::Entry>> log_store::state::read_one(std::uint64_t group, std::uint64_t index) {
  std::optional<msg::Entry> found;
  const log_index& held = groups.at(group).index;
  auto at = held.at_or_after(index);
  if (at == held.extents().end() || at->first > index)
    return found;
  auto done = decode(group, *at, index, [&](std::uint64_t, msg::Entry* entry) {
    if (entry)
      found = std::move(*entry);
    return false;
  });
  if (!done)
    return done.error();
  return found;
}

result<std::vector<msg::Entry>> log_store::read(std::uint64_t group, std::uint64_t from, std::uint64_t to,
                                                std::size_t max_bytes) {
  auto& s = *state_;
  auto here = s.groups.find(group);
  if (here == s.groups.end())
    return error{code::missing, s.path + ": group " + std::to_string(group) + " is not here"};
  const log_group& g = here->second;
  if (from <= g.row.base.index)
    return error{code::missing, s.path + ": group " + std::to_string(group) + ": entry " +
                                    std::to_string(from) + " is gone, the log begins after " +
                                    std::to_string(g.row.base.index)};
  std::vector<msg::Entry> entries;
  to = std::min(to, g.last());
  std::size_t bytes = 0;
  std::uint64_t next = from;
  bool full = false;
  bool damaged = false;
  for (auto at = g.index.at_or_after(from); next <= to && !full && !damaged; ++at) {
    if (at == g.index.extents().end() || at->first > next) {
      damaged = true;
      break;
    }
    auto done = s.decode(group, *at, next, [&](std::uint64_t index, msg::Entry* entry) {
      damaged = entry == nullptr;
      if (damaged || index > to)
        return false;
      full = !entries.empty() && bytes + entry->payload().size() > max_bytes;
      if (full)
        return false;
      bytes += entry->payload().size();
      entries.push_back(std::move(*entry));
      next = index + 1;
      return next <= to;
    });
    if (!done)
      return done.error();
  }
  if (damaged && entries.empty())
    return error{code::corrupt, s.path + ": group " + std::to_string(group) + ": entry " +
                                    std::to_string(next) + " is unreadable"};
  return entries;
}

// What was promised and how far the log went is known here as it was written, and as it must be found when
// the file is opened the next time. A row that was damaged when it was opened says so as long as it is;
// nobody here knows better.
result<bool> log_store::state::put_rows_back(std::uint64_t id, const log_group& group) {
  if (!group.readable || !group.mark_readable)
    return false;
  auto row = db->prepare("SELECT body FROM groups WHERE group_id=?");
  if (!row)
    return row.error();
  auto found = row->bind(1, static_cast<std::int64_t>(id)).step();
  if (!found)
    return found.error();
  const bool row_sound = *found && row->column_bytes(0) == log_format::encode(id, group.row);
  row->reset();
  auto mark = db->prepare("SELECT mark, check_sum FROM marks WHERE group_id=?");
  if (!mark)
    return mark.error();
  found = mark->bind(1, static_cast<std::int64_t>(id)).step();
  if (!found)
    return found.error();
  const bool mark_sound =
      *found && static_cast<std::uint64_t>(mark->column_int(0)) == group.mark &&
      static_cast<std::uint64_t>(mark->column_int(1)) == log_format::check_of_mark(id, group.mark);
  mark->reset();
  if (row_sound && mark_sound)
    return false;
  if (auto begun = db->begin(); !begun)
    return begun.error();
  auto outcome = store_group(id, group.row);
  if (outcome)
    outcome = store_mark(id, group.mark);
  if (auto done = committed(std::move(outcome)); !done)
    return done.error();
  return true;
}

result<log_slice> log_store::check(std::uint64_t group, std::uint64_t from, std::size_t max_bytes) {
  auto& s = *state_;
  auto here = s.groups.find(group);
  if (here == s.groups.end())
    return error{code::missing, s.path + ": group " + std::to_string(group) + " is not here"};
  const log_group& g = here->second;
  log_slice slice;
  if (from == 0) {
    auto put_back = s.put_rows_back(group, g);
    if (!put_back)
      return put_back.error();
    slice.rows_put_back = *put_back;
  }
  std::uint64_t next = std::max(from, g.row.base.index + 1);
  for (auto at = g.index.at_or_after(next); at != g.index.extents().end(); ++at) {
    if (slice.bytes >= max_bytes) {
      slice.next = next;
      return slice;
    }
    for (; next < at->first; ++next) // in no run
      slice.damaged.push_back(next);
    auto done = s.decode(group, *at, next, [&](std::uint64_t index, msg::Entry* entry) {
      slice.entries += 1;
      slice.bytes += log_format::entry_head_bytes + (entry ? entry->payload().size() : 0);
      if (!entry)
        slice.damaged.push_back(index);
      return true;
    });
    if (!done)
      return done.error();
    next = at->last + 1;
  }
  return slice;
}

result<void> log_store::forget_cached() {
  return state_->db->execute("PRAGMA shrink_memory");
}

result<void> log_store::mend(std::uint64_t group,
                             const std::vector<std::shared_ptr<const msg::Entry>>& entries) {
  auto& s = *state_;
  auto here = s.groups.find(group);
  if (here == s.groups.end())
    return error{code::missing, s.path + ": group " + std::to_string(group) + " is not here"};
  const log_group& g = here->second;
  auto refuse = [&](const char* why) {
    return error{code::refused, s.path + ": group " + std::to_string(group) + ": " + why};
  };
  if (entries.empty() || entries.front()->index() <= g.row.base.index || entries.back()->index() > g.last())
    return refuse("the entries to mend with are not of this log");
  std::uint64_t index = entries.front()->index();
  std::uint64_t link = g.row.base.link;
  if (index > g.row.base.index + 1) {
    auto before = s.read_one(group, index - 1);
    if (!before)
      return before.error();
    if (!*before)
      return refuse("the entry before those to mend with is unreadable, too");
    link = (*before)->link();
  }
  for (const auto& entry : entries) {
    if (entry->index() != index || entry->previous_link() != link ||
        entry->link() != entry_link(group, *entry, link))
      return refuse("the entries to mend with do not follow from those that are here");
    auto kept = s.read_one(group, index);
    if (!kept)
      return kept.error();
    if (*kept)
      return refuse("an entry to be mended is not damaged");
    link = entry->link();
    index += 1;
  }
  log_write w;
  w.group = group;
  w.entries = entries;
  return append({w});
}

namespace {

// What is committed does not change any more, so up to there each entry must follow from the one before.
// Where one does not, either may be the wrong one. (Further up, a replaced entry may stand before one that
// has not been replaced yet.)
void doubt_breaks(loaded_log& log) {
  std::vector<bool> doubted(log.entries.size());
  std::uint64_t link = log.base.link;
  std::uint64_t linked = log.base.index;
  for (std::size_t i = 0; i < log.entries.size() && log.entries[i].index() <= log.hard_state.commit(); ++i) {
    const msg::Entry& entry = log.entries[i];
    if (entry.index() == linked + 1 && entry.previous_link() != link) {
      doubted[i] = true;
      if (i > 0)
        doubted[i - 1] = true;
    }
    link = entry.link();
    linked = entry.index();
  }
  std::vector<msg::Entry> sound;
  sound.reserve(log.entries.size());
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    if (doubted[i])
      log.damaged.push_back(log.entries[i].index());
    else
      sound.push_back(std::move(log.entries[i]));
  }
  log.entries = std::move(sound);
}

} // namespace

result<loaded_log> log_store::load(std::uint64_t group) {
  auto& s = *state_;
  auto here = s.groups.find(group);
  if (here == s.groups.end())
    return error{code::missing, s.path + ": group " + std::to_string(group) + " is not here"};
  const log_group& g = here->second;
  loaded_log log;
  auto lose = [&](std::string why) {
    log.verdict = log_verdict::lost;
    log.what += (log.what.empty() ? "" : "; ") + std::move(why);
  };
  log.base = g.row.base;
  log.mark = g.mark;
  if (g.row.lost)
    lose("the write-ahead log had lost transactions that were synced");
  if (!g.readable)
    lose("its hard state is unreadable");
  else if (!log.hard_state.ParseFromString(g.row.hard_state))
    lose("its hard state does not parse");
  if (!g.mark_readable)
    lose("its mark is unreadable");
  std::uint64_t next = g.row.base.index + 1;
  for (const auto& extent : g.index.extents()) {
    if (extent.first > next)
      lose("entries " + std::to_string(next) + " to " + std::to_string(extent.first - 1) + " are gone");
    auto done = s.decode(group, extent, extent.first, [&](std::uint64_t index, msg::Entry* entry) {
      if (entry)
        log.entries.push_back(std::move(*entry));
      else
        log.damaged.push_back(index);
      return true;
    });
    if (!done)
      return done.error();
    next = extent.last + 1;
  }
  if (g.last() < g.mark)
    lose("it ends at " + std::to_string(g.last()) + " but had reached " + std::to_string(g.mark));
  if (g.last() > g.mark && g.mark_readable)
    lose("it ends at " + std::to_string(g.last()) + ", past its mark " + std::to_string(g.mark) +
         ": parts of it are of different times");

  doubt_breaks(log);
  std::sort(log.damaged.begin(), log.damaged.end());
  if (log.verdict == log_verdict::whole && !log.damaged.empty()) {
    log.verdict = log_verdict::damaged;
    log.what = std::to_string(log.damaged.size()) + " entries are unreadable, the first is " +
               std::to_string(log.damaged.front());
  }
  return log;
}

} // namespace troupe::storage
