// Configurations: who may change what, when a change takes effect, and who is told.
#include "actors/core/paxos/state.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::paxos {

// May campaign: a committed configuration, as far as this log goes, has it as a storage replica, or as a log
// replica that has items by now.
bool group::state::seated() const {
  return !provisional && (may_lead(config, opts.self) || stands_in());
}

// Has all that a leader needs, and is not called a storage replica yet. It leads where none of those does.
bool group::state::stands_in() const {
  const msg::Member* self = find_member(config, opts.self);
  return has_items && !provisional && self && self->kind() == msg::LOG_REPLICA;
}

namespace {

bool well_formed(const msg::Configuration& next) {
  bool storage = false;
  for (int i = 0; i < next.members_size(); ++i) {
    const msg::Member& member = next.members(i);
    storage = storage || member.kind() == msg::STORAGE_REPLICA;
    if (member.id() == 0)
      return false;
    for (int j = 0; j < i; ++j)
      if (next.members(j).id() == member.id())
        return false;
  }
  return storage && static_cast<std::size_t>(next.members_size()) <= limits::members;
}

} // namespace

// At most one voter in and one out; a log replica becomes a storage replica only when it has said that it
// holds items durably, and nobody becomes a log replica who was something else; and a quorum of the next
// configuration must be answering now, or the change would stop the group.
bool group::state::acceptable(const msg::Configuration& next) const {
  if (next.epoch() != config.epoch() + 1 || !well_formed(next))
    return false;
  std::size_t in = 0, out = 0, alive = 0;
  for (const msg::Member& member : next.members()) {
    const msg::Member* before_change = find_member(config, member.id());
    if (before_change && before_change->kind() != member.kind()) {
      bool grown = (member.id() == opts.self && has_items && applied_durably > 0) ||
                   std::any_of(leading->followers.begin(), leading->followers.end(),
                               [&](const follower& f) { return f.id == member.id() && f.applied > 0; });
      if (member.kind() == msg::LOG_REPLICA || (before_change->kind() == msg::LOG_REPLICA && !grown))
        return false;
    }
    if (!votes(member))
      continue;
    in += !is_voter(config, member.id());
    if (member.id() == opts.self)
      ++alive;
    for (const follower& f : leading->followers)
      alive += f.id == member.id() && f.acked > clock - opts.lease;
  }
  for (const msg::Member& member : config.members())
    out += votes(member) && !is_voter(next, member.id());
  return in <= 1 && out <= 1 && alive >= quorum(next);
}

std::optional<log_index> group::state::propose_configuration(const msg::Configuration& next) {
  if (!serves(clock) || !window_open(0) || commit < leading->noop || !acceptable(next))
    return std::nullopt;
  append(msg::Entry::CONFIGURATION, next.SerializeAsString());
  leading->pending = pending_configuration{leading->tail, next, false};
  arrange_followers();
  return leading->tail;
}

// The followers are all members of the configuration in force and of the one on its way.
void group::state::arrange_followers() {
  leadership& l = *leading;
  const msg::Configuration* next = l.pending ? &l.pending->next : nullptr;
  std::erase_if(l.followers, [&](const follower& f) {
    return !is_member(config, f.id) && !(next && is_member(*next, f.id));
  });
  auto add = [&](const msg::Configuration& configuration) {
    for (const msg::Member& member : configuration.members()) {
      if (member.id() == opts.self)
        continue;
      follower* f = find_follower(member.id());
      if (!f) {
        f = &l.followers.emplace_back();
        f->id = member.id();
        f->agreed = commit;
        f->next = commit + 1;
        f->heard = f->progressed = clock;
        f->patience = opts.heartbeat;
      }
      f->kind = member.kind();
      f->votes = is_voter(config, member.id());
      f->votes_next = next && is_voter(*next, member.id());
    }
  };
  add(config);
  if (next)
    add(*next);
  l.self_votes = is_voter(config, opts.self);
  l.self_votes_next = next && is_voter(*next, opts.self);
}

// A configuration entry is now known to be chosen: it governs from the next index on.
void group::state::take_effect(const msg::Entry& entry) {
  msg::Configuration next;
  // A newcomer that was told of a later one waits for that.
  if (!next.ParseFromString(entry.payload()) || next.epoch() + provisional <= config.epoch())
    return;
  bool belonged = !provisional && is_member(config, opts.self);
  config = std::move(next);
  config_index = entry.index();
  provisional = false;
  config_durable = false;
  hard_dirty = true;
  if (belonged && !is_member(config, opts.self))
    leave();
}

void group::state::leave() {
  removed = true;
  snapshot_source.reset();
}

void group::state::tell_removed(msg::Removed& into) const {
  *into.mutable_configuration() = config;
  if (auto link = log.link(config_index)) {
    into.set_index(config_index);
    into.set_link(*link);
  }
}

void group::state::configuration_changed() {
  leadership& l = *leading;
  bool adopted = l.pending && l.pending->adopted;
  l.pending.reset();
  for (const follower& f : l.followers) {
    if (is_member(config, f.id))
      continue;
    msg::PaxosMessage message = to(f.id);
    tell_removed(*message.mutable_removed());
    now_queue.push_back(std::move(message));
  }
  if (!is_voter(config, opts.self)) {
    send_heartbeats(); // the last ones: they say that it is committed
    member_id successor = best_successor(config);
    if (successor != 0 && may_hand_off())
      send_hand_off(successor);
    else
      step_down();
    return;
  }
  if (adopted) {
    prepare(std::nullopt);
    return;
  }
  arrange_followers();
  renew_lease();
  send_heartbeats(); // the fewer know that it is chosen, the more members must be there should this one die
}

void group::state::on_removed(const msg::PaxosMessage& message) {
  const msg::Configuration& next = message.removed().configuration();
  // Only who belonged can have been removed; and no configuration is announced before it is chosen.
  if (!is_member(config, opts.self) || next.epoch() <= config.epoch() || is_member(next, opts.self)) {
    ignore();
    return;
  }
  if (leading)
    step_down();
  trying.reset();
  role = role::follower;
  // What removed it may be in its log, and chosen without its having heard so: then it can tell others.
  const msg::Removed& told = message.removed();
  if (told.index() > commit && told.index() <= log.last() && log.link(told.index()) == told.link())
    commit_to(told.index());
  if (!removed)
    leave();
}

} // namespace troupe::paxos
