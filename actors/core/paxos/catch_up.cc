// Learning what was chosen, from anybody who knows: entries by CatchUp and Chosen, or a whole snapshot.
#include "actors/core/paxos/state.h"
#include "config/limits.h"
#include <algorithm>
#include <utility>

namespace troupe::paxos {

namespace {

constexpr std::size_t unanswered_max =
    16; // members: a group has a handful, and whoever is left out asks again

} // namespace

void group::state::ask_catch_up(member_id from, bool at_once) {
  if (!at_once && clock - caught_up_at < opts.heartbeat / 2)
    return;
  caught_up_at = clock;
  msg::PaxosMessage message = to(from);
  message.mutable_catch_up()->set_from(commit + 1);
  now_queue.push_back(std::move(message));
}

void group::state::on_catch_up(const msg::PaxosMessage& message) {
  log_index from = message.catch_up().from();
  if (follower* f = leading ? find_follower(message.from()) : nullptr; f && from > 0) {
    // It says how far it is: after a snapshot that is news, and the log may just reach it now.
    f->commit = std::max(f->commit, from - 1);
    f->agreed = std::max(f->agreed, std::min(f->commit, commit));
    if (f->needs_snapshot && f->agreed >= log.base()) {
      f->needs_snapshot = false;
      rewind(*f);
    }
  }
  if (from == 0 || from > commit)
    return; // nothing to tell
  tell_chosen(message.from(), from);
}

void group::state::tell_chosen(member_id who, log_index from) {
  unanswered.erase(who);
  if (from <= log.base()) {
    now_queue.push_back(gone(who));
    return;
  }
  msg::PaxosMessage answer = to(who);
  msg::Chosen& chosen = *answer.mutable_chosen();
  chosen.set_commit(commit);
  auto& entries = *chosen.mutable_entries();
  if (log.copy(from, commit, opts.bounds.append_entries, limits::catch_up_bytes, entries) < from) {
    if (unanswered.size() < unanswered_max)
      unanswered[who] = from;
    return;
  }
  chosen.set_previous_index(from - 1);
  chosen.set_previous_link(entries[0].previous_link());
  now_queue.push_back(std::move(answer));
}

void group::state::log_at_hand() {
  if (leading)
    for (follower& f : leading->followers)
      f.waits_for_log = false;
  for (auto [who, from] : std::exchange(unanswered, {}))
    tell_chosen(who, from);
}

msg::PaxosMessage group::state::gone(member_id member) const {
  msg::PaxosMessage message = to(member);
  msg::Chosen& chosen = *message.mutable_chosen();
  chosen.set_commit(commit);
  chosen.set_gone(true);
  log_index begin = log.base();
  if (leading)
    for (const follower& f : leading->followers)
      if (f.id == member)
        begin = beginning_of(f);
  chosen.set_previous_index(begin);
  chosen.set_previous_link(log.link(begin).value_or(0));
  if (!provisional) {
    *chosen.mutable_configuration() = config;
    chosen.set_configuration_index(config_index);
  }
  return message;
}

const msg::Member* group::state::known_member(member_id id) const {
  const msg::Member* member = find_member(config, id);
  return member || told_of.epoch() <= config.epoch() ? member : find_member(told_of, id);
}

// From somebody who has the items and can be found: the one who said that its log is too short, or the
// leader, or one storage replica after the other.
void group::state::look_for_snapshot(member_id told_by) {
  auto holds_items = [&](member_id id) {
    const msg::Member* member = known_member(id);
    return member && id != opts.self && member->kind() != msg::LOG_REPLICA;
  };
  if (holds_items(told_by)) {
    snapshot_source = told_by;
    return;
  }
  if (holds_items(leader)) {
    snapshot_source = leader;
    return;
  }
  look_past(snapshot_source.value_or(0));
}

// The storage replica whose id comes next; behind the last one the first. That is `one` itself where there is
// no other.
void group::state::look_past(member_id one) {
  member_id first = 0, next = 0;
  auto consider = [&](const msg::Configuration& known) {
    for (const msg::Member& member : known.members()) {
      if (member.kind() != msg::STORAGE_REPLICA || member.id() == opts.self)
        continue;
      if (first == 0 || member.id() < first)
        first = member.id();
      if (member.id() > one && (next == 0 || member.id() < next))
        next = member.id();
    }
  };
  consider(config);
  if (told_of.epoch() > config.epoch())
    consider(told_of);
  if (first != 0)
    snapshot_source = next != 0 ? next : first;
}

void group::state::on_chosen(msg::PaxosMessage& message) {
  msg::Chosen& chosen = *message.mutable_chosen();
  if (leading || chosen.commit() <= commit)
    return; // a leader's log is its own to write; and old news
  log_index had = commit;
  bool changed = false;
  if (chosen.gone()) {
    // Equal links there mean that all of it is here already, and only was not known to be chosen.
    log_index reached = chosen.previous_index();
    bool have = reached > commit && reached <= log.last() && log.link(reached) == chosen.previous_link();
    if (!have && has_items) {
      if (chosen.has_configuration() &&
          chosen.configuration().epoch() > std::max(config.epoch(), told_of.epoch()))
        told_of = chosen.configuration();
      look_for_snapshot(message.from());
      return;
    }
    if (have)
      changed = commit_to(reached);
    else if (reached > commit && chosen.has_configuration())
      continue_from({reached, chosen.previous_link(), {}}, chosen.configuration(),
                    chosen.configuration_index());
  } else {
    std::vector<entry_ptr> entries;
    log_index x = chosen.previous_index();
    for (msg::Entry& entry : *chosen.mutable_entries()) {
      if (entry.index() != ++x || link_of(opts.group, entry, entry.previous_link()) != entry.link()) {
        ++counters.links_refused;
        return;
      }
      entries.push_back(std::make_shared<const msg::Entry>(std::move(entry)));
    }
    changed = learn(entries, chosen.commit());
  }
  if (commit == had)
    return;
  if (changed && trying) {
    std::optional<msg::Ballot> handed_off = trying->handed_off;
    if (trying->preparing && may_campaign())
      prepare(std::move(handed_off)); // another configuration governs what comes next
    else
      drop_attempt(jitter(opts.heartbeat));
  }
  if (removed)
    return;
  if (chosen.commit() > commit) {
    ask_catch_up(message.from(), true);
  } else if (trying && trying->preparing) {
    send_prepares(); // whoever said that we are behind may find otherwise now
  } else if (leader == 0) {
    instant deadline = election_deadline;
    if (trying)
      drop_attempt(0);
    election_deadline = std::min(deadline, clock + jitter(opts.heartbeat));
  }
}

// Takes the chosen ones among `entries` (ascending, without holes) that come next here, up to `up_to`. True
// when a configuration took effect.
bool group::state::learn(std::vector<entry_ptr>& entries, log_index up_to) {
  bool changed = false;
  for (const entry_ptr& entry : entries) {
    log_index x = entry->index();
    if (x <= commit)
      continue;
    if (x > up_to || x > commit + 1)
      break;
    auto below = log.link(commit);
    if (!below || *below != entry->previous_link()) {
      ++counters.links_refused;
      break;
    }
    if (x > log.last() || log.at(x)->link() != entry->link())
      put(entry);
    changed = commit_to(x) || changed;
  }
  return changed;
}

// All up to there is chosen, and need not be in this log: it begins above. Entries above stay, they may be
// votes.
void group::state::continue_from(const ready::base& base, const msg::Configuration& known,
                                 log_index known_at) {
  log.reset(base.index, base.link);
  commit = handed = applied = applied_durably = base.index;
  // One that stands above the base is met again in the log.
  if (known_at <= base.index && known.epoch() + provisional > config.epoch()) {
    bool belonged = !provisional && is_member(config, opts.self);
    config = known;
    config_index = known_at;
    provisional = false;
    config_durable = false;
    if (belonged && !is_member(config, opts.self))
      leave();
  }
  hard_dirty = true;
  reset_to = base;
}

// Nobody's vote may hang on a member that was removed. But the last to know that the configuration which
// removed it was chosen may be this one: whoever still asks it under the old configuration is told what it
// has missed.
void group::state::tell_as_removed(const msg::PaxosMessage& message) {
  if (message.has_catch_up())
    return on_catch_up(message);
  log_index known = message.has_pre_vote()  ? message.pre_vote().commit()
                    : message.has_prepare() ? message.prepare().commit()
                                            : commit;
  if (known >= commit)
    return ignore();
  msg::PaxosMessage answer = to(message.from());
  if (message.has_pre_vote()) {
    msg::PreVoteReply& reply = *answer.mutable_pre_vote_reply();
    *reply.mutable_ballot() = message.pre_vote().ballot();
    reply.set_behind(true);
    reply.set_commit(commit);
  } else {
    msg::Promise& reply = *answer.mutable_promise();
    *reply.mutable_ballot() = message.prepare().ballot();
    reply.set_behind(true);
    reply.set_commit(commit);
  }
  now_queue.push_back(std::move(answer));
}

bool group::state::restore(const msg::SnapshotHeader& header) {
  if (header.index() <= commit || header.group() != opts.group || leading)
    return false;
  continue_from({header.index(), header.link(), header.ballot()}, header.configuration(),
                header.configuration_index());
  member_id source = leader != 0 ? leader : snapshot_source.value_or(0);
  snapshot_source.reset();
  if (trying)
    drop_attempt(jitter(opts.heartbeat));
  if (source != 0 && !removed)
    ask_catch_up(source, true); // before the log moves on from there
  return true;
}

} // namespace troupe::paxos
