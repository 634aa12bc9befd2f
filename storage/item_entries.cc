#include "storage/item_entries.h"
#include "storage/bytes.h"
#include "storage/checksum.h"
#include "storage/item_format.h"
#include "storage/item_state.h"

namespace troupe::storage {

namespace {

// Keys in the table begin with the index's number.
std::string stored_key(std::uint32_t index, std::string_view key) {
  std::string out(1, static_cast<char>(index));
  out += key;
  return out;
}

std::uint64_t entry_checksum(std::string_view key, std::int64_t id, std::string_view value) {
  std::string stamped(key);
  append_u64(stamped, static_cast<std::uint64_t>(id));
  return record_checksum(stamped, value);
}

} // namespace

item_entries::item_entries(sqlite::connection& db, const entry_rules& rules)
    : db_(db), rules_(rules), figures_(rules.indexes), kept_(rules.indexes) {}

result<std::unique_ptr<item_entries>> item_entries::open(sqlite::connection& db, const entry_rules& rules) {
  require(rules.indexes > 0 && rules.indexes < 256, "item entries: a file has 1 to 255 indexes");
  std::unique_ptr<item_entries> made(new item_entries(db, rules));
  if (auto done = db.execute(item_format::entries_schema); !done)
    return done.error();
  if (auto done = made->prepare(); !done)
    return done.error();
  auto known = made->read_state();
  if (!known)
    return known.error();
  if (!*known) {
    if (auto begun = db.begin(); !begun)
      return begun.error();
    auto done = made->make_anew();
    if (done)
      done = db.commit();
    else
      db.rollback();
    if (!done)
      return done.error();
  }
  made->committed();
  return made;
}

result<void> item_entries::prepare() {
  return db_.prepare({
      {&put_, "REPLACE INTO entries(k, item, check_sum, v) VALUES(?, ?, ?, ?)"},
      {&drop_, "DELETE FROM entries WHERE k=?"},
      {&get_, "SELECT item, check_sum, v FROM entries WHERE k=?"},
      {&up_, "SELECT k, item, check_sum, v FROM entries WHERE k>=? AND k<? ORDER BY k"},
      {&down_, "SELECT k, item, check_sum, v FROM entries WHERE k>=? AND k<? ORDER BY k DESC"},
      {&after_, "SELECT k, item, check_sum, v FROM entries WHERE k>? ORDER BY k"},
      {&item_, "SELECT k, check_sum, v FROM items WHERE id=?"},
      {&row_, "SELECT id FROM items WHERE k=?"},
      {&state_, "REPLACE INTO entry_state(id, body) VALUES(1, ?)"},
      {&of_row_, "SELECT k, v FROM entries WHERE item=?"},
  });
}

result<bool> item_entries::read_state() {
  auto get = db_.prepare("SELECT body FROM entry_state WHERE id=1");
  if (!get)
    return get.error();
  auto found = get->step();
  if (!found)
    return found.error();
  if (!*found)
    return false;
  auto state = item_format::decode_entry_state(get->column_bytes(0));
  // Entries whose state is damaged are not worth more than those of other rules.
  if (!state || state->definitions != rules_.definitions || state->figures.size() != rules_.indexes)
    return false;
  figures_ = std::move(state->figures);
  return true;
}

result<void> item_entries::write_figures() {
  if (figures_ == kept_)
    return {};
  const std::string body = item_format::encode(item_format::entry_state{rules_.definitions, figures_});
  return state_.bind(1, body).run();
}

result<void> item_entries::make_anew() {
  if (auto done = db_.execute("DELETE FROM entries; DELETE FROM entry_state"); !done)
    return done;
  figures_.assign(rules_.indexes, {});
  auto all = db_.prepare("SELECT id, k, check_sum, v FROM items");
  if (!all)
    return all.error();
  for (;;) {
    auto found = all->step();
    if (!found)
      return found.error();
    if (!*found)
      break;
    const std::string_view key = all->column_bytes(1);
    const std::string_view value = all->column_bytes(3);
    if (record_checksum(key, value) != static_cast<std::uint64_t>(all->column_int(2)))
      return damaged(key, "the item is damaged, and so its index entries cannot be made");
    if (auto done = replace(key, all->column_int(0), {}, value); !done)
      return done;
  }
  const std::string body = item_format::encode(item_format::entry_state{rules_.definitions, figures_});
  return state_.bind(1, body).run();
}

error item_entries::damaged(std::string_view key, const char* what) const {
  return {code::corrupt, db_.path() + ": key " + printable(key) + ": " + what};
}

result<void> item_entries::verify(std::string_view key, std::int64_t id, std::uint64_t check,
                                  std::string_view value) const {
  if (entry_checksum(key, id, value) == check) [[likely]]
    return {};
  return damaged(key, "the index entry is damaged");
}

// --- writing -----------------------------------------------------------------------------------------------

result<std::vector<item_entry>> item_entries::entries_of(std::string_view key, std::string_view value) const {
  std::vector<item_entry> out;
  if (!rules_.make(key, value, out))
    return damaged(key, "no index entries can be made of the item");
  for (auto& entry : out) {
    require(entry.index >= 1 && entry.index <= rules_.indexes, "item entries: an entry of an unknown index");
    entry.key = stored_key(entry.index, entry.key);
  }
  return out;
}

std::uint64_t item_entries::size_of(const item_entry& entry, std::string_view item) const {
  const std::string_view shown = entry.value.empty() ? item : std::string_view(entry.value);
  return rules_.size_of ? rules_.size_of(entry.key, shown) : shown.size();
}

// Less than nothing comes as what it wraps around to.
void item_entries::count(std::int64_t id, std::uint32_t index, std::uint64_t items, std::uint64_t bytes) {
  auto add = [&](entry_figures& sum) {
    sum.items += items;
    sum.bytes += bytes;
  };
  add(figures_[index - 1]);
  if (recount_ && id <= recount_->to)
    add(recount_->figures[index - 1]);
}

result<void> item_entries::put(std::int64_t id, const item_entry& entry, std::string_view item) {
  count(id, entry.index, 1, size_of(entry, item));
  const auto check = static_cast<std::int64_t>(entry_checksum(entry.key, id, entry.value));
  return put_.bind(1, std::string_view(entry.key))
      .bind(2, id)
      .bind(3, check)
      .bind(4, std::string_view(entry.value))
      .run();
}

result<void> item_entries::drop(std::int64_t id, const item_entry& entry, std::string_view item) {
  count(id, entry.index, 0 - std::uint64_t{1}, 0 - size_of(entry, item));
  return drop_.bind(1, std::string_view(entry.key)).run();
}

result<void> item_entries::replace(std::string_view key, std::int64_t id,
                                   std::optional<std::string_view> before,
                                   std::optional<std::string_view> after) {
  auto was = before ? entries_of(key, *before) : result<std::vector<item_entry>>(std::vector<item_entry>());
  auto is = after ? entries_of(key, *after) : result<std::vector<item_entry>>(std::vector<item_entry>());
  if (!was || !is)
    return was ? is.error() : was.error();
  const std::string_view old_item = before.value_or(std::string_view());
  const std::string_view new_item = after.value_or(std::string_view());
  auto old = was->begin();
  for (const auto& entry : *is) {
    for (; old != was->end() && old->index < entry.index; ++old)
      if (auto done = drop(id, *old, old_item); !done)
        return done;
    const bool both = old != was->end() && old->index == entry.index;
    if (both && old->key == entry.key && old->value == entry.value) {
      count(id, entry.index, 0, size_of(entry, new_item) - size_of(*old, old_item));
      ++old;
      continue;
    }
    if (both)
      if (auto done = drop(id, *old++, old_item); !done)
        return done;
    if (auto done = put(id, entry, new_item); !done)
      return done;
  }
  for (; old != was->end(); ++old)
    if (auto done = drop(id, *old, old_item); !done)
      return done;
  return {};
}

result<void> item_entries::forget(std::int64_t id) {
  std::vector<item_entry> all;
  of_row_.bind(1, id);
  for (;;) {
    auto found = of_row_.step();
    if (!found)
      return found.error();
    if (!*found)
      break;
    const std::string_view key = of_row_.column_bytes(0);
    const auto index =
        static_cast<std::uint32_t>(static_cast<unsigned char>(key.empty() ? '\0' : key.front()));
    all.push_back({index, std::string(key), std::string(of_row_.column_bytes(1))});
  }
  of_row_.reset();
  recount_.reset();
  for (const auto& entry : all) {
    if (entry.index == 0 || entry.index > figures_.size())
      return damaged(entry.key, "the index entry is of no index");
    // What the item itself counted as is not known any more: the sum stays too large by it, until it is
    // counted anew.
    if (auto done = drop(id, entry, {}); !done)
      return done;
  }
  return {};
}

// --- reading -----------------------------------------------------------------------------------------------

result<void> item_entries::add_item(std::int64_t id, std::string_view entry_key, item_page& page) {
  auto found = item_.bind(1, id).step();
  if (!found)
    return found.error();
  if (!*found)
    return damaged(entry_key, "the item of an index entry is not there");
  const std::string_view value = item_.column_bytes(2);
  const auto check = static_cast<std::uint64_t>(item_.column_int(1));
  const bool sound = record_checksum(item_.column_bytes(0), value) == check;
  if (sound)
    page.records.emplace_back(entry_key, value);
  item_.reset();
  return sound ? result<void>() : damaged(entry_key, "the item of an index entry is damaged");
}

result<item_page> item_entries::scan(std::uint32_t index, std::string_view from, std::string_view to,
                                     bool backward, bool whole, std::size_t max_items,
                                     std::size_t max_bytes) {
  const std::string first = stored_key(index, from);
  const std::string last = to.empty() ? stored_key(index + 1, {}) : stored_key(index, to);
  auto& query = backward ? down_ : up_;
  query.bind(1, first).bind(2, last);
  item_page page;
  std::size_t bytes = 0;
  result<void> done;
  auto found = query.step();
  while (found && *found) {
    if (page.records.size() >= max_items || (!page.records.empty() && bytes >= max_bytes)) {
      page.more = true;
      break;
    }
    const std::string_view stored = query.column_bytes(0);
    const std::string_view value = query.column_bytes(3);
    const std::int64_t id = query.column_int(1);
    done = verify(stored, id, static_cast<std::uint64_t>(query.column_int(2)), value);
    if (!done)
      break;
    const std::string_view key = stored.substr(1);
    if (whole || value.empty())
      done = add_item(id, key, page);
    else
      page.records.emplace_back(key, value);
    if (!done)
      break;
    const std::size_t size = key.size() + page.records.back().second.size();
    if (page.records.size() > 1 && bytes + size > max_bytes) {
      page.records.pop_back();
      page.more = true;
      break;
    }
    bytes += size;
    found = query.step();
  }
  query.reset();
  if (!found)
    return found.error();
  if (!done)
    return done.error();
  return page;
}

// --- checking ----------------------------------------------------------------------------------------------

result<void> item_entries::check(std::string_view key, std::string_view value, seen_entries& seen) {
  auto should = entries_of(key, value);
  if (!should)
    return should.error();
  seen.figures.assign(rules_.indexes, {});
  for (const auto& entry : *should) {
    auto& sum = seen.figures[entry.index - 1];
    sum.items += 1;
    sum.bytes += size_of(entry, value);
  }
  auto row = row_.bind(1, key).step();
  if (!row)
    return row.error();
  const std::int64_t id = *row ? row_.column_int(0) : 0;
  row_.reset();
  for (const auto& entry : *should) {
    auto found = get_.bind(1, std::string_view(entry.key)).step();
    if (!found)
      return found.error();
    const bool right =
        *found && get_.column_int(0) == id && get_.column_bytes(2) == entry.value &&
        static_cast<std::uint64_t>(get_.column_int(1)) == entry_checksum(entry.key, id, entry.value);
    get_.reset();
    if (!right)
      return damaged(entry.key, "the index entry is not that of its item");
    seen.entries += 1;
    seen.bytes += entry.key.size() + entry.value.size();
  }
  return {};
}

result<bool> item_entries::audit(std::string& cursor, std::size_t max_bytes, audit_slice& slice,
                                 audit_slice& found) {
  const std::string from = cursor;
  after_.bind(1, from);
  for (;;) {
    auto there = after_.step();
    if (!there)
      return there.error();
    if (!*there)
      return true;
    const std::string_view key = after_.column_bytes(0);
    const std::int64_t id = after_.column_int(1);
    const std::string_view value = after_.column_bytes(3);
    slice.bytes += key.size() + value.size() + 16;
    slice.records += 1;
    auto sound = verify(key, id, static_cast<std::uint64_t>(after_.column_int(2)), value);
    auto item = item_.bind(1, id).step();
    if (!item) {
      after_.reset();
      return item.error();
    }
    // An item that is damaged itself was found among the items.
    if (sound && (!*item || record_checksum(item_.column_bytes(0), item_.column_bytes(2)) ==
                                static_cast<std::uint64_t>(item_.column_int(1)))) {
      bool wanted = false;
      if (*item) {
        slice.bytes += item_.column_bytes(2).size();
        auto should = entries_of(item_.column_bytes(0), item_.column_bytes(2));
        for (std::size_t i = 0; should && i < should->size(); ++i)
          wanted = wanted || ((*should)[i].key == key && (*should)[i].value == value);
      }
      if (!wanted)
        sound = damaged(key, "the index entry is not that of its item");
    }
    item_.reset();
    if (!sound) {
      found.damaged += 1;
      if (found.what.empty())
        found.what = sound.error().text;
    }
    cursor = key;
    if (slice.bytes >= max_bytes || slice.records >= audit_records_per_slice) {
      after_.reset();
      return false;
    }
  }
}

result<void> item_entries::check_count(std::uint64_t seen) {
  auto there = db_.query_int("SELECT count(*) FROM entries");
  if (!there)
    return there.error();
  std::uint64_t told = 0;
  for (const auto& one : kept_)
    told += one.items;
  if (static_cast<std::uint64_t>(*there) != seen || told != seen)
    return error{code::corrupt, db_.path() + ": holds " + std::to_string(*there) +
                                    " index entries and tells of " + std::to_string(told) +
                                    ", its items have " + std::to_string(seen)};
  return {};
}

void item_entries::begin_recount() {
  recount_ = recounting{std::vector<entry_figures>(rules_.indexes), INT64_MIN};
}

void item_entries::recount(std::int64_t id, const seen_entries* seen) {
  if (!seen)
    recount_.reset();
  if (!recount_)
    return;
  recount_->to = id;
  for (std::size_t i = 0; i < rules_.indexes; ++i) {
    recount_->figures[i].items += seen->figures[i].items;
    recount_->figures[i].bytes += seen->figures[i].bytes;
  }
}

bool item_entries::settle_recount() {
  if (!recount_)
    return true;
  const bool right = recount_->figures == figures_;
  figures_ = std::move(recount_->figures);
  recount_.reset();
  return right;
}

} // namespace troupe::storage
