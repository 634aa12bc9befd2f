#include "storage/item_store.h"
#include "storage/checksum.h"
#include "storage/item_state.h"
#include <algorithm>
#include <numeric>

namespace troupe::storage {

std::string printable(std::string_view key) {
  static constexpr char digits[] = "0123456789abcdef";
  constexpr std::size_t shown = 32;
  std::string out;
  for (unsigned char c : key.substr(0, shown)) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return key.size() > shown ? out + "... (" + std::to_string(key.size()) + " bytes)" : out;
}

// --- writing -----------------------------------------------------------------------------------------------

result<void> item_store::state::store_position(const item_format::position_row& next) {
  std::string bytes = item_format::encode(next);
  std::string sizes = item_format::encode(item_format::sizes_row{next.position.index, next.sizes});
  std::string digests = item_format::encode(item_format::digests_row{
      next.position.index, leaves->cut().first(), leaves->cut().width(), leaves->known()});
  return put_position.bind(1, bytes).bind(2, sizes).bind(3, digests).run();
}

result<void> item_store::state::change(const item_change& c, item_format::position_row& next) {
  if (walk)
    if (auto kept = keep_for_walk(c.key); !kept)
      return kept;
  auto old = find_item.bind(1, c.key).step();
  if (!old)
    return old.error();
  std::int64_t id = 0;
  if (*old) {
    id = find_item.column_int(0);
    std::string_view before = find_item.column_bytes(1);
    const std::uint64_t size = size_of(c.key, before);
    next.items -= 1;
    next.bytes -= c.key.size() + before.size();
    next.sizes -= std::min(next.sizes, size); // damaged bytes may count as anything
    record_went(c.key, id, static_cast<std::uint64_t>(find_item.column_int(2)), before.size(), size);
    find_item.reset();
    if (c.remove && audit && audit->read_key(c.key))
      audit->keys -= 1;
    if (c.remove)
      return drop_item.bind(1, id).run();
  } else if (c.remove) {
    return {};
  }
  const std::uint64_t size = size_of(c.key, c.value);
  next.items += 1;
  next.bytes += c.key.size() + c.value.size();
  next.sizes += size;
  const std::uint64_t check = record_checksum(c.key, c.value);
  auto done = result<void>();
  if (*old) {
    done = update_item.bind(1, static_cast<std::int64_t>(check)).bind(2, c.value).bind(3, id).run();
  } else {
    done = insert_item.bind(1, c.key).bind(2, static_cast<std::int64_t>(check)).bind(3, c.value).run();
    id = db->last_row();
    if (audit && audit->read_key(c.key))
      audit->keys += 1;
  }
  if (done)
    record_came(c.key, id, check, c.value.size(), size);
  return done;
}

// What the item was tells which entries it had.
result<void> item_store::state::change_with_entries(const item_change& c, item_format::position_row& next) {
  auto found = get_row.bind(1, c.key).step();
  if (!found)
    return found.error();
  std::optional<std::string> before;
  std::int64_t id = 0;
  if (*found) {
    id = get_row.column_int(0);
    const std::string_view value = get_row.column_bytes(2);
    if (verify(c.key, static_cast<std::uint64_t>(get_row.column_int(1)), value))
      before.emplace(value);
    get_row.reset();
    if (!before) // a write may replace damaged bytes
      if (auto done = entries->forget(id); !done)
        return done;
  }
  if (auto done = change(c, next); !done)
    return done;
  if (id == 0)
    id = db->last_row();
  return entries->replace(c.key, id, before, c.remove ? std::nullopt : std::optional(c.value));
}

result<void> item_store::state::write(const item_batch& batch, item_format::position_row& next,
                                      std::size_t& forgotten) {
  // In key order pages are touched once each; of equal keys the last one in the batch counts.
  std::vector<std::uint32_t> order(batch.changes.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return batch.changes[a].key < batch.changes[b].key;
  });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const item_change& c = batch.changes[order[i]];
    require(!c.key.empty(), "item apply: an empty key");
    if (i + 1 < order.size() && batch.changes[order[i + 1]].key == c.key)
      continue;
    if (auto done = entries ? change_with_entries(c, next) : change(c, next); !done)
      return done;
  }
  if (entries)
    if (auto done = entries->write_figures(); !done)
      return done;
  if (!batch.requests.empty()) {
    std::string bytes = item_format::encode(batch.requests);
    auto put =
        put_requests.bind(1, static_cast<std::int64_t>(batch.requests.front().index())).bind(2, bytes).run();
    if (!put)
      return put;
  }
  while (forgotten < remembered_rows.size() &&
         remembered_rows[forgotten].last_ms < batch.forget_requests_before_ms) {
    auto first = static_cast<std::int64_t>(remembered_rows[forgotten].first);
    if (auto done = drop_requests.bind(1, first).run(); !done)
      return done;
    ++forgotten;
  }
  if (auto done = leaves->write(); !done)
    return done;
  return store_position(next);
}

