// The search for one key: internal to the checker. Values are small integers here, so that nothing is
// compared as text while searching.
#pragma once
#include "tests/linearizability/checker.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::linearizability {

using value_id = std::uint32_t;
using position = std::uint32_t; // of an event in the vector that is searched

struct event {
  enum class kind : std::uint8_t {
    write,   // any state -> written
    swap,    // only in state expected -> written
    read,    // only in state expected; changes nothing
    refused, // only in a state other than expected; changes nothing
  };
  kind what = kind::read;
  bool optional = false; // need not be placed: nobody knows whether it took effect. Writes and swaps only.
  value_id written = 0;
  value_id expected = 0;
  std::int64_t invoked = 0;
  std::int64_t returned = never; // optional: never

  bool changes() const { return what == kind::write || what == kind::swap; }
};

struct search_result {
  verdict result = verdict::linearizable;
  std::uint64_t steps = 0;
  // A linearization; with a violation, the longest beginning of one that was met.
  std::vector<position> order;
};

// A point in time after which the search gives up, beside limits.steps and limits.memory.
using deadline = std::chrono::steady_clock::time_point;

// `events` ascending by `invoked`; values are below `values`.
search_result search(const std::vector<event>& events, value_id initial, value_id values,
                     const budget& limits, deadline until);

} // namespace troupe::linearizability
