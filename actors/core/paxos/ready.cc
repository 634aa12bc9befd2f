// Persist, then speak, then answer: what the caller is given to do, in that order.
#include "actors/core/paxos/state.h"

namespace troupe::paxos {

namespace {

// The commit index on disk is a hint. It is written along with entries once it has moved this far, so that
// what a restarted member does not know to be chosen stays well below what one promise may carry.
constexpr log_index hint_entries = 64;
constexpr std::size_t hint_bytes = 1 << 20;

} // namespace

bool group::state::has_ready() const {
  if (outstanding)
    return false;
  if (!now_queue.empty() || !after_queue.empty() || owed || hard_dirty || reset_to || log.dirty())
    return true;
  if (leading)
    for (const follower& f : leading->followers)
      if (can_send(f))
        return true;
  return false;
}

ready group::state::take_ready() {
  invariant(!outstanding, "one ready is outstanding at a time");
  ready out;
  out.id = ++ready_id;
  if (leading)
    send_accepts();
  if (owed) {
    msg::PaxosMessage message = to(owed->to);
    msg::Accepted& accepted = *message.mutable_accepted();
    *accepted.mutable_ballot() = owed->ballot;
    *accepted.mutable_promised() = promised;
    accepted.set_granted(true);
    accepted.set_match(agreed); // all of it is durable when this is sent
    accepted.set_sent_us(owed->sent_us);
    accepted.set_applied(has_items ? applied_durably : 0);
    after_queue.push_back(std::move(message));
    owed.reset();
  }
  out.entries = log.take_dirty();
  out.reset_log = std::exchange(reset_to, std::nullopt);
  bool hint = !out.entries.empty() && (commit >= commit_hint + hint_entries ||
                                       log.bytes(std::max(commit_hint, log.base()), commit) >= hint_bytes);
  if (hard_dirty || out.reset_log || hint) {
    msg::HardState& hard = out.hard_state.emplace();
    *hard.mutable_promised() = promised;
    hard.set_commit(commit);
    *hard.mutable_configuration() = config;
    hard.set_configuration_index(config_index);
    commit_hint = commit;
  }
  outstanding = outstanding_ready{out.id, promised, epoch(), out.hard_state.has_value()};
  hard_dirty = false;
  out.messages_now = std::move(now_queue);
  out.messages_after = std::move(after_queue);
  now_queue.clear();
  after_queue.clear();
  if (opts.mutations.speak_before_persist) {
    std::move(out.messages_after.begin(), out.messages_after.end(), std::back_inserter(out.messages_now));
    out.messages_after.clear();
  }
  return out;
}

void group::state::persisted(std::uint64_t id) {
  invariant(outstanding && outstanding->id == id, "what is persisted is the outstanding ready");
  log.persisted();
  if (outstanding->has_state) {
    durable_promised = outstanding->promised;
    durable_epoch = outstanding->epoch;
    config_durable = !hard_dirty;
  }
  outstanding.reset();
  advance_commit();
  finish_reads();
  maybe_hand_off();
  try_to_lead();
  forget_applied();
}

std::vector<entry_ptr> group::state::take_chosen() {
  std::vector<entry_ptr> chosen;
  // Only what this disk has too: the items must never be ahead of the log.
  log_index up_to = std::min(commit, log.durable());
  if (up_to <= handed)
    return chosen;
  chosen.reserve(up_to - handed);
  while (handed < up_to)
    chosen.push_back(log.at(++handed));
  if (!has_items) {
    applied = handed; // there is nothing to apply to
    forget_applied();
  }
  return chosen;
}

void group::state::forget_applied() {
  log.evict(std::min(applied, commit), opts.bounds.cached_entry_bytes);
}

} // namespace troupe::paxos
