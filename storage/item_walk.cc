// Walking all items as they stood at one index while newer batches are applied.
//
// The connection that writes is the only one (an exclusive lock makes point reads three times cheaper), so
// SQLite's own read transactions cannot help. Instead whoever changes a key that the walk has not reached yet
// first puts the old value aside; the walk takes it from there. Unlike a long read transaction this does not
// keep the WAL from being restarted.
#include "storage/checksum.h"
#include "storage/item_state.h"

namespace troupe::storage {

result<void> item_store::state::keep_for_walk(std::string_view key) {
  if (walk->given_up || walk->passed(key) || walk->before.contains(key))
    return {};
  auto found = get_item.bind(1, key).step();
  if (!found)
    return found.error();
  std::optional<std::string> old;
  if (*found) {
    std::string_view value = get_item.column_bytes(1);
    auto sound = verify(key, static_cast<std::uint64_t>(get_item.column_int(0)), value);
    if (sound)
      old.emplace(value);
    get_item.reset();
    // A write may replace damaged bytes, a walk must not pass them on.
    if (!sound) {
      walk->given_up = true;
      walk->before.clear();
      return {};
    }
  }
  walk->before_bytes += key.size() + (old ? old->size() : 0) + sizeof(decltype(walk->before)::value_type);
  walk->before.emplace(key, std::move(old));
  if (walk->before_bytes > options.walk_bytes_max) {
    walk->given_up = true;
    walk->before.clear();
  }
  return {};
}

result<void> item_store::begin_walk() {
  auto& s = *state_;
  if (s.walk)
    return error{code::busy, s.path + ": is being walked already"};
  auto remembered = requests();
  if (!remembered)
    return remembered.error();
  s.walk.emplace();
  s.walk->position = s.row.position;
  s.walk->requests = std::move(*remembered);
  return {};
}

result<item_page> item_store::walk(std::size_t max_items, std::size_t max_bytes) {
  auto& s = *state_;
  require(s.walk.has_value(), "item walk: none has begun");
  walk_state& w = *s.walk;
  if (w.given_up)
    return error{code::full, s.path + ": too much changed during the walk; begin again"};
  auto& query = w.cursor ? s.scan_after : s.scan_up;
  std::string after = w.cursor.value_or("");
  query.bind(1, after);
  item_page page;
  std::size_t bytes = 0;
  auto in_file = query.step();
  for (;;) {
    if (!in_file)
      return in_file.error();
    auto aside = w.before.begin(); // all behind the cursor
    std::string_view file_key = *in_file ? query.column_bytes(0) : std::string_view{};
    const bool from_aside = aside != w.before.end() && (!*in_file || aside->first <= file_key);
    if (!from_aside && !*in_file)
      break;
    // The record under the smaller key; where both have it, what was put aside is what it was.
    const bool both = from_aside && *in_file && aside->first == file_key;
    std::string_view key = from_aside ? std::string_view(aside->first) : file_key;
    std::optional<std::string_view> value;
    if (!from_aside)
      value = query.column_bytes(2);
    else if (aside->second)
      value = *aside->second;
    if (value) {
      std::size_t size = key.size() + value->size();
      if (page.records.size() >= max_items || (!page.records.empty() && bytes + size > max_bytes)) {
        page.more = true;
        break;
      }
      if (!from_aside)
        if (auto sound = s.verify(key, static_cast<std::uint64_t>(query.column_int(1)), *value); !sound) {
          query.reset();
          return sound.error();
        }
      bytes += size;
      page.records.emplace_back(key, *value);
    }
    w.cursor = std::string(key);
    if (!from_aside || both)
      in_file = query.step();
    if (from_aside) {
      w.before_bytes -= aside->first.size() + (aside->second ? aside->second->size() : 0) +
                        sizeof(decltype(w.before)::value_type);
      w.before.erase(aside);
    }
  }
  query.reset();
  return page;
}

const item_position& item_store::walk_position() const {
  require(state_->walk.has_value(), "item walk: none has begun");
  return state_->walk->position;
}

const std::vector<msg::AppliedRequest>& item_store::walk_requests() const {
  require(state_->walk.has_value(), "item walk: none has begun");
  return state_->walk->requests;
}

void item_store::end_walk() {
  state_->walk.reset();
}

} // namespace troupe::storage
