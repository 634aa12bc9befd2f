// Becoming the leader: ask first, then prepare, then lead. And ceasing to be.
#include "actors/core/paxos/adopt.h"
#include "actors/core/paxos/state.h"

namespace troupe::paxos {

// Uniform in [span / 4, span]: two members that fell silent together do not wake together, and nobody asks at
// the very moment another's lease ends.
instant group::state::jitter(instant span) {
  // splitmix64
  std::uint64_t z = (random += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  instant least = span / 4;
  return least + static_cast<instant>(z % static_cast<std::uint64_t>(std::max<instant>(span - least, 1)));
}

// A log replica with items lets storage replicas go first, each of them more than once.
void group::state::wait_for_leader(instant at_least) {
  election_deadline = clock + at_least + jitter(opts.election_jitter) + (stands_in() ? 2 * opts.lease : 0);
}

bool group::state::may_campaign() const {
  return !removed && has_items && disk_ok && !leading && seated() && bound_to_others(opts.self) == 0;
}

// --- asking ------------------------------------------------------------------------------------------------

void group::state::ask() {
  if (!may_campaign()) {
    // One that never leads may still have missed something while nobody spoke to it.
    if (!seated() && leader == 0)
      for (const msg::Member& member : config.members())
        if (member.id() != opts.self)
          ask_catch_up(member.id(), true);
    wait_for_leader(seated() && disk_ok ? bound_to_others(opts.self) : 2 * opts.lease);
    leader = 0;
    return;
  }
  leader = 0;
  trying.emplace();
  trying->ballot = make_ballot(highest_round + 1, opts.self);
  trying->above = commit;
  trying->granted.push_back(opts.self);
  trying->give_up = clock + opts.heartbeat;
  if (trying->granted.size() >= quorum(config)) {
    prepare(std::nullopt);
    return;
  }
  for (const msg::Member& member : config.members()) {
    if (member.id() == opts.self || !votes(member))
      continue;
    msg::PaxosMessage message = to(member.id());
    *message.mutable_pre_vote()->mutable_ballot() = trying->ballot;
    message.mutable_pre_vote()->set_commit(commit);
    now_queue.push_back(std::move(message));
  }
}

void group::state::drop_attempt(instant retry_in) {
  trying.reset();
  role = role::follower;
  election_deadline = clock + retry_in;
}

void group::state::on_pre_vote_reply(const msg::PaxosMessage& message) {
  const msg::PreVoteReply& reply = message.pre_vote_reply();
  note_round(reply.promised());
  if (!trying || trying->preparing || !same(reply.ballot(), trying->ballot) ||
      !is_voter(config, message.from()))
    return;
  instant bound = std::clamp<instant>(reply.lease_left_us(), 0, opts.lease);
  if (reply.hears_leader()) {
    ++counters.pre_votes_dropped;
    drop_attempt(std::max(bound, opts.heartbeat) + jitter(opts.election_jitter));
    if (reply.commit() > commit)
      ask_catch_up(message.from(), false);
  } else if (reply.behind()) {
    ask_catch_up(message.from(), true); // and ask again then; others may do meanwhile
  } else if (!reply.granted()) {
    trying->earliest_retry = std::max(trying->earliest_retry, clock + bound);
  } else if (std::find(trying->granted.begin(), trying->granted.end(), message.from()) ==
             trying->granted.end()) {
    trying->granted.push_back(message.from());
    if (trying->granted.size() >= quorum(config))
      prepare(std::nullopt);
  }
}

// --- preparing
// -----------------------------------------------------------------------------------------------

void group::state::prepare(std::optional<msg::Ballot> handed_off) {
  ++counters.elections_started;
  promise_to(make_ballot(highest_round + 1, opts.self));
  role = role::candidate;
  trying.emplace();
  trying->preparing = true;
  trying->ballot = promised;
  trying->above = commit;
  trying->granted.push_back(opts.self); // counts once the promise is durable
  trying->handed_off = std::move(handed_off);
  trying->lease_left = leases.others_left(clock);
  trying->give_up = clock + opts.lease;
  send_prepares();
}

// Behind the disk: a ballot that was ever sent is never used again after a crash.
void group::state::send_prepares() {
  trying->ask_again = clock + opts.heartbeat / 2;
  for (const msg::Member& member : config.members()) {
    bool has =
        std::find(trying->granted.begin(), trying->granted.end(), member.id()) != trying->granted.end();
    if (has || !votes(member))
      continue;
    msg::PaxosMessage message = to(member.id());
    msg::Prepare& request = *message.mutable_prepare();
    *request.mutable_ballot() = trying->ballot;
    request.set_commit(commit); // trying->above, or more when it has caught up since
    if (trying->handed_off)
      *request.mutable_handed_off() = *trying->handed_off;
    after_queue.push_back(std::move(message));
  }
}

void group::state::on_promise(msg::PaxosMessage& message) {
  msg::Promise& reply = *message.mutable_promise();
  member_id from = message.from();
  note_round(reply.promised());
  if (!trying || !trying->preparing || !same(reply.ballot(), trying->ballot) || !is_voter(config, from))
    return;
  if (!reply.granted()) {
    if (before(trying->ballot, reply.promised())) {
      drop_attempt(opts.heartbeat + jitter(opts.election_jitter)); // somebody else is ahead
    } else if (reply.behind()) {
      ask_catch_up(from, true); // and ask again from there; others may do meanwhile
    } else if (reply.lease_left_us() > 0) {
      trying->ask_again = std::min(trying->ask_again, clock + reply.lease_left_us());
    }
    return;
  }
  for (member_id had : trying->granted)
    if (had == from)
      return;

  attempt::promise promise;
  promise.from = from;
  promise.commit = reply.commit();
  log_index x = reply.entries().empty() ? commit : reply.entries(0).index() - 1;
  if (x < trying->above || x > commit) {
    ignore();
    return;
  }
  for (msg::Entry& entry : *reply.mutable_entries()) {
    if (entry.index() != ++x || link_of(opts.group, entry, entry.previous_link()) != entry.link()) {
      ++counters.links_refused;
      return;
    }
    promise.entries.push_back(std::make_shared<const msg::Entry>(std::move(entry)));
  }
  if (promise.commit > std::max(x, commit)) {
    ignore(); // it has more than it sends
    return;
  }
  if (learn(promise.entries, std::max(promise.commit, stood_for_by_items(promise.entries)))) {
    // A newer configuration governs what comes next: start over under it.
    if (may_campaign())
      prepare(trying->handed_off);
    else
      drop_attempt(opts.lease + jitter(opts.election_jitter));
    return;
  }
  if (promise.commit > commit)
    return; // what it knows to be chosen does not fit our log: corruption somewhere, counted by learn()
  trying->lease_left = std::max<instant>(trying->lease_left, reply.lease_left_us());
  trying->granted.push_back(from);
  trying->promises.push_back(std::move(promise));
  try_to_lead();
}

// Items above the log are of what is chosen. So where others' entries lead up to the link that the items say,
// all of these are, whether or not anybody who remembers that is left. 0: they do not, or it has them.
log_index group::state::stood_for_by_items(const std::vector<entry_ptr>& entries) const {
  if (handed <= commit || items_link == 0)
    return 0;
  for (const entry_ptr& entry : entries)
    if (entry->index() == handed && entry->link() == items_link)
      return handed;
  return 0;
}

// Items ahead of the log: it has lost entries, or was given the items of somebody who was ahead. Before it
// has what they stand for it may not say what comes next.
void group::state::try_to_lead() {
  if (trying && trying->preparing && same(durable_promised, trying->ballot) && handed <= commit &&
      trying->granted.size() >= quorum(config))
    lead();
}

// --- leading
// ---------------------------------------------------------------------------------------------------

void group::state::lead() {
  attempt won = std::move(*trying);
  trying.reset();
  ++counters.elections_won;
  std::vector<accepted_entries> promises;
  for (attempt::promise& promise : won.promises)
    promises.push_back(std::move(promise.entries));
  accepted_entries own;
  for (log_index x = commit + 1; x <= log.last(); ++x)
    own.push_back(log.at(x));
  promises.push_back(std::move(own));
  auto link = log.link(commit);
  invariant(link.has_value(), "the link at the commit index is known");
  std::vector<entry_ptr> adopted = adopt(commit, *link, promises, opts.mutations);

  role = role::leader;
  leader = opts.self;
  leading.emplace();
  leadership& l = *leading;
  l.ballot = promised;
  l.tail = commit;
  l.since = clock;
  l.serve_after = won.lease_left > 0 ? clock + won.lease_left + opts.drift : clock;
  l.next_heartbeat = clock + opts.heartbeat;
  for (const entry_ptr& entry : adopted)
    append_adopted(entry);
  if (!adopted.empty() && adopted.back()->kind() == msg::Entry::CONFIGURATION) {
    // What follows it is for a quorum of the next configuration to say: prepare again when it has committed.
    pending_configuration pending;
    pending.index = l.tail;
    pending.adopted = true;
    if (!pending.next.ParseFromString(adopted.back()->payload()))
      invariant(false, "an adopted configuration can be read");
    l.pending = std::move(pending);
  } else {
    append(msg::Entry::NOOP, {});
    l.noop = l.tail;
  }
  arrange_followers();
  for (follower& f : l.followers)
    for (const attempt::promise& promise : won.promises)
      if (promise.from == f.id) {
        f.agreed = std::min(promise.commit, commit);
        f.next = f.agreed + 1;
      }
  renew_lease();
  send_heartbeats();
}

void group::state::step_down() {
  invariant(leading.has_value(), "only a leader steps down");
  ++counters.stepped_down;
  fail_reads();
  leading.reset();
  role = role::follower;
  leader = 0;
  wait_for_leader(opts.lease);
}

} // namespace troupe::paxos
