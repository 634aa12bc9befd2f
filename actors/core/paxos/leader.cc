// The leader: proposing, counting what became durable where, committing, and its lease.
#include "actors/core/paxos/state.h"
#include "config/limits.h"

namespace troupe::paxos {

void group::state::append(msg::Entry::Kind kind, std::string payload) {
  leadership& l = *leading;
  auto link = log.link(l.tail);
  invariant(link.has_value(), "the link at the leader's tail is known");
  auto entry = std::make_shared<msg::Entry>();
  entry->set_index(l.tail + 1);
  *entry->mutable_ballot() = l.ballot;
  entry->set_kind(kind);
  entry->set_payload(std::move(payload));
  entry->set_previous_link(*link);
  entry->set_link(link_of(opts.group, *entry, *link));
  put(std::move(entry));
  agreed = ++l.tail;
}

// Another ballot's value, proposed again in ours: the value and its links stay as they are.
void group::state::append_adopted(const entry_ptr& from) {
  auto entry = std::make_shared<msg::Entry>(*from);
  *entry->mutable_ballot() = leading->ballot;
  put(std::move(entry));
  agreed = ++leading->tail;
}

bool group::state::window_open(std::size_t payload_bytes) const {
  if (!leading || leading->pending || leading->successor != 0 || payload_bytes > limits::command_bytes)
    return false;
  return leading->tail - applied < opts.bounds.inflight_entries &&
         log.bytes(applied, leading->tail) + payload_bytes <= limits::inflight_entry_bytes;
}

bool group::state::serves(instant now) const {
  if (!leading || leading->successor != 0 || now < leading->serve_after || !lease_valid(now))
    return false;
  return opts.mutations.serve_before_noop || (leading->noop != 0 && applied >= leading->noop);
}

std::optional<log_index> group::state::propose(std::string payload) {
  if (!serves(clock) || !window_open(payload.size()))
    return std::nullopt;
  append(msg::Entry::COMMAND, std::move(payload));
  return leading->tail;
}

follower* group::state::find_follower(member_id id) {
  for (follower& f : leading->followers)
    if (f.id == id)
      return &f;
  return nullptr;
}

// --- what followers say
// -------------------------------------------------------------------------------------

void group::state::heard_from(follower& f, instant sent_us) {
  f.heard = clock;
  if (sent_us >= leading->since && sent_us <= clock)
    f.acked = std::max(f.acked, opts.mutations.lease_from_receive ? clock : sent_us);
  f.waits_for_log = false;
  if (!f.reachable) {
    f.reachable = true;
    rewind(f);
  }
}

void group::state::matched(follower& f, log_index match) {
  match = std::min(match, leading->tail);
  f.agreed = std::max(f.agreed, match);
  if (match <= f.match)
    return;
  f.match = match;
  f.progressed = clock;
  f.patience = opts.heartbeat;
  while (!f.flight.empty() && f.flight.front().last <= match) {
    f.flight_bytes -= f.flight.front().bytes;
    f.flight.pop_front();
  }
  if (f.next <= match) {
    f.next = match + 1;
    f.flight.clear();
    f.flight_bytes = 0;
  }
}

void group::state::on_accepted(const msg::PaxosMessage& message) {
  const msg::Accepted& reply = message.accepted();
  note_round(reply.promised());
  if (!leading || !same(reply.ballot(), leading->ballot))
    return;
  follower* f = find_follower(message.from());
  if (!f) {
    ignore();
    return;
  }
  if (before(leading->ballot, reply.promised())) {
    step_down(); // deposed
    return;
  }
  heard_from(*f, reply.sent_us());
  f->applied = std::max<log_index>(f->applied, reply.applied());
  if (reply.granted()) {
    matched(*f, reply.match());
    advance_commit();
  } else if (reply.need() > 0 && reply.sent_us() >= f->rewound) {
    f->agreed = std::min<log_index>(reply.need() - 1, leading->tail);
    rewind(*f);
  }
  if (leading)
    renew_lease();
  maybe_hand_off();
}

void group::state::on_heartbeat_reply(const msg::PaxosMessage& message) {
  const msg::HeartbeatReply& reply = message.heartbeat_reply();
  note_round(reply.promised());
  if (!leading || !same(reply.ballot(), leading->ballot))
    return;
  follower* f = find_follower(message.from());
  if (!f) {
    ignore();
    return;
  }
  if (before(leading->ballot, reply.promised())) {
    step_down();
    return;
  }
  if (!reply.granted())
    return;
  heard_from(*f, reply.sent_us());
  f->applied = std::max<log_index>(f->applied, reply.applied());
  f->commit = std::max<log_index>(f->commit, reply.commit());
  f->read_round = std::max<std::uint64_t>(f->read_round, reply.read_round());
  matched(*f, reply.match());
  // What both know to be chosen need not be sent, though it is not a vote.
  f->agreed = std::max(f->agreed, std::min(f->commit, commit));
  if (f->next <= f->agreed)
    rewind(*f);
  if (f->needs_snapshot && f->agreed >= log.base()) {
    f->needs_snapshot = false;
    rewind(*f);
  }
  advance_commit();
  if (leading) {
    renew_lease();
    finish_reads();
  }
  maybe_hand_off();
}

// --- counting
// -----------------------------------------------------------------------------------------------

// Ends a lease after the latest sending time that a quorum has answered: no voter of it promises anybody else
// before that much of its own time has passed since it heard, which was not earlier than we sent.
void group::state::renew_lease() {
  leadership& l = *leading;
  std::vector<instant>& acked = l.acked_scratch;
  acked.clear();
  if (l.self_votes)
    acked.push_back(clock);
  for (const follower& f : l.followers)
    if (f.votes)
      acked.push_back(f.acked);
  instant since = reached_by(acked, quorum(config), long_ago);
  l.lease_end = since == long_ago ? long_ago : since + opts.lease - opts.drift;
}

log_index group::state::quorum_match(bool next) const {
  const leadership& l = *leading;
  std::vector<log_index>& reached = l.match_scratch;
  reached.clear();
  if (next ? l.self_votes_next : l.self_votes)
    reached.push_back(opts.mutations.count_unsynced_self ? l.tail : std::min(log.durable(), l.tail));
  for (const follower& f : l.followers)
    if (next ? f.votes_next : f.votes)
      reached.push_back(f.match);
  std::size_t needed = quorum(next ? l.pending->next : config);
  if (opts.mutations.quorum_of_one)
    needed = 1;
  return reached_by<log_index>(reached, needed, 0);
}

void group::state::advance_commit() {
  if (!leading)
    return;
  leadership& l = *leading;
  log_index index = quorum_match(false);
  if (l.pending && index >= l.pending->index) {
    // A configuration is not said to be chosen before a quorum of its own has it and all below it: from then
    // on the members it removes may be destroyed.
    if (quorum_match(true) < l.pending->index)
      index = l.pending->index - 1;
  }
  if (index <= commit)
    return;
  if (commit_to(index))
    configuration_changed();
}

// --- time
// -----------------------------------------------------------------------------------------------------

void group::state::lead_on() {
  leadership& l = *leading;
  renew_lease();
  if (l.successor != 0 && clock >= l.hand_over_until)
    l.successor = 0; // it did not get there in time, and has been told nothing: serve on
  if (clock >= std::max(l.lease_end, l.since + opts.lease)) {
    ++counters.leases_lost;
    step_down();
    return;
  }
  if (clock >= l.next_heartbeat) {
    if (!disk_ok && l.successor == 0)
      hand_over(0); // somebody may be able to lead by now
    if (!leading)
      return;
    look_after_slow_ones();
    send_heartbeats();
    l.next_heartbeat = clock + opts.heartbeat;
  }
  maybe_hand_off();
}

} // namespace troupe::paxos
