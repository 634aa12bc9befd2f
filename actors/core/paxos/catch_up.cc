// Learning what was chosen, from anybody who knows: entries by CatchUp and Chosen, or a whole snapshot.
#include "actors/core/paxos/state.h"
#include "config/limits.h"

namespace troupe::paxos {

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
  if (from == 0 || from > commit)
    return; // nothing to tell
  msg::PaxosMessage answer = to(message.from());
  msg::Chosen& chosen = *answer.mutable_chosen();
  chosen.set_commit(commit);
  if (from <= log.base()) {
    chosen.set_gone(true);
  } else {
    if (log.copy(from, commit, limits::append_entries, limits::catch_up_bytes, *chosen.mutable_entries()) <
        from)
      return; // not to be read now: it will ask again
    chosen.set_previous_index(from - 1);
    chosen.set_previous_link(chosen.entries(0).previous_link());
  }
  now_queue.push_back(std::move(answer));
}

void group::state::on_chosen(msg::PaxosMessage& message) {
  msg::Chosen& chosen = *message.mutable_chosen();
  if (leading || chosen.commit() <= commit)
    return; // a leader's log is its own to write; and old news
  if (chosen.gone()) {
    // From somebody who has the items: the one who says so, or the leader, or any storage replica.
    auto has_items = [&](member_id id) {
      const msg::Member* member = find_member(config, id);
      return id != 0 && id != opts.self && (!member || member->kind() != msg::LOG_REPLICA);
    };
    snapshot_source.reset();
    if (has_items(message.from()))
      snapshot_source = message.from();
    else if (has_items(leader))
      snapshot_source = leader;
    else
      for (const msg::Member& member : config.members())
        if (member.kind() == msg::STORAGE_REPLICA && member.id() != opts.self)
          snapshot_source = member.id();
    return;
  }
  std::vector<entry_ptr> entries;
  log_index x = chosen.previous_index();
  for (msg::Entry& entry : *chosen.mutable_entries()) {
    if (entry.index() != ++x || link_of(opts.group, entry, entry.previous_link()) != entry.link()) {
      ++counters.links_refused;
      return;
    }
    entries.push_back(std::make_shared<const msg::Entry>(std::move(entry)));
  }
  log_index had = commit;
  bool changed = learn(entries, chosen.commit());
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
    auto below = log.known_link(commit);
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

bool group::state::restore(const msg::SnapshotHeader& header) {
  if (header.index() <= commit || header.group() != opts.group || leading || removed)
    return false;
  log.reset(header.index(), header.link());
  commit = handed = applied = applied_durably = header.index();
  if (provisional || header.configuration().epoch() > config.epoch()) {
    bool belonged = !provisional && is_member(config, opts.self);
    config = header.configuration();
    config_index = header.configuration_index();
    provisional = false;
    config_durable = false;
    removed = belonged && !is_member(config, opts.self);
  }
  hard_dirty = true;
  reset_dirty = true;
  snapshot_source.reset();
  if (trying)
    drop_attempt(jitter(opts.heartbeat));
  return true;
}

} // namespace troupe::paxos
