// Where threads of the program leave requests for the session's actor: one lock, and one wake-up for as many
// requests as have gathered since it last looked. It also counts what is under way, and refuses past the
// bound.
#pragma once
#include "actors/client/calls.h"
#include <cstddef>
#include <mutex>
#include <vector>

namespace troupe::client {

class intake {
public:
  enum class answer {
    taken,
    taken_wake, // and the actor must be woken up: these are the first since it looked
    full,       // the errand is unchanged
    closed,     // the errand is unchanged
  };

  explicit intake(std::size_t capacity) : capacity_(capacity) {}

  answer push(errand& what) {
    std::lock_guard guard(lock_);
    if (closed_)
      return answer::closed;
    if (held_ >= capacity_)
      return answer::full;
    ++held_;
    waiting_.push_back(std::move(what));
    return waiting_.size() == 1 ? answer::taken_wake : answer::taken;
  }

  std::vector<errand> take() {
    std::lock_guard guard(lock_);
    return std::exchange(waiting_, {});
  }

  // That many of those taken have been answered.
  void release(std::size_t count) {
    std::lock_guard guard(lock_);
    held_ -= count;
  }

  // Nothing is taken in from now on; what waits can still be taken out.
  void close() {
    std::lock_guard guard(lock_);
    closed_ = true;
  }

  std::size_t held() const {
    std::lock_guard guard(lock_);
    return held_;
  }

private:
  mutable std::mutex lock_;
  std::size_t capacity_;
  std::vector<errand> waiting_; // taken in, not yet seen by the actor
  std::size_t held_ = 0;        // taken in, not yet answered; >= waiting_.size(), <= capacity_
  bool closed_ = false;
};

} // namespace troupe::client
