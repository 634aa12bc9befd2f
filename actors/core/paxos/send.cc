// What the leader sends, and how much: Accepts ahead of their answers within a window per follower, and
// heartbeats at their interval whatever else is sent.
#include "actors/core/paxos/state.h"
#include "config/limits.h"

namespace troupe::paxos {

// Begin again where the follower's log is known to fit.
void group::state::rewind(follower& f) {
  f.next = f.agreed + 1;
  f.flight.clear();
  f.flight_bytes = 0;
  f.rewound = clock;
  f.progressed = clock;
}

bool group::state::can_send(const follower& f) const {
  return f.reachable && !f.needs_snapshot && !f.waits_for_log && f.next <= leading->tail &&
         f.flight_bytes < opts.bounds.follower_window_bytes;
}

void group::state::send_accept(follower& f) {
  if (f.next <= beginning_of(f)) {
    f.needs_snapshot = true;
    if (f.kind == msg::LOG_REPLICA)
      now_queue.push_back(gone(f.id)); // that is all it needs: the third vote need not wait for a heartbeat
    return;
  }
  msg::PaxosMessage message = to(f.id);
  msg::Accept& accept = *message.mutable_accept();
  log_index copied = log.copy(f.next, leading->tail, opts.bounds.append_entries, limits::append_bytes,
                              *accept.mutable_entries());
  if (copied < f.next) {
    f.waits_for_log = true; // until our disk has given it; its next answer makes us try again, too
    return;
  }
  *accept.mutable_ballot() = leading->ballot;
  accept.set_previous_index(f.next - 1);
  accept.set_previous_link(accept.entries(0).previous_link());
  accept.set_commit(commit);
  accept.set_sent_us(clock);
  if (f.flight.empty())
    f.progressed = clock;
  std::size_t bytes = log.bytes(f.next - 1, copied);
  f.flight.push_back({copied, bytes});
  f.flight_bytes += bytes;
  f.next = copied + 1;
  now_queue.push_back(std::move(message));
}

// Called when the caller is ready to send, and not when proposing: what was proposed in between shares a
// message.
void group::state::send_accepts() {
  for (follower& f : leading->followers)
    while (can_send(f))
      send_accept(f);
}

void group::state::send_heartbeats() {
  leadership& l = *leading;
  if (!l.reads.empty() && l.reads.back().round > l.round)
    ++l.round;
  log_index everywhere = everywhere_applied(), in_items = held_in_items();
  l.told = clock;
  l.told_settled = everywhere;
  l.told_held = in_items;
  for (follower& f : l.followers) {
    msg::PaxosMessage message = to(f.id);
    msg::Heartbeat& beat = *message.mutable_heartbeat();
    *beat.mutable_ballot() = l.ballot;
    beat.set_commit(commit);
    beat.set_sent_us(clock);
    beat.set_read_round(l.round);
    beat.set_settled(everywhere);
    beat.set_held(in_items);
    now_queue.push_back(std::move(message));
  }
}

void group::state::look_after_slow_ones() {
  for (follower& f : leading->followers) {
    if (clock - f.heard > opts.lease) {
      f.reachable = false;
      f.flight.clear();
      f.flight_bytes = 0;
    } else if (!f.flight.empty() && clock - f.progressed >= f.patience) {
      f.patience = std::min(2 * f.patience, 2 * opts.lease);
      rewind(f);
    }
    if (f.needs_snapshot)
      now_queue.push_back(gone(f.id));
  }
}

log_index group::state::everywhere_applied() const {
  log_index lowest = has_items ? applied_durably : std::min(handed, log.durable());
  for (const follower& f : leading->followers)
    lowest = std::min(lowest, f.kind == msg::LOG_REPLICA ? std::min(f.match, commit) : f.applied);
  return lowest;
}

// Where this follower's log may begin. A log replica is there for what an item store may lack: what every
// voter with items that stays holds durably in them has copies enough, and a newcomer need not be sent it
// however much it is. But should all of those be lost, what the archive has not got yet must be in its log.
log_index group::state::beginning_of(const follower& f) const {
  if (f.kind != msg::LOG_REPLICA || f.applied > 0)
    return log.base();
  log_index lowest = std::min({applied_durably, commit, archived});
  std::size_t holders = leading->pending ? leading->self_votes_next : leading->self_votes;
  for (const follower& other : leading->followers)
    if (other.kind == msg::STORAGE_REPLICA && (leading->pending ? other.votes_next : other.votes)) {
      lowest = std::min(lowest, other.applied);
      ++holders;
    }
  return holders > 1 ? std::max(lowest, log.base()) : log.base();
}

// Entries above this are missing in some voter's items: a log replica's log may hold the second copy of them.
log_index group::state::held_in_items() const {
  log_index lowest = applied_durably;
  std::size_t holders = leading->self_votes;
  for (const follower& f : leading->followers)
    if (may_lead(config, f.id) ||
        f.kind == msg::STORAGE_REPLICA) { // also one that a change under way makes a learner
      lowest = std::min(lowest, f.applied);
      ++holders;
    }
  return holders > 1 ? lowest : 0; // the only items there are need the logs beside them
}

} // namespace troupe::paxos
