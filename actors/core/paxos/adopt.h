// The decision at the heart of phase 1, as a pure function: given what a quorum has accepted, what must a new
// leader propose again?
#pragma once
#include "actors/core/paxos/log.h"
#include <vector>

namespace troupe::paxos {

// One promise: entries accepted by that member, ascending and without holes.
using accepted_entries = std::vector<entry_ptr>;

// The values to propose again from index above + 1 on, without holes: at each index the one with the highest
// ballot, up to the first index that
//   - nobody has accepted: nothing above can have been chosen either, since acceptors have no holes;
//   - holds a value evaluated on another log than the one adopted below it (its previous_link does not fit):
//     it and everything above was never chosen, see docs/paxos.md, "What a new leader adopts";
//   - follows a configuration entry: those above it are governed by that configuration, and need its quorum.
// above: the candidate's commit index; link: the link there.
std::vector<entry_ptr> adopt(log_index above, std::uint64_t link,
                             const std::vector<accepted_entries>& promises,
                             const struct options::mutations& mutations = {});

} // namespace troupe::paxos
