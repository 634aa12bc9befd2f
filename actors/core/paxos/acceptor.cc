// The acceptor: promises, votes, and what it owes to the leader it last answered.
#include "actors/core/paxos/state.h"
#include "config/limits.h"

namespace troupe::paxos {

// From here on nothing below `ballot` is accepted. Durable before anybody is told (ready.cc).
void group::state::promise_to(const msg::Ballot& ballot) {
  invariant(before(promised, ballot), "promises only grow");
  if (leading)
    step_down();
  trying.reset();
  role = role::follower;
  promised = ballot;
  note_round(ballot);
  hard_dirty = true;
  agreed = 0;
  owed.reset();
  leader = 0;
}

// A leader speaks in `ballot`. False when somebody later has been promised.
bool group::state::follow(const msg::Ballot& ballot, member_id from) {
  if (before(ballot, promised))
    return false;
  if (before(promised, ballot))
    promise_to(ballot);
  if (trying)
    drop_attempt(0);
  leader = from;
  courted_by = 0;
  leases.grant(ballot, clock);
  wait_for_leader(opts.lease);
  return true;
}

instant group::state::bound_to_others(member_id candidate) const {
  if (opts.mutations.promise_during_lease)
    return 0;
  if (leading && leading->lease_end > clock)
    return leading->lease_end - clock;
  return leases.refuses(candidate, clock);
}

// The asker must first fetch what is chosen: what it asks for is gone here, or more than one answer should
// hold. Entries that are not known to be chosen cannot be fetched in any other way and are sent however many.
bool group::state::lags_behind_us(log_index asker_commit) const {
  if (asker_commit < log.base())
    return true;
  if (commit <= asker_commit || log.last() <= asker_commit)
    return false;
  // What is chosen may have to be read from the disk first, and a promise does not wait for that.
  if (!log.in_memory(asker_commit + 1))
    return true;
  return log.last() - asker_commit > opts.bounds.promise_entries ||
         log.bytes(asker_commit, log.last()) > limits::promise_bytes;
}

void group::state::on_pre_vote(const msg::PaxosMessage& message) {
  const msg::PreVote& question = message.pre_vote();
  note_round(question.ballot());
  msg::PaxosMessage answer = to(message.from());
  msg::PreVoteReply& reply = *answer.mutable_pre_vote_reply();
  *reply.mutable_ballot() = question.ballot();
  *reply.mutable_promised() = promised;
  reply.set_commit(commit);
  if (instant left = bound_to_others(message.from()); left > 0) {
    reply.set_hears_leader(leading || leases.hears_other_than(message.from(), clock));
    reply.set_lease_left_us(left);
  } else if (courted_by != message.from() && courted_until > clock) {
    reply.set_lease_left_us(courted_until - clock); // somebody else is about to lead
  } else if (lags_behind_us(question.commit())) {
    reply.set_behind(true);
  } else {
    reply.set_granted(disk_ok);
  }
  now_queue.push_back(std::move(answer));
}

void group::state::on_prepare(msg::PaxosMessage& message) {
  const msg::Prepare& request = message.prepare();
  member_id candidate = message.from();
  if (request.ballot().member() != candidate) {
    ignore();
    return;
  }
  note_round(request.ballot());
  if (request.has_handed_off())
    on_abdication(request.handed_off());

  msg::PaxosMessage answer = to(candidate);
  msg::Promise& reply = *answer.mutable_promise();
  *reply.mutable_ballot() = request.ballot();
  reply.set_commit(commit);
  bool again = same(request.ballot(), promised); // its answer was lost
  instant left = again ? 0 : bound_to_others(candidate);
  bool late = before(request.ballot(), promised);
  if (late || left > 0 || lags_behind_us(request.commit())) {
    *reply.mutable_promised() = promised;
    reply.set_lease_left_us(left);
    reply.set_behind(!late && left == 0);
    now_queue.push_back(std::move(answer));
    return;
  }
  if (!again)
    promise_to(request.ballot());
  courted_by = candidate;
  courted_until = clock + opts.heartbeat;
  wait_for_leader(opts.lease / 2);
  reply.set_granted(true);
  *reply.mutable_promised() = promised;
  reply.set_lease_left_us(leases.others_left(clock));
  for (log_index x = request.commit() + 1; x <= log.last(); ++x)
    *reply.add_entries() = *log.at(x);
  // While the disk hangs the candidate asks again and again; what it was to be told before is worth nothing
  // now.
  std::erase_if(after_queue,
                [&](const msg::PaxosMessage& m) { return m.has_promise() && m.to() == candidate; });
  after_queue.push_back(std::move(answer));
}

void group::state::put(entry_ptr entry) {
  log_index index = entry->index();
  invariant(index > commit, "what is chosen is never overwritten");
  bool overwrites = index <= log.last();
  // Learning what was chosen may show that the leader we followed so far was deposed there.
  if (index <= agreed && overwrites && log.at(index)->link() != entry->link())
    agreed = index - 1;
  log.write(std::move(entry));
  if (overwrites && opts.mutations.truncate_above)
    log.drop_above(index);
}

bool group::state::commit_to(log_index index) {
  invariant(index <= log.last(), "only what the log holds is committed");
  bool changed = false;
  while (commit < index) {
    ++commit;
    const msg::Entry& entry = *log.at(commit);
    if (entry.kind() == msg::Entry::CONFIGURATION) {
      take_effect(entry);
      changed = true;
    }
  }
  snapshot_source.reset(); // the log goes on after all
  return changed;
}

void group::state::follower_commit(log_index index) {
  if (index <= commit)
    return;
  bool changed = commit_to(index);
  // Whoever was being asked under the old configuration may not be the right one any more.
  if (changed && trying && !trying->preparing)
    drop_attempt(jitter(opts.heartbeat));
}

void group::state::refuse_gap(const msg::PaxosMessage& message, log_index need) {
  msg::PaxosMessage answer = to(message.from());
  msg::Accepted& reply = *answer.mutable_accepted();
  *reply.mutable_ballot() = message.accept().ballot();
  *reply.mutable_promised() = promised;
  reply.set_need(need);
  reply.set_sent_us(message.accept().sent_us());
  reply.set_applied(has_items ? applied_durably : 0);
  now_queue.push_back(std::move(answer));
}

void group::state::on_accept(msg::PaxosMessage& message) {
  msg::Accept& accept = *message.mutable_accept();
  if (accept.ballot().member() != message.from()) {
    ignore();
    return;
  }
  log_index x = accept.previous_index();
  for (const msg::Entry& entry : accept.entries()) {
    ++x;
    if (entry.index() != x || (x > accept.commit() && !same(entry.ballot(), accept.ballot()))) {
      ignore();
      return;
    }
    if (link_of(opts.group, entry, entry.previous_link()) != entry.link()) {
      ++counters.links_refused;
      return;
    }
  }
  note_round(accept.ballot());
  if (!follow(accept.ballot(), message.from())) {
    msg::PaxosMessage answer = to(message.from());
    *answer.mutable_accepted()->mutable_ballot() = accept.ballot();
    *answer.mutable_accepted()->mutable_promised() = promised;
    answer.mutable_accepted()->set_sent_us(accept.sent_us());
    now_queue.push_back(std::move(answer));
    return;
  }

  // Up to where both know it to be chosen, both have the same.
  agreed = std::max(agreed, std::min(commit, accept.commit()));
  log_index previous = accept.previous_index();
  std::optional<std::uint64_t> link = log.link(previous);
  bool fits = link && *link == accept.previous_link();
  if (previous > agreed) {
    // Equal links are equal logs up to there; to count as chosen or as accepted in this ballot it must be one
    // that the leader knows to be chosen, or that we do.
    if (fits && previous <= std::max(commit, accept.commit())) {
      agreed = previous;
      follower_commit(std::min(previous, accept.commit()));
    } else if (previous > commit) {
      refuse_gap(message, agreed + 1);
      return;
    }
  }
  if (link && !fits && !opts.mutations.skip_link_check) {
    ++counters.links_refused; // a deposed leader's log, or corruption
    return;
  }

  for (msg::Entry& entry : *accept.mutable_entries()) {
    x = entry.index();
    if (x <= commit) {
      auto ours = log.link(x);
      if (ours && *ours != entry.link()) {
        ++counters.links_refused;
        return;
      }
      if (ours)
        agreed = std::max(agreed, x);
      continue;
    }
    auto below = log.link(x - 1);
    if ((!below || *below != entry.previous_link()) && !opts.mutations.skip_link_check) {
      ++counters.links_refused;
      return;
    }
    bool have = x <= log.last();
    bool equal = have && log.at(x)->link() == entry.link();
    if (have && same(log.at(x)->ballot(), entry.ballot()) && !equal) {
      ++counters.links_refused; // two values in one ballot: not from a leader of ours
      return;
    }
    bool chosen = x <= accept.commit();
    if (!equal || (!chosen && !same(log.at(x)->ballot(), entry.ballot())))
      put(std::make_shared<const msg::Entry>(std::move(entry)));
    agreed = std::max(agreed, x);
  }
  log_index chosen = std::min(accept.commit(), agreed);
  if (opts.mutations.commit_without_ballot)
    chosen = std::min(accept.commit(), log.last());
  follower_commit(chosen);

  owed = acknowledgement{message.from(), accept.ballot(),
                         std::max<instant>(accept.sent_us(), owed ? owed->sent_us : accept.sent_us())};
}

void group::state::on_heartbeat(const msg::PaxosMessage& message) {
  const msg::Heartbeat& beat = message.heartbeat();
  if (beat.ballot().member() != message.from()) {
    ignore();
    return;
  }
  note_round(beat.ballot());
  msg::PaxosMessage answer = to(message.from());
  msg::HeartbeatReply& reply = *answer.mutable_heartbeat_reply();
  *reply.mutable_ballot() = beat.ballot();
  reply.set_sent_us(beat.sent_us());
  reply.set_read_round(beat.read_round());
  bool granted = follow(beat.ballot(), message.from());
  if (granted) {
    agreed = std::max(agreed, std::min(commit, beat.commit()));
    log_index chosen = std::min(beat.commit(), agreed);
    if (opts.mutations.commit_without_ballot)
      chosen = std::min(beat.commit(), log.last());
    follower_commit(chosen);
    settled = std::max(settled, std::min<log_index>(beat.settled(), commit));
    held = std::max(held, std::min<log_index>(beat.held(), commit));
    reply.set_match(std::min(agreed, log.durable()));
  }
  reply.set_granted(granted);
  *reply.mutable_promised() = promised;
  reply.set_applied(has_items ? applied_durably : 0);
  // What waits for this disk is not had: the leader would send what comes next, for as long as the disk
  // hangs.
  reply.set_commit(std::min(commit, log.durable()));
  // A refusal, or an answer under a promise that is on disk already, need not wait for the disk.
  bool at_once = !granted || same(durable_promised, promised);
  (at_once ? now_queue : after_queue).push_back(std::move(answer));
}

} // namespace troupe::paxos