result<void> item_store::apply(const item_batch& batch) {
  auto& s = *state_;
  require(batch.position.index >= s.row.position.index, "item apply: the position goes back");
  if (s.db->wal_bytes() >= s.options.wal_bytes_max)
    // Without room for that there may still be some in the WAL; the transaction finds out.
    if (auto done = checkpoint(); !done && done.error().code != code::full)
      return done;
  if (auto begun = s.db->begin(); !begun)
    return begun;
  item_format::position_row next = s.row;
  next.position = batch.position;
  std::size_t forgotten = 0;
  auto outcome = s.write(batch, next, forgotten);
  if (outcome)
    outcome = s.db->commit();
  else
    s.db->rollback();
  if (s.entries)
    outcome ? s.entries->committed() : s.entries->rolled_back();
  outcome ? s.leaves->committed() : s.leaves->rolled_back();
  if (!outcome) {
    s.audit.reset(); // it has counted what did not come to pass; the next slice begins anew
    return outcome;
  }
  s.row = std::move(next);
  s.remembered_rows.erase(s.remembered_rows.begin(),
                          s.remembered_rows.begin() + static_cast<std::ptrdiff_t>(forgotten));
  if (!batch.requests.empty()) {
    std::int64_t last_ms = 0;
    for (const auto& r : batch.requests)
      last_ms = std::max(last_ms, r.time_ms());
    s.remembered_rows.push_back({batch.requests.front().index(), last_ms});
  }
  s.counted.batches += 1;
  s.counted.changes += batch.changes.size();
  if (batch.mark)
    s.keep_mark(batch);
  return {};
}

result<void> item_store::sync() {
  auto& s = *state_;
  if (s.durable == s.row.position.index)
    return {};
  if (auto done = s.db->sync_wal(); !done)
    return done;
  s.counted.syncs += 1;
  s.durable = s.row.position.index;
  return {};
}

bool item_store::maintenance_due() const {
  return state_->db->wal_bytes() >= state_->options.checkpoint_bytes;
}

result<bool> item_store::maintain() {
  if (maintenance_due())
    if (auto done = checkpoint(); !done)
      return done.error();
  return false;
}

result<void> item_store::checkpoint() {
  auto& s = *state_;
  if (auto done = s.db->checkpoint(false); !done)
    return done;
  s.counted.checkpoints += 1;
  s.durable = s.row.position.index;
  return {};
}

// --- reading -----------------------------------------------------------------------------------------------

result<void> item_store::state::verify(std::string_view key, std::uint64_t check,
                                       std::string_view value) const {
  if (record_checksum(key, value) == check) [[likely]]
    return {};
  return error{code::corrupt, path + ": the record with key " + printable(key) + " is damaged"};
}

result<std::optional<std::string>> item_store::get(std::string_view key) {
  auto& s = *state_;
  auto found = s.get_item.bind(1, key).step();
  if (!found)
    return found.error();
  if (!*found)
    return std::optional<std::string>{};
  std::string_view value = s.get_item.column_bytes(1);
  auto sound = s.verify(key, static_cast<std::uint64_t>(s.get_item.column_int(0)), value);
  std::optional<std::string> out;
  if (sound)
    out.emplace(value);
  s.get_item.reset();
  if (!sound)
    return sound.error();
  return out;
}

