#include "actors/core/dedup/remembered.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::dedup {

std::int64_t clock_in(const msg::Command& command) {
  return command.clock_ms() != 0 ? command.clock_ms() : command.time_ms();
}

std::optional<remembered::outcome> remembered::find(const msg::RequestId& id) const {
  auto it = known_.find(key_of(id));
  return it == known_.end() ? std::nullopt : std::optional(it->second);
}

void remembered::add(const msg::RequestId& id, outcome what, std::int64_t leader_ms) {
  if (!has_id(id))
    return;
  if (clock_ms_ == 0)
    clock_ms_ = seen_ms_ = leader_ms;
  clock_ms_ += std::clamp<std::int64_t>(leader_ms - seen_ms_, 0, step_most_ms);
  seen_ms_ = leader_ms;
  if (known_.emplace(key_of(id), what).second)
    order_.push_back({key_of(id), what, clock_ms_});
  while (!order_.empty() && (order_.front().time_ms < clock_ms_ - limits::remembered_ms ||
                             order_.size() > limits::remembered_requests)) {
    known_.erase(order_.front().key);
    order_.pop_front();
  }
}

bool remembered::crowded() const {
  return order_.size() >= limits::remembered_requests &&
         order_.front().time_ms >= clock_ms_ - limits::remembered_ms;
}

void remembered::restore(const std::vector<msg::AppliedRequest>& requests) {
  known_.clear();
  order_.clear();
  for (auto& r : requests)
    if (outcome what{r.index(), refusal_in(r)}; known_.emplace(key_of(r.id()), what).second)
      order_.push_back({key_of(r.id()), what, r.time_ms()});
  taken_ = order_.empty() ? 0 : order_.back().what.index;
  clock_ms_ = order_.empty() ? 0 : order_.back().time_ms;
  seen_ms_ = clock_ms_;
}

std::vector<msg::AppliedRequest> remembered::take_new() {
  std::vector<msg::AppliedRequest> result;
  auto first =
      std::find_if(order_.rbegin(), order_.rend(), [this](auto& s) { return s.what.index <= taken_; }).base();
  for (; first != order_.end(); ++first) {
    auto& out = result.emplace_back();
    out.mutable_id()->set_client(first->key.first);
    out.mutable_id()->set_sequence(first->key.second);
    out.set_index(first->what.index);
    out.set_refused(first->what.refused != msg::OK);
    out.set_refused_with(first->what.refused);
    out.set_time_ms(first->time_ms);
  }
  if (!order_.empty())
    taken_ = order_.back().what.index;
  return result;
}

std::int64_t remembered::oldest_ms() const {
  return order_.empty() ? 0 : order_.front().time_ms;
}

} // namespace troupe::dedup
