#include "actors/replica/overlay.h"
#include <algorithm>
#include <utility>

namespace troupe::replica {

std::uint64_t overlay::head_of(std::string_view bytes) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i)
    head = head << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
  return head;
}

const overlay::version* overlay::newest(std::string_view key) const {
  auto it = cells_.find(probe(key));
  if (it == cells_.end())
    return nullptr;
  auto& c = it->second;
  if (!c.proposed.empty())
    return &c.proposed.back();
  return c.applied ? &*c.applied : nullptr;
}

const overlay::version* overlay::applied(std::string_view key) const {
  auto it = cells_.find(probe(key));
  return it == cells_.end() || !it->second.applied ? nullptr : &*it->second.applied;
}

void overlay::keep_entries(std::shared_ptr<const item::local_indexes> indexes) {
  entries_ = std::make_unique<overlay_entries>(std::move(indexes));
}

void overlay::hide_entries(const std::string& key, const cell& c) {
  if (entries_ && c.applied && !c.applied->removed)
    entries_->remove(key, c.applied->item);
}

void overlay::propose(const msg::Effect& effect, std::uint64_t index) {
  cells_.try_emplace(cell_key(effect.key()))
      .first->second.proposed.push_back({index, effect.remove(), effect.item()});
}

void overlay::apply(msg::Effect effect, std::uint64_t index) {
  auto it = cells_.try_emplace(cell_key(std::move(*effect.mutable_key()))).first;
  auto& c = it->second;
  std::erase_if(c.proposed, [index](const version& v) { return v.index <= index; });
  hide_entries(it->first.bytes, c);
  auto before = c.applied ? c.applied->item.size() : 0;
  if (!c.applied)
    c.applied.emplace();
  c.applied->index = index;
  c.applied->removed = effect.remove();
  c.applied->item = std::move(*effect.mutable_item());
  if (entries_ && !c.applied->removed)
    entries_->add(it->first.bytes, c.applied->item);
  auto now = c.applied->item.size();
  bytes_ += now - before;
  if (c.dirty) {
    dirty_bytes_ += now - before;
  } else {
    c.dirty = true;
    dirty_.push_back(it);
    dirty_bytes_ += now + it->first.bytes.size();
  }
}

void overlay::erase_if_empty(cells::iterator it) {
  auto& c = it->second;
  if (!c.applied && c.proposed.empty() && !c.dirty && c.in_flush == 0)
    cells_.erase(it);
}

void overlay::forget_proposed() {
  for (auto it = cells_.begin(); it != cells_.end();) {
    auto here = it++;
    here->second.proposed.clear();
    erase_if_empty(here);
  }
}

void overlay::clear() {
  cells_.clear();
  dirty_.clear();
  taken_.clear();
  next_.clear();
  flushing_ = next_taken_ = false;
  dirty_bytes_ = bytes_ = 0;
  if (entries_)
    entries_->clear();
}

std::vector<msg::Effect> overlay::begin_flush() {
  auto& taken = flushing_ ? next_ : taken_;
  next_taken_ = flushing_;
  flushing_ = true;
  taken = std::move(dirty_);
  dirty_.clear();
  dirty_bytes_ = 0;
  // In key order: neighbours in the store's tree share pages.
  std::sort(taken.begin(), taken.end(), [](auto a, auto b) { return in_key_order()(a->first, b->first); });
  std::vector<msg::Effect> effects;
  effects.reserve(taken.size());
  for (auto it : taken) {
    it->second.dirty = false;
    it->second.in_flush += 1;
    auto& effect = effects.emplace_back();
    effect.set_key(it->first.bytes);
    effect.set_remove(it->second.applied->removed);
    effect.set_item(it->second.applied->item);
  }
  return effects;
}

void overlay::give_back(const std::vector<cells::iterator>& taken) {
  for (auto it : taken) {
    auto& c = it->second;
    c.in_flush -= 1;
    if (c.dirty)
      continue;
    c.dirty = true;
    dirty_.push_back(it);
    dirty_bytes_ += c.applied->item.size() + it->first.bytes.size();
  }
}

void overlay::end_flush(bool written) {
  if (!flushing_)
    return; // a snapshot replaced everything meanwhile
  auto taken = std::move(taken_);
  taken_ = std::move(next_);
  next_.clear();
  flushing_ = std::exchange(next_taken_, false);
  if (!written) {
    give_back(taken);
    give_back(std::exchange(taken_, {}));
    flushing_ = false;
    return;
  }
  for (auto it : taken) {
    auto& c = it->second;
    c.in_flush -= 1;
    if (c.dirty || c.in_flush > 0)
      continue; // written again meanwhile; a later flush takes it
    bytes_ -= c.applied->item.size();
    hide_entries(it->first.bytes, c);
    c.applied.reset();
    erase_if_empty(it);
  }
}

} // namespace troupe::replica
