// Leaving politely: stop serving, wait until the successor has everything, then give the lease away. What is
// given away is the lease of one ballot, and for good; whoever has heard of it need not wait it out.
#include "actors/core/paxos/state.h"

namespace troupe::paxos {

// The most up to date of those that answered within a lease; 0 when there is none.
member_id group::state::best_successor(const msg::Configuration& among) const {
  const follower* best = nullptr;
  for (const follower& f : leading->followers) {
    if (!may_lead(among, f.id) || f.acked == long_ago || clock - f.heard > opts.lease)
      continue;
    if (!best || f.match > best->match)
      best = &f;
  }
  return best ? best->id : 0;
}

bool group::state::hand_over(member_id successor) {
  if (!leading)
    return false;
  if (successor == 0)
    successor = best_successor(config);
  follower* f = find_follower(successor);
  if (!f || !may_lead(config, successor) || clock - f->heard > opts.lease)
    return false;
  if (leading->successor == 0)
    leading->hand_over_until = clock + opts.lease;
  leading->successor = successor;
  maybe_hand_off();
  return true;
}

// Only who may have served gives a lease away: by then the leases of all before it have ended, and a voter
// that has forgotten what it granted owes nothing to anybody else (on_abdication).
bool group::state::may_hand_off() const {
  return leading->noop != 0 && commit >= leading->noop && clock >= leading->serve_after;
}

void group::state::maybe_hand_off() {
  if (!leading || leading->successor == 0 || !may_hand_off())
    return;
  follower* f = find_follower(leading->successor);
  if (f && f->match == leading->tail)
    send_hand_off(leading->successor);
}

void group::state::send_hand_off(member_id successor) {
  for (const follower& f : leading->followers) {
    msg::PaxosMessage message = to(f.id);
    *message.mutable_hand_off()->mutable_ballot() = leading->ballot;
    message.mutable_hand_off()->set_successor(successor);
    now_queue.push_back(std::move(message));
  }
  leases.abdicate(leading->ballot);
  step_down();
}

// A leader counts a lease only from answers to a durably promised ballot, and hands over only when the leases
// of all earlier ballots have ended. So what a restarted voter may have forgotten is a grant to the ballot of
// its promise at the latest; when that one, or a later one, is given up, nothing is left to withhold a
// promise for.
void group::state::on_abdication(const msg::Ballot& ballot) {
  leases.abdicate(ballot);
  if (!before(ballot, promised))
    leases.stop_withholding();
}

void group::state::on_hand_off(const msg::PaxosMessage& message) {
  const msg::HandOff& hand_off = message.hand_off();
  if (hand_off.ballot().member() != message.from()) {
    ignore();
    return;
  }
  note_round(hand_off.ballot());
  on_abdication(hand_off.ballot());
  if (before(hand_off.ballot(), promised))
    return; // an old one: its lease is void, and somebody else is at work
  leader = 0;
  if (hand_off.successor() == opts.self && handed <= commit && may_campaign())
    prepare(hand_off.ballot());
  else if (!trying)
    wait_for_leader(opts.lease / 2);
}

} // namespace troupe::paxos
