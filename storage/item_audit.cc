#include "storage/item_audit.h"
#include "storage/checksum.h"
#include "storage/item_state.h"
#include <algorithm>

namespace troupe::storage {

// --- what changes meanwhile --------------------------------------------------------------------------------

void item_store::state::record_came(std::string_view key, std::int64_t id, std::uint64_t check,
                                    std::size_t value_bytes, std::uint64_t size) {
  leaves->add(key, check);
  if (!audit || !audit->read_row(id))
    return;
  auto& leaf = audit->leaves[leaves->cut().leaf_of(key)];
  leaf.sum += check;
  leaf.items += 1;
  audit->items += 1;
  audit->bytes += key.size() + value_bytes;
  audit->sizes += size;
}

void item_store::state::record_went(std::string_view key, std::int64_t id, std::uint64_t check,
                                    std::size_t value_bytes, std::uint64_t size) {
  leaves->remove(key, check);
  if (!audit || !audit->read_row(id))
    return;
  auto& leaf = audit->leaves[leaves->cut().leaf_of(key)];
  leaf.sum -= check;
  leaf.items -= 1;
  audit->items -= 1;
  audit->bytes -= key.size() + value_bytes;
  audit->sizes -= size;
}

// --- the pass ----------------------------------------------------------------------------------------------

result<void> item_store::state::begin_audit() {
  if (auto dropped = db->execute("PRAGMA shrink_memory");
      !dropped) // what is cached is not what lies on the disk
    return dropped;
  auto last = db->query_int("SELECT coalesce(max(id), 0) FROM items");
  if (!last)
    return last.error();
  audit_state fresh;
  fresh.row_last = *last;
  if (auto done = db->prepare({
          {&fresh.rows, "SELECT id, k, check_sum, v FROM items NOT INDEXED WHERE id>? ORDER BY id"},
          {&fresh.row_of, "SELECT id FROM items WHERE k=?"},
          {&fresh.keys_after, "SELECT k FROM items WHERE k>? ORDER BY k"},
      });
      !done)
    return done.error();
  if (entries)
    entries->begin_recount();
  audit = std::move(fresh);
  return {};
}

// True when there are no more.
result<bool> item_store::state::audit_rows(std::size_t max_bytes, audit_slice& slice) {
  audit_state& a = *audit;
  a.rows.bind(1, a.row_cursor);
  for (;;) {
    auto found = a.rows.step();
    if (!found)
      return found.error();
    if (!*found)
      return true;
    const std::int64_t id = a.rows.column_int(0);
    const std::string_view key = a.rows.column_bytes(1);
    const auto check = static_cast<std::uint64_t>(a.rows.column_int(2));
    const std::string_view value = a.rows.column_bytes(3);
    auto sound = verify(key, check, value);
    auto by_key = a.row_of.bind(1, key).step();
    if (!by_key) {
      a.rows.reset();
      return by_key.error();
    }
    const bool in_place = *by_key && a.row_of.column_int(0) == id;
    a.row_of.reset();
    if (sound && !in_place)
      sound =
          error{code::corrupt, path + ": the record with key " + printable(key) + " is not found by its key"};
    item_entries::seen_entries seen;
    if (sound && entries)
      sound = entries->check(key, value, seen);
    if (entries)
      entries->recount(id, sound ? &seen : nullptr);
    slice.bytes += seen.bytes;
    if (!sound) {
      a.found.damaged += 1;
      a.note(sound.error().text);
    }
    a.row_cursor = id;
    auto& leaf = a.leaves[leaves->cut().leaf_of(key)];
    leaf.sum += check;
    leaf.items += 1;
    a.items += 1;
    a.bytes += key.size() + value.size();
    a.sizes += size_of(key, value);
    a.found.records += 1;
    slice.bytes += key.size() + value.size();
    slice.records += 1;
    if (slice.bytes >= max_bytes || slice.records >= audit_records_per_slice) {
      a.rows.reset();
      return false;
    }
  }
}

// Everything is counted. Written anew whether it differs or not: so these rows are never older than a pass.
result<void> item_store::state::settle_audit() {
  audit_state& a = *audit;
  if (leaves->known())
    for (std::size_t leaf = 0; leaf < leaf_count; ++leaf)
      if (leaves->all()[leaf] != a.leaves[leaf]) {
        a.found.wrong_leaves += 1;
        a.note(path + ": the items of leaf " + std::to_string(leaf) + " are not those that were written");
      }
  a.found.wrong_figures = a.items != row.items || a.bytes != row.bytes || a.sizes != row.sizes;
  if (a.found.wrong_figures)
    a.note(path + ": holds " + std::to_string(a.items) + " records of " + std::to_string(a.bytes) +
           " bytes, should hold " + std::to_string(row.items) + " of " + std::to_string(row.bytes));
  item_format::position_row next = row;
  next.items = a.items;
  next.bytes = a.bytes;
  next.sizes = a.sizes;
  if (auto begun = db->begin(); !begun)
    return begun;
  leaves->adopt(a.leaves);
  auto outcome = leaves->write();
  if (outcome && entries) {
    if (!entries->settle_recount()) {
      a.found.wrong_figures = true;
      a.note(path + ": its index entries add up to something else than is noted of them");
    }
    outcome = entries->write_figures();
  }
  if (outcome)
    outcome = store_position(next);
  if (outcome)
    outcome = db->commit();
  else
    db->rollback();
  if (entries)
    outcome ? entries->committed() : entries->rolled_back();
  outcome ? leaves->committed() : leaves->rolled_back();
  if (outcome)
    row = std::move(next);
  return outcome;
}

result<bool> item_store::state::audit_keys(std::size_t max_bytes, audit_slice& slice) {
  audit_state& a = *audit;
  a.keys_after.bind(1, std::string_view(a.key_cursor));
  std::string last;
  result<bool> more = true;
  for (;;) {
    auto found = a.keys_after.step();
    if (!found)
      return found.error();
    if (!*found) {
      more = false;
      break;
    }
    const std::string_view key = a.keys_after.column_bytes(0);
    a.keys += 1;
    slice.bytes += key.size() + 8;
    if (slice.bytes >= max_bytes) {
      last = key;
      break;
    }
  }
  a.keys_after.reset();
  if (*more) {
    a.key_cursor = std::move(last);
    return false;
  }
  if (a.keys != row.items) {
    a.found.damaged += 1;
    a.note(path + ": the index by key has " + std::to_string(a.keys) + " keys of " +
           std::to_string(row.items) + " records");
  }
  return true;
}

result<audit_slice> item_store::state::audit_step(std::size_t max_bytes) {
  using phase = audit_state::phase;
  if (!audit)
    if (auto begun = begin_audit(); !begun)
      return begun.error();
  audit_slice slice;
  auto ended = result<bool>(false);
  switch (audit->now) {
  case phase::rows:
    ended = audit_rows(max_bytes, slice);
    if (ended && *ended) {
      if (auto settled = settle_audit(); !settled)
        return settled.error();
      audit->now = phase::keys;
    }
    break;
  case phase::keys:
    ended = audit_keys(max_bytes, slice);
    if (ended && *ended)
      audit->now = phase::entries;
    break;
  case phase::entries:
    ended =
        entries ? entries->audit(audit->entry_cursor, max_bytes, slice, audit->found) : result<bool>(true);
    if (ended && *ended) {
      if (auto read = read_requests(nullptr); !read)
        return read.error();
      slice.done = true;
    }
    break;
  }
  if (!ended)
    return ended.error();
  slice.records = audit->found.records;
  slice.damaged = audit->found.damaged;
  slice.wrong_leaves = audit->found.wrong_leaves;
  slice.wrong_figures = audit->found.wrong_figures;
  slice.what = audit->found.what;
  return slice;
}

result<audit_slice> item_store::audit(std::size_t max_bytes) {
  auto& s = *state_;
  auto slice = s.audit_step(max_bytes);
  if (!slice || slice->done)
    s.audit.reset();
  return slice;
}

std::uint32_t item_store::audit_progress() const {
  const auto& s = *state_;
  if (!s.audit)
    return 0;
  if (s.audit->now != audit_state::phase::rows)
    return 999;
  const std::uint64_t last = std::max<std::uint64_t>(static_cast<std::uint64_t>(s.audit->row_last), 1);
  const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(s.audit->row_cursor, 0));
  return static_cast<std::uint32_t>(1 + std::min<std::uint64_t>(997, at * 998 / last));
}

