#include "actors/core/paxos/log.h"
#include "actors/core/paxos/invariant.h"
#include <algorithm>

namespace troupe::paxos {

tail_log::tail_log(log_index base, std::uint64_t base_link, std::vector<msg::Entry> entries)
    : base_(base), at_base_{0, base_link}, kept_from_(base + 1) {
  for (msg::Entry& entry : entries) {
    invariant(entry.index() == last() + 1, "a restored log has no holes");
    marks_.push_back({end(last()) + entry_cost(entry), entry.link()});
    kept_.push_back(std::make_shared<const msg::Entry>(std::move(entry)));
  }
}

const tail_log::mark& tail_log::mark_at(log_index index) const {
  return index <= base_ ? at_base_ : marks_[index - base_ - 1];
}

const entry_ptr& tail_log::at(log_index index) const {
  invariant(in_memory(index), "an entry asked for is in memory");
  return kept_[index - kept_from_];
}

std::optional<std::uint64_t> tail_log::link(log_index index) const {
  if (index < base_ || index > last())
    return std::nullopt;
  return mark_at(index).link;
}

std::size_t tail_log::bytes(log_index after, log_index up_to) const {
  return up_to <= after ? 0 : end(up_to) - end(after);
}

log_index tail_log::left_behind(std::uint64_t keep) const {
  std::uint64_t total = end(last());
  if (total - at_base_.end < keep)
    return base_;
  // The running totals ascend: the last one that leaves `keep` above it.
  auto above = std::upper_bound(marks_.begin(), marks_.end(), total - keep,
                                [](std::uint64_t most, const mark& m) { return most < m.end; });
  return base_ + static_cast<log_index>(above - marks_.begin());
}

void tail_log::write(entry_ptr entry) {
  log_index index = entry->index();
  invariant(index >= kept_from_ && index <= last() + 1, "entries are written without holes, into memory");
  if (index == last() + 1) {
    marks_.push_back({end(last()) + entry_cost(*entry), entry->link()});
    kept_.push_back(std::move(entry));
  } else {
    // Unsigned on purpose: the difference may be negative and wraps back into place.
    entry_ptr& slot = kept_[index - kept_from_];
    std::uint64_t difference = entry_cost(*entry) - entry_cost(*slot);
    if (difference != 0)
      for (log_index i = index; i <= last(); ++i)
        marks_[i - base_ - 1].end += difference;
    marks_[index - base_ - 1].link = entry->link();
    slot = std::move(entry);
  }
  dirty_from_ = dirty_from_ == 0 ? index : std::min(dirty_from_, index);
  dirty_to_ = std::max(dirty_to_, index);
}

void tail_log::drop_above(log_index index) {
  while (last() > index && last() >= kept_from_) {
    marks_.pop_back();
    kept_.pop_back();
  }
  dirty_to_ = std::min(dirty_to_, last());
  if (dirty_from_ > dirty_to_)
    dirty_from_ = dirty_to_ = 0;
}

std::vector<msg::Entry> tail_log::read(log_index from, log_index to, std::size_t max_bytes) const {
  if (!reader_ || from <= base_)
    return {};
  std::vector<msg::Entry> found = reader_(from, to, max_bytes);
  // What came back is used only as far as it is what was asked for.
  std::size_t good = 0;
  while (good < found.size() && found[good].index() == from + good && from + good <= to)
    ++good;
  found.resize(good);
  return found;
}

log_index tail_log::copy(log_index from, log_index to, std::size_t max_entries, std::size_t max_bytes,
                         google::protobuf::RepeatedPtrField<msg::Entry>& out) const {
  to = std::min(to, last());
  log_index next = from;
  std::size_t count = 0, bytes_copied = 0;
  if (next < kept_from_ && next <= to) {
    log_index upper = std::min<log_index>({to, kept_from_ - 1, from + max_entries - 1});
    for (msg::Entry& entry : read(from, upper, max_bytes)) {
      if (count > 0 && bytes_copied + entry_cost(entry) > max_bytes)
        return next - 1;
      bytes_copied += entry_cost(entry);
      *out.Add() = std::move(entry);
      ++next, ++count;
    }
  }
  if (next < kept_from_)
    return next - 1;
  for (; next <= to && count < max_entries; ++next, ++count) {
    const msg::Entry& entry = *kept_[next - kept_from_];
    if (count > 0 && bytes_copied + entry_cost(entry) > max_bytes)
      break;
    bytes_copied += entry_cost(entry);
    *out.Add() = entry;
  }
  return next - 1;
}

log_index tail_log::durable() const {
  log_index index = last();
  if (written_from_ != 0)
    index = std::min(index, written_from_ - 1);
  if (dirty_from_ != 0)
    index = std::min(index, dirty_from_ - 1);
  return index;
}

std::vector<entry_ptr> tail_log::take_dirty() {
  std::vector<entry_ptr> entries;
  if (dirty_from_ == 0)
    return entries;
  entries.reserve(dirty_to_ - dirty_from_ + 1);
  for (log_index i = dirty_from_; i <= dirty_to_; ++i)
    entries.push_back(at(i));
  written_from_ = dirty_from_;
  dirty_from_ = dirty_to_ = 0;
  return entries;
}

void tail_log::evict(log_index up_to, std::size_t keep_bytes) {
  if (!reader_)
    return;
  up_to = std::min(up_to, durable());
  while (kept_from_ <= up_to && end(last()) - end(kept_from_ - 1) > keep_bytes) {
    kept_.pop_front();
    ++kept_from_;
  }
}

void tail_log::truncated(log_index up_to) {
  if (up_to <= base_)
    return;
  invariant(up_to <= durable(), "only what is on disk can have been truncated there");
  while (kept_from_ <= up_to) {
    kept_.pop_front();
    ++kept_from_;
  }
  at_base_ = mark_at(up_to);
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(up_to - base_));
  base_ = up_to;
}

void tail_log::reset(log_index base, std::uint64_t base_link) {
  log_index top = last();
  if (top > base) {
    invariant(kept_from_ <= base + 1, "what lies above a new base is in memory");
    at_base_.end = end(base);
    marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(base - base_));
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(base + 1 - kept_from_));
    dirty_from_ = base + 1; // the disk forgets its log: write these again
    dirty_to_ = top;
  } else {
    at_base_.end = 0;
    marks_.clear();
    kept_.clear();
    dirty_from_ = dirty_to_ = 0;
  }
  base_ = base;
  kept_from_ = base + 1;
  at_base_.link = base_link;
}

} // namespace troupe::paxos