result<item_page> item_store::scan(std::string_view from, std::string_view to, bool backward,
                                   std::size_t max_items, std::size_t max_bytes) {
  auto& s = *state_;
  const bool open_ended = to.empty();
  auto& query =
      backward ? (open_ended ? s.scan_down : s.scan_down_to) : (open_ended ? s.scan_up : s.scan_up_to);
  query.bind(1, from);
  if (!open_ended)
    query.bind(2, to);
  item_page page;
  std::size_t bytes = 0;
  auto found = query.step();
  while (found && *found) {
    std::string_view key = query.column_bytes(0);
    std::string_view value = query.column_bytes(2);
    std::size_t size = key.size() + value.size();
    if (page.records.size() >= max_items || (!page.records.empty() && bytes + size > max_bytes)) {
      page.more = true;
      break;
    }
    if (auto sound = s.verify(key, static_cast<std::uint64_t>(query.column_int(1)), value); !sound) {
      query.reset();
      return sound.error();
    }
    bytes += size;
    page.records.emplace_back(key, value);
    found = query.step();
  }
  query.reset();
  if (!found)
    return found.error();
  return page;
}

result<item_page> item_store::scan_entries(std::uint32_t index, std::string_view from, std::string_view to,
                                           bool backward, bool whole, std::size_t max_items,
                                           std::size_t max_bytes) {
  auto& s = *state_;
  if (!s.entries || index == 0 || index > s.entries->figures().size())
    return error{code::missing, s.path + ": has no index " + std::to_string(index)};
  return s.entries->scan(index, from, to, backward, whole, max_items, max_bytes);
}

result<std::vector<msg::AppliedRequest>> item_store::requests() {
  std::vector<msg::AppliedRequest> all;
  if (auto done = state_->read_requests(&all); !done)
    return done.error();
  return all;
}

std::uint64_t item_store::group() const {
  return state_->row.group;
}

std::uint64_t item_store::member() const {
  return state_->row.member;
}

const item_position& item_store::applied() const {
  return state_->row.position;
}

std::uint64_t item_store::durable_applied() const {
  return state_->durable;
}

result<std::uint64_t> item_store::digest() {
  records_digest sum;
  auto done = state_->each_record([&](std::string_view key, std::string_view value) {
    sum.add(key, value);
    return true;
  });
  if (!done)
    return done.error();
  return sum.value();
}

result<void> item_store::integrity_check() {
  auto& s = *state_;
  auto verdict = s.db->integrity_check();
  if (!verdict)
    return verdict.error();
  if (*verdict != "ok")
    return error{code::corrupt, s.path + ": " + *verdict};
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t sizes = 0;
  item_entries::seen_entries entries;
  leaf_digests digests(leaf_count);
  result<void> entries_sound;
  auto done = s.each_record([&](std::string_view key, std::string_view value) {
    items += 1;
    bytes += key.size() + value.size();
    sizes += s.size_of(key, value);
    auto& leaf = digests[s.leaves->cut().leaf_of(key)];
    leaf.sum += record_checksum(key, value);
    leaf.items += 1;
    if (s.entries)
      entries_sound = s.entries->check(key, value, entries);
    return entries_sound.ok();
  });
  if (!done || !entries_sound)
    return done ? entries_sound : done;
  if (s.entries)
    if (auto counted = s.entries->check_count(entries.entries); !counted)
      return counted;
  if (items != s.row.items || bytes != s.row.bytes)
    return error{code::corrupt, s.path + ": holds " + std::to_string(items) + " records of " +
                                    std::to_string(bytes) + " bytes, should hold " +
                                    std::to_string(s.row.items) + " of " + std::to_string(s.row.bytes)};
  if (sizes != s.row.sizes)
    return error{code::corrupt, s.path + ": its items count as " + std::to_string(sizes) +
                                    " bytes, should count as " + std::to_string(s.row.sizes)};
  if (s.leaves->known() && digests != s.leaves->all())
    return error{code::corrupt, s.path + ": its digests are not those of its items"};
  std::vector<msg::AppliedRequest> remembered;
  return s.read_requests(&remembered);
}

const std::vector<entry_figures>& item_store::entry_stats() const {
  static const std::vector<entry_figures> none;
  return state_->entries ? state_->entries->figures() : none;
}

item_stats item_store::stats() const {
  const auto& s = *state_;
  item_stats out = s.counted;
  out.items = s.row.items;
  out.bytes = s.row.bytes;
  out.sizes = s.row.sizes;
  out.file_bytes = s.db->file_bytes();
  out.wal_bytes = s.db->wal_bytes();
  return out;
}

} // namespace troupe::storage