// --- marks -------------------------------------------------------------------------------------------------

void item_store::state::list_leaf(std::uint32_t leaf, item_mark& into, std::size_t& bytes) {
  if (leaf >= leaf_count || !into.listed_all)
    return;
  const std::string from = leaves->cut().begin_of(leaf);
  const std::string to = leaf + 1u == leaf_count ? std::string() : leaves->cut().begin_of(leaf + 1u);
  if (leaf > 0 && from.empty())
    return; // past the end of all keys
  auto& query = to.empty() ? scan_up : scan_up_to;
  query.bind(1, from);
  if (!to.empty())
    query.bind(2, to);
  auto found = query.step();
  for (; found && *found; found = query.step()) {
    const std::string_view key = query.column_bytes(0);
    const std::string_view value = query.column_bytes(2);
    bytes += key.size() + value.size();
    if (into.listed.size() >= limits::scrub_listed_records || bytes > limits::scrub_listed_bytes) {
      into.listed_all = false;
      break;
    }
    into.listed.push_back({std::string(key), record_checksum(key, value)});
  }
  query.reset();
  into.listed_all = into.listed_all && found;
}

void item_store::state::keep_mark(const item_batch& batch) {
  constexpr std::size_t kept = 2;
  item_mark mark;
  mark.index = batch.position.index;
  mark.known = leaves->known();
  if (mark.known)
    mark.leaves = leaves->all();
  mark.listed_leaves = batch.mark_leaves;
  std::size_t bytes = 0;
  for (auto leaf : batch.mark_leaves)
    list_leaf(leaf, mark, bytes);
  while (marks.size() >= kept)
    marks.pop_front();
  marks.push_back(std::move(mark));
}

const item_mark* item_store::mark(std::uint64_t index) const {
  for (const auto& mark : state_->marks)
    if (mark.index == index)
      return &mark;
  return nullptr;
}

std::uint64_t item_store::lineage() const {
  return state_->lineage;
}

std::optional<leaf_digests> item_store::digests() const {
  const auto& s = *state_;
  return s.leaves->known() ? std::optional(s.leaves->all()) : std::nullopt;
}

std::uint64_t root_of(const leaf_digests& leaves) {
  return checksum({reinterpret_cast<const char*>(leaves.data()), leaves.size() * sizeof(leaf_digest)});
}

} // namespace troupe::storage
