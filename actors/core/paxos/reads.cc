// Reads without trusting a clock: a round of heartbeats that a quorum answers after the read was asked proves
// that nobody else led before it was asked. One round serves all reads that wait when it begins.
#include "actors/core/paxos/state.h"

namespace troupe::paxos {

void group::state::read_index(std::uint64_t token) {
  if (!leading || leading->successor != 0) {
    read_results.push_back({token, false});
    return;
  }
  leadership& l = *leading;
  bool idle = l.reads.empty();
  l.reads.push_back({token, l.round + 1, std::max(commit, l.noop)});
  if (idle)
    begin_round();
}

void group::state::begin_round() {
  send_heartbeats(); // begins the round that the last read waits for
  finish_reads();    // a single member is its own quorum
}

void group::state::finish_reads() {
  if (!leading)
    return;
  leadership& l = *leading;
  std::vector<log_index>& rounds = l.match_scratch;
  rounds.clear();
  if (l.self_votes)
    rounds.push_back(l.round);
  for (const follower& f : l.followers)
    if (f.votes)
      rounds.push_back(f.read_round);
  std::uint64_t confirmed = reached_by<std::uint64_t>(rounds, quorum(config), 0);
  while (!l.reads.empty()) {
    const pending_read& read = l.reads.front();
    if (read.round > confirmed || l.noop == 0 || applied < std::max(read.index, l.noop))
      break;
    read_results.push_back({read.token, true});
    l.reads.pop_front();
  }
  // Those that came while a round was under way share the next one.
  if (confirmed == l.round && !l.reads.empty() && l.reads.back().round > l.round)
    begin_round();
}

void group::state::fail_reads() {
  for (const pending_read& read : leading->reads)
    read_results.push_back({read.token, false});
  leading->reads.clear();
}

} // namespace troupe::paxos
