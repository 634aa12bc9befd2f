// Tells people what is wrong with one key's history: internal to the checker.
#pragma once
#include "tests/linearizability/checker.h"
#include "tests/linearizability/search.h"
#include <string>
#include <vector>

namespace troupe::linearizability {

// `operations` (on one key) are known not to be linearizable. Finds the return that made them so, and shows
// the longest order of what came before and why none of the pending operations can be next.
std::string explain(const std::vector<const operation*>& operations, const value& initial,
                    const budget& limits, deadline until, std::uint64_t& steps);

} // namespace troupe::linearizability
