#include "actors/replica/remembered.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::replica {

std::optional<std::uint64_t> remembered::find(const msg::RequestId& id) const {
  auto it = index_of_.find(key_of(id));
  return it == index_of_.end() ? std::nullopt : std::optional(it->second);
}

void remembered::add(const msg::RequestId& id, std::uint64_t index, std::int64_t time_ms) {
  if (!has_id(id))
    return;
  if (index_of_.emplace(key_of(id), index).second)
    order_.push_back({key_of(id), index, time_ms});
  while (!order_.empty()
         && (order_.front().time_ms < time_ms - limits::remembered_ms || order_.size() > limits::remembered_requests)) {
    index_of_.erase(order_.front().key);
    order_.pop_front();
  }
}

void remembered::restore(const std::vector<msg::AppliedRequest>& requests) {
  index_of_.clear();
  order_.clear();
  for (auto& r : requests)
    if (index_of_.emplace(key_of(r.id()), r.index()).second)
      order_.push_back({key_of(r.id()), r.index(), r.time_ms()});
  taken_ = order_.empty() ? 0 : order_.back().index;
}

std::vector<msg::AppliedRequest> remembered::take_new() {
  std::vector<msg::AppliedRequest> result;
  auto first = std::find_if(order_.rbegin(), order_.rend(), [this](auto& s) { return s.index <= taken_; }).base();
  for (; first != order_.end(); ++first) {
    auto& out = result.emplace_back();
    out.mutable_id()->set_client(first->key.first);
    out.mutable_id()->set_sequence(first->key.second);
    out.set_index(first->index);
    out.set_time_ms(first->time_ms);
  }
  if (!order_.empty())
    taken_ = order_.back().index;
  return result;
}

std::int64_t remembered::oldest_ms() const {
  return order_.empty() ? 0 : order_.front().time_ms;
}

} // namespace troupe::replica
