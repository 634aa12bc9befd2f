#include "storage/item_leaves.h"
#include "storage/item_format.h"
#include <algorithm>

namespace troupe::storage {

namespace {

std::uint64_t head_of(std::string_view key) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i)
    head = head << 8 | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  return head;
}

} // namespace

leaf_cut::leaf_cut(std::string_view from, std::string_view to) : first_(head_of(from)) {
  // The last head in the range. A longer `to` leaves keys below it that begin with its own head.
  std::uint64_t last = to.empty() ? UINT64_MAX : head_of(to) - (to.size() <= 8 ? 1 : 0);
  width_ = last < first_ ? 1 : (last - first_) / leaf_count + 1;
}

std::size_t leaf_cut::leaf_of(std::string_view key) const {
  const std::uint64_t head = head_of(key);
  return head < first_
             ? 0
             : static_cast<std::size_t>(std::min<std::uint64_t>((head - first_) / width_, leaf_count - 1));
}

std::string leaf_cut::begin_of(std::size_t leaf) const {
  if (leaf == 0)
    return {};
  if (leaf > (UINT64_MAX - first_) / width_) // past the last head there is
    return {};
  const std::uint64_t head = first_ + leaf * width_;
  std::string key(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    key[i] = static_cast<char>(head >> (8 * (7 - i)));
  key.erase(key.find_last_not_of('\0') + 1); // a shorter key has zeros for what it lacks
  return key;
}

item_leaves::item_leaves(sqlite::connection& db, const leaf_cut& cut)
    : db_(db), cut_(cut), leaves_(leaf_count) {}

result<std::unique_ptr<item_leaves>> item_leaves::open(sqlite::connection& db, const leaf_cut& cut,
                                                       bool whole) {
  std::unique_ptr<item_leaves> made(new item_leaves(db, cut));
  auto put = db.prepare("REPLACE INTO digests(id, body) VALUES(?, ?)");
  if (!put)
    return put.error();
  made->put_ = std::move(*put);
  if (whole) {
    auto known = made->read();
    if (!known)
      return known.error();
    made->known_ = made->known_before_ = *known;
    if (!*known)
      std::fill(made->leaves_.begin(), made->leaves_.end(), leaf_digest());
  }
  return made;
}

// False: a row does not fit its checksum. A row that is not there is one that never changed.
result<bool> item_leaves::read() {
  auto all = db_.prepare("SELECT id, body FROM digests");
  if (!all)
    return all.error();
  for (;;) {
    auto found = all->step();
    if (!found)
      return found.error();
    if (!*found)
      return true;
    const std::int64_t row = all->column_int(0);
    auto decoded = item_format::decode_digests(all->column_bytes(1));
    if (row < 0 || row >= static_cast<std::int64_t>(rows) || !decoded || decoded->size() != row_leaves)
      return false;
    std::copy(decoded->begin(), decoded->end(),
              leaves_.begin() + row * static_cast<std::int64_t>(row_leaves));
  }
}

leaf_digest& item_leaves::change(std::size_t leaf) {
  const std::size_t row = leaf / row_leaves;
  if (!is_touched_[row]) {
    is_touched_[row] = true;
    auto& kept = touched_.emplace_back();
    kept.row = row;
    std::copy_n(leaves_.begin() + static_cast<std::ptrdiff_t>(row * row_leaves), row_leaves,
                kept.before.begin());
  }
  return leaves_[leaf];
}

void item_leaves::add(std::string_view key, std::uint64_t check) {
  if (!known_)
    return;
  auto& leaf = change(cut_.leaf_of(key));
  leaf.sum += check;
  leaf.items += 1;
}

void item_leaves::remove(std::string_view key, std::uint64_t check) {
  if (!known_)
    return;
  auto& leaf = change(cut_.leaf_of(key));
  leaf.sum -= check;
  leaf.items -= 1;
}

void item_leaves::adopt(const leaf_digests& counted) {
  require(counted.size() == leaf_count, "item leaves: other leaves");
  for (std::size_t leaf = 0; leaf < leaf_count; ++leaf)
    change(leaf) = counted[leaf];
  known_ = true;
}

result<void> item_leaves::write() {
  for (const auto& [row, before] : touched_) {
    const std::string body = item_format::encode_digests(leaves_.data() + row * row_leaves, row_leaves);
    if (auto done = put_.bind(1, static_cast<std::int64_t>(row)).bind(2, body).run(); !done)
      return done;
  }
  return {};
}

void item_leaves::committed() {
  known_before_ = known_;
  is_touched_.fill(false);
  touched_.clear();
}

void item_leaves::rolled_back() {
  for (const auto& [row, before] : touched_)
    std::copy(before.begin(), before.end(), leaves_.begin() + static_cast<std::ptrdiff_t>(row * row_leaves));
  known_ = known_before_;
  committed();
}

} // namespace troupe::storage
