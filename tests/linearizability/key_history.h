// One key's part of a history, prepared for the search: internal to the checker.
#pragma once
#include "tests/linearizability/search.h"
#include <string>
#include <vector>

namespace troupe::linearizability {

struct key_history {
  std::vector<event> events;             // ascending by invocation
  std::vector<const operation*> origins; // of events, position by position
  std::vector<value> values;             // by value_id; 0 is absent
  value_id initial = 0;
};

// Prepares the operations on one key as they looked at time `cut`: what was invoked later is left out, and
// what returned later is pending. Drops what cannot matter (reads without an answer, refusals before anything
// was done, reads that another read proves, unknown writes that nobody can have seen) and makes certain what
// must have happened (an unknown write that was seen).
key_history prepare(const std::vector<const operation*>& operations, const value& initial,
                    std::int64_t cut = never);

} // namespace troupe::linearizability
