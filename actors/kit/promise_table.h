// Requests that wait for an answer: id -> what to do with it, each with a deadline, swept together.
//
// CAF's own request timeouts cost a timer each and linger after the reply (caf 0.17.6), so hot paths keep
// their promises here and sweep on a tick. Bounded: when full, the caller refuses the request. One owner, one
// thread. Every promise leaves the table exactly once: taken, expired, or flushed when its owner stops.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::kit {

template <class Promise>
class promise_table {
public:
  // Ids are those above `first_id`.
  explicit promise_table(std::size_t capacity, std::uint64_t first_id = 0)
      : capacity_(capacity), last_id_(first_id) {}

  bool full() const { return promises_.size() >= capacity_; }
  std::size_t size() const { return promises_.size(); }

  // The new promise's id, unique in this table for ever and never 0. The caller has asked full() before.
  std::uint64_t add(Promise promise, std::int64_t deadline_us) {
    auto id = ++last_id_;
    deadlines_.emplace(deadline_us, id);
    promises_.emplace(id, held{std::move(promise), deadline_us});
    return id;
  }

  // Valid until the table changes; null when it is not (or no longer) here.
  Promise* find(std::uint64_t id) {
    auto it = promises_.find(id);
    return it == promises_.end() ? nullptr : &it->second.promise;
  }

  std::optional<Promise> take(std::uint64_t id) {
    auto it = promises_.find(id);
    if (it == promises_.end())
      return std::nullopt;
    Promise promise = std::move(it->second.promise);
    deadlines_.erase({it->second.deadline_us, id});
    promises_.erase(it);
    return promise;
  }

  // All whose deadline is at or before `now_us`, oldest deadline first.
  std::vector<Promise> take_expired(std::int64_t now_us) {
    std::vector<Promise> result;
    while (!deadlines_.empty() && deadlines_.begin()->first <= now_us)
      result.push_back(*take(deadlines_.begin()->second));
    return result;
  }

  std::vector<Promise> take_all() {
    std::vector<Promise> result;
    while (!deadlines_.empty())
      result.push_back(*take(deadlines_.begin()->second));
    return result;
  }

  template <class F>
  void for_each(F visit) {
    for (auto& [id, promise] : promises_)
      visit(id, promise.promise);
  }

  std::optional<std::int64_t> next_deadline() const {
    return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
  }

private:
  struct held {
    Promise promise;
    std::int64_t deadline_us;
  };
  std::size_t capacity_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, held> promises_;
  std::set<std::pair<std::int64_t, std::uint64_t>> deadlines_;
};

} // namespace troupe::kit
