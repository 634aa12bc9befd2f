// The definition of linearizability, word for word and without any cleverness: tries every order of every
// choice of the unknown operations. The checker is compared with it on small histories.
#pragma once
#include "tests/linearizability/history.h"
#include <algorithm>
#include <vector>

namespace troupe::linearizability {

class brute_force {
public:
  // At most about 10 operations, on one key.
  static bool linearizable(const std::vector<operation>& history) {
    brute_force all(history);
    return all.place(std::nullopt);
  }

private:
  explicit brute_force(const std::vector<operation>& history)
      : history_(history), used_(history.size(), false) {}

  static std::int64_t returned(const operation& op) {
    return op.result == outcome::unknown ? never : op.returned;
  }

  bool place(const value& state) {
    // Everything else may be unknown and without effect.
    bool done = true;
    for (std::size_t i = 0; i < history_.size(); ++i)
      done = done &&
             (used_[i] || history_[i].result == outcome::unknown || history_[i].result == outcome::failed);
    if (done)
      return true;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      const operation& op = history_[i];
      if (used_[i] || op.result == outcome::failed || !first(op))
        continue;
      value after = state;
      if (!legal(op, after))
        continue;
      used_[i] = true;
      const bool found = place(after);
      used_[i] = false;
      if (found)
        return true;
    }
    return false;
  }

  bool first(const operation& op) const {
    for (std::size_t i = 0; i < history_.size(); ++i)
      if (!used_[i] && history_[i].result != outcome::failed && returned(history_[i]) < op.invoked)
        return false;
    return true;
  }

  static bool legal(const operation& op, value& state) {
    switch (op.what) {
    case action::put:
      state = op.written;
      return true;
    case action::remove:
      state.reset();
      return true;
    case action::get:
      return op.result == outcome::unknown || op.read == state;
    case action::cas:
      if (op.result == outcome::condition_failed)
        return state != op.expected;
      if (state != op.expected)
        return op.result == outcome::unknown;
      state = op.written;
      return true;
    }
    return false;
  }

  const std::vector<operation>& history_;
  std::vector<bool> used_;
};

} // namespace troupe::linearizability
