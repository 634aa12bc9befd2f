// When heartbeats are all there is to do: who may leave them to a deputy, and what it has heard meanwhile.
#include "actors/core/paxos/deputy.h"
#include "actors/core/paxos/state.h"
#include <algorithm>

namespace troupe::paxos {

bool group::state::resting() const {
  bool busy = removed || provisional || !disk_ok || trying || outstanding || owed || snapshot_source ||
              hard_dirty || reset_to || log.dirty() || !now_queue.empty() || !after_queue.empty() ||
              !read_results.empty();
  if (busy || !same(durable_promised, promised) || log.durable() != log.last())
    return false;
  bool caught_up = commit == log.last() && handed == commit && applied == commit &&
                   (!has_items || applied_durably == commit);
  if (!caught_up)
    return false;
  if (leading)
    return leader_rests();
  // A log replica that has items by now goes on saying so: the leader waits for that, and a deputy cannot say
  // it.
  const msg::Member* self = find_member(config, opts.self);
  if (has_items && self && self->kind() == msg::LOG_REPLICA)
    return false;
  return leader != 0 && leader == promised.member() && agreed == commit &&
         leases.granted_until(promised) > clock;
}

// All that answer have everything, and have heard that they have; a quorum answers. Those that do not answer
// are not waited for: when their nodes are back, their refusals of our pulse wake us.
bool group::state::leader_rests() const {
  const leadership& l = *leading;
  if (!serves(clock) || l.pending || !l.reads.empty() || l.tail != commit ||
      l.told_settled != everywhere_applied() || l.told_held != held_in_items())
    return false;
  std::size_t voters = l.self_votes ? 1 : 0;
  for (const follower& f : l.followers) {
    if (!f.reachable && clock - f.heard > opts.lease)
      continue;
    bool told = f.reachable && f.acked >= l.told;
    bool has_all = f.match == l.tail && f.commit == commit && !f.needs_snapshot && f.flight.empty();
    bool flushed = f.kind == msg::LOG_REPLICA || f.applied >= commit;
    if (!told || !has_all || !flushed)
      return false;
    voters += f.votes;
  }
  return voters >= quorum(config);
}

bool group::rest(deputy& to, instant now) {
  state& s = *state_;
  s.clock = std::max(s.clock, now);
  if (!s.resting()) {
    to.dismiss();
    return false;
  }
  if (!s.leading) {
    to.follow(s.promised, s.commit, s.leases.granted_until(s.promised), s.opts.lease);
    return true;
  }
  if (to.leads() && same(to.ballot(), s.promised) && to.commit() == s.commit)
    return true; // and goes on
  std::vector<deputy::answering> followers;
  for (const follower& f : s.leading->followers)
    if (f.reachable)
      followers.push_back({f.id, f.acked, 0});
  to.lead(s.promised, s.commit, std::move(followers), s.opts.lease / 2);
  return true;
}

void group::heartbeat_heard(const msg::Ballot& ballot, instant heard) {
  state& s = *state_;
  s.clock = std::max(s.clock, heard);
  if (s.removed || !same(ballot, s.promised) || !s.follow(ballot, ballot.member()))
    s.ignore();
}

void group::heartbeat_answered(const msg::Ballot& ballot, member_id by, instant sent, instant heard) {
  state& s = *state_;
  s.clock = std::max(s.clock, heard);
  if (!s.leading || !same(ballot, s.leading->ballot))
    return;
  if (follower* f = s.find_follower(by)) {
    s.heard_from(*f, sent);
    s.renew_lease();
  }
}

} // namespace troupe::paxos
