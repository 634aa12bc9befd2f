// Writes: evaluated once, here on the leader, against the newest state; what goes into the log is the effect.
#include "actors/core/expression/condition.h"
#include "actors/core/expression/update.h"
#include "actors/core/item/condition.h"
#include "actors/core/item/value.h"
#include "actors/replica/replica_state.h"
#include "messages/status.h"
#include <algorithm>
#include <set>

namespace troupe::replica {

namespace {

msg::Status condition_failed() {
  return make_status(msg::CONDITION_FAILED, "The conditional request failed");
}

// The restorer's, which has written everything.
bool says_restored(const msg::ReplicaRequest::Write& write) {
  return write.mutations().empty() && write.in_round() != 0;
}

std::string objection(const msg::ReplicaRequest::Write& write) {
  if (write.mutations().empty() && !says_restored(write))
    return "a write needs at least one mutation";
  std::set<std::string_view> keys;
  for (auto& m : write.mutations())
    if (!keys.insert(m.key()).second)
      return "a write must not name one key twice";
  return {};
}

bool needs_old(const msg::ReplicaRequest::Mutation& m) {
  return m.return_old() || m.tell_bytes() || m.condition().clauses_size() > 0 || m.has_expression() ||
         m.has_update() || m.tell_index_units();
}

// Whether the answer is nothing without the item. Sizes are not that: they are told as far as they are known.
bool returns(const msg::ReplicaRequest::Write& write) {
  return std::any_of(write.mutations().begin(), write.mutations().end(),
                     [](auto& m) { return m.return_old() || m.returning() != msg::RETURN_NONE; });
}

// Of a request whose refusal is remembered, and nothing else of it.
msg::Status refused_earlier(msg::Code how) {
  if (how == msg::CONDITION_FAILED)
    return condition_failed();
  return make_status(how, "The update cannot be applied to the item as it was");
}

// All clauses and the expression; nothing when either side cannot be read.
std::optional<bool> holds(const msg::ReplicaRequest::Mutation& m, std::optional<std::string_view> old) {
  auto clauses = item::holds(m.condition(), old);
  if (!clauses || !*clauses || !m.has_expression())
    return clauses;
  auto expression = expression::condition::make(m.expression());
  return expression ? expression->holds(old) : std::nullopt;
}

// What an update makes of the item, and what is told of it.
struct updated {
  msg::Status refused;             // not OK: the item stays
  std::optional<std::string> item; // none: nothing is written
};

updated apply_update(const msg::ReplicaRequest::Mutation& m, std::optional<std::string_view> old,
                     const item::index_list& indexes, msg::ReplicaReply& reply) {
  auto update = expression::update::make(m.update());
  msg::AttributeMap key;
  std::optional<msg::AttributeMap> before;
  auto readable = update && item::parse_item_into(key, m.key_attributes()) &&
                  (!old || item::parse_item_into(before.emplace(), *old));
  if (!readable)
    return {make_status(msg::INTERNAL, "the update, or the stored item, cannot be read"), {}};
  auto after = update->apply(before ? &*before : nullptr, key);
  if (!after)
    return {after.why().status(), {}};
  if (auto bad = after->exists ? item::check_updated_index_keys(indexes, after->item) : std::nullopt)
    return {bad->status(), {}};
  updated result;
  if (before)
    reply.set_old_bytes(item::item_size(*before));
  if (after->exists) {
    reply.set_new_bytes(item::item_size(after->item));
    result.item = item::serialize(after->item);
  }
  std::optional<msg::AttributeMap> told;
  if (m.returning() == msg::RETURN_OLD && before)
    told = std::move(before);
  else if (m.returning() == msg::RETURN_UPDATED_OLD && before)
    told = update->touched(*before);
  else if (m.returning() == msg::RETURN_NEW && after->exists)
    told = std::move(after->item);
  else if (m.returning() == msg::RETURN_UPDATED_NEW && after->exists)
    told = update->touched(after->item);
  if (told && told->attributes_size() > 0) {
    reply.set_found(true);
    reply.set_item(item::serialize(*told));
  }
  return result;
}

} // namespace

void replica_state::on_write(waiter who, msg::ReplicaRequest& request) {
  if (auto why = objection(request.write()); !why.empty())
    return refuse(who, msg::VALIDATION, why);
  auto in_my_range = std::all_of(request.write().mutations().begin(), request.write().mutations().end(),
                                 [this](auto& m) { return in_range(m.key()); });
  if (!in_my_range || now_in != phase::running)
    return moved(who);
  if (!core->serving(now())) {
    if (disk_full)
      return refuse(who, msg::STORAGE_FULL, "the disk of node '" + options.node + "' is full");
    return moved(who);
  }
  if (!admits(request.write()))
    return moved(who);
  if (says_restored(request.write())) {
    restored = true;
    return answer(who, {});
  }
  if (disk_full)
    return refuse(who, msg::STORAGE_FULL, "the disk of node '" + options.node + "' is full");
  if (!disk_refuses.empty()) // somebody else leads soon, or this one can again
    return moved(who);
  if (answer_known(who, request))
    return;
  // The metadata group goes on: its log is small, and without it nothing is healed.
  if (archive.refusing() && options.group != wire::metadata_group)
    return refuse(who, msg::OVERLOADED, "too much of this partition's log waits to be archived");
  if (proposed.size() + store_waits.size() + after_applied.size() >= options.inflight ||
      items.bytes() > 4 * limits::overlay_bytes)
    return refuse(who, msg::OVERLOADED, "too many requests are under way for this partition");
  pending_write write;
  write.who = std::move(who);
  write.request = std::move(request);
  evaluate(std::move(write));
}

// A restorer's write is for one leadership, and not behind any that a client has written in it: clients write
// where everything is there already, and what they wrote must not be replaced by what was before
// (docs/decisions/017-backups.md).
bool replica_state::admits(const msg::ReplicaRequest::Write& write) {
  std::pair leadership(core->ballot().round(), core->ballot().member());
  if (write.in_round() == 0) {
    clients_wrote_in = leadership;
    return true;
  }
  return std::pair(write.in_round(), write.in_member()) == leadership && clients_wrote_in != leadership;
}

// Whether the request has been decided, or is on its way, already: it is then answered, or joins the other.
bool replica_state::answer_known(waiter& who, const msg::ReplicaRequest& request) {
  if (!dedup::has_id(request.id()))
    return false;
  if (auto at = requests.find(request.id())) {
    meter->repeated.Increment();
    msg::ReplicaReply reply;
    reply.set_index(at->index);
    if (at->refused != msg::OK)
      *reply.mutable_status() = refused_earlier(at->refused);
    else
      reply.set_forgotten(returns(request.write()));
    answer(who, std::move(reply));
    return true;
  }
  auto at = proposed_ids.find(dedup::key_of(request.id()));
  if (at == proposed_ids.end()) {
    if (!request.id().repeated() || !requests.crowded())
      return false;
    refuse(who, msg::UNKNOWN_OUTCOME, "so many requests came since that this one may have been forgotten");
    return true;
  }
  meter->repeated.Increment();
  proposed[at->second].waiters.push_back(std::move(who));
  return true;
}

// Everything that is read is read together: an item that was fetched earlier may have been replaced and
// flushed while a later one was on its way.
void replica_state::evaluate(pending_write write) {
  auto& mutations = write.request.write().mutations();
  auto lacking = false;
  for (int i = 0; i < mutations.size(); ++i)
    if (needs_old(mutations[i]) && !items.newest(mutations[i].key()) &&
        write.fetched.count(static_cast<std::size_t>(i)) == 0)
      lacking = true;
  if (lacking) {
    if (store_waits.size() + static_cast<std::size_t>(mutations.size()) > limits::replica_inflight)
      return refuse(write.who, msg::OVERLOADED, "too many requests are under way for this partition");
    write.fetched.clear();
    write.missing = 0;
    auto id = ++next_write;
    for (int i = 0; i < mutations.size(); ++i) {
      if (!needs_old(mutations[i]) || items.newest(mutations[i].key()))
        continue;
      ++write.missing;
      pending p;
      p.part = static_cast<std::size_t>(i);
      p.write_id = id;
      fetch(store_waits.add(std::move(p), now()), mutations[i].key());
    }
    writes_waiting.emplace(id, std::move(write));
    return;
  }
  // From here on nothing waits: the decision and the proposal are one step. While the items were fetched,
  // another attempt of this request may have come, and been faster.
  if (answer_known(write.who, write.request))
    return;
  msg::ReplicaReply reply;
  std::uint64_t depends_on = 0;
  for (int i = 0; i < mutations.size(); ++i) {
    auto& m = mutations[i];
    if (!needs_old(m))
      continue;
    std::optional<std::string_view> old;
    if (auto v = items.newest(m.key())) {
      depends_on = std::max(depends_on, v->index);
      if (!v->removed)
        old = v->item;
    } else if (auto& fetched = write.fetched.at(static_cast<std::size_t>(i))) {
      old = *fetched;
    }
    auto wanted = holds(m, old);
    if (!wanted)
      return refuse(write.who, msg::INTERNAL, "the condition, or the stored item, cannot be read");
    if (old && (m.return_old() || (m.return_old_on_refusal() && !*wanted))) {
      reply.set_found(true);
      reply.set_item(std::string(*old));
    }
    if (old && m.tell_bytes()) {
      auto bytes = item::serialized_size(*old);
      if (!bytes)
        return refuse(write.who, msg::INTERNAL, "the stored item cannot be read");
      reply.set_old_bytes(*bytes);
    }
    msg::Status refused = *wanted ? msg::Status() : condition_failed();
    if (*wanted && m.has_update()) {
      auto result = apply_update(m, old, options.local_indexes.indexes(), reply);
      refused = std::move(result.refused);
      if (refused.code() == msg::INTERNAL)
        return refuse(write.who, refused.code(), refused.message());
      write.updated[static_cast<std::size_t>(i)] = std::move(result.item);
    }
    if (refused.code() == msg::OK) {
      if (m.tell_index_units() && indexes && !tell_index_units(write, i, old, reply))
        return refuse(write.who, msg::INTERNAL, "the stored item cannot be read");
      continue;
    }
    // The refusal is a read: it needs the lease when it is answered, or a place in the log. It may rest on
    // writes that can still be lost, and is told only once they are applied.
    *reply.mutable_status() = std::move(refused);
    reply.set_failed_mutation(static_cast<std::uint32_t>(i));
    if (options.replication.strict_reads ||
        (write.request.id().repeated() && dedup::has_id(write.request.id())))
      return remember_refusal(write, reply);
    after_applied.emplace(depends_on, std::pair(std::move(write.who), std::move(reply)));
    return; // answered by the end of this drain when it rests on nothing that is under way
  }
  propose(write, reply);
}

// What the write costs in each index. False when an item is none.
bool replica_state::tell_index_units(const pending_write& write, int i, std::optional<std::string_view> old,
                                     msg::ReplicaReply& reply) const {
  auto& m = write.request.write().mutations(i);
  std::optional<std::string_view> made;
  if (auto it = write.updated.find(static_cast<std::size_t>(i)); it != write.updated.end())
    made = it->second ? std::optional<std::string_view>(*it->second) : old; // an update that makes nothing
  else if (!m.remove())
    made = m.item();
  auto units = indexes->write_units(m.key(), old, made);
  if (!units)
    return false;
  reply.mutable_index_units()->Resize(static_cast<int>(units->size()), 0);
  for (std::size_t at = 0; at < units->size(); ++at)
    reply.set_index_units(static_cast<int>(at), reply.index_units(static_cast<int>(at)) + (*units)[at]);
  return true;
}

msg::Command replica_state::command_for(const msg::RequestId& id) {
  msg::Command command;
  *command.mutable_id() = id;
  auto clock_ms = options.clock->unix_ms();
  if (clock_ms < last_time_ms)
    command.set_clock_ms(clock_ms);
  last_time_ms = std::max(last_time_ms, clock_ms);
  command.set_time_ms(last_time_ms);
  return command;
}

// With strict reads the log is what proves that this is still the leader. And another attempt of the same
// request may still be on its way, through another router or an old leader. The
// refusal goes into the log, so that whoever meets that attempt refuses it as well.
void replica_state::remember_refusal(pending_write& write, msg::ReplicaReply& reply) {
  auto command = command_for(write.request.id());
  command.set_refused(true);
  command.set_refused_with(reply.status().code());
  append(command, write, reply);
}

void replica_state::propose(pending_write& write, msg::ReplicaReply& reply) {
  if (indexes) {
    auto bytes = items_bytes;
    for (auto& one : index_figures)
      bytes += one.bytes();
    reply.set_partition_bytes(bytes);
  }
  auto command = command_for(write.request.id());
  auto& mutations = *write.request.mutable_write()->mutable_mutations();
  for (int i = 0; i < mutations.size(); ++i) {
    auto& m = mutations[i];
    if (m.has_update()) {
      auto& made = write.updated.at(static_cast<std::size_t>(i));
      if (!made)
        continue; // there was no item, and the update makes none
      m.set_item(std::move(*made));
    }
    auto& effect = *command.add_effects();
    effect.set_remove(m.remove());
    effect.mutable_key()->swap(*m.mutable_key());
    if (!m.remove())
      effect.mutable_item()->swap(*m.mutable_item());
  }
  append(command, write, reply);
}

void replica_state::append(const msg::Command& command, pending_write& write, msg::ReplicaReply& reply) {
  auto payload = command.SerializeAsString();
  if (payload.size() > limits::command_bytes)
    return refuse(write.who, msg::VALIDATION, "the write is larger than one log entry may be");
  auto index = core->propose(std::move(payload), now());
  if (!index)
    return core->serving(now())
               ? refuse(write.who, msg::OVERLOADED, "too many writes are under way for this partition")
               : moved(write.who);
  meter->writes.Increment();
  for (auto& effect : command.effects())
    items.propose(effect, *index);
  auto& entry = proposed[*index];
  entry.id = write.request.id();
  entry.waiters.push_back(std::move(write.who));
  entry.reply = std::move(reply);
  if (dedup::has_id(entry.id))
    proposed_ids.emplace(dedup::key_of(entry.id), *index);
}

// Whoever orders it asks until it is there: proposed once, and answered when this configuration, or a later
// one, is committed.
void replica_state::on_change(waiter who, const msg::ReplicaRequest::Change& order) {
  msg::Configuration target;
  if (!target.ParseFromString(order.target()))
    return refuse(who, msg::VALIDATION, "the configuration cannot be read");
  if (core->role() != paxos::role::leader)
    return moved(who);
  auto pending = core->change_under_way(); // this one, perhaps, found by a new leader in its log
  if (target.epoch() > core->configuration().epoch() && (!pending || pending->epoch() < target.epoch()) &&
      !core->propose_configuration(target, now()))
    return refuse(who, msg::UNAVAILABLE, "the members cannot be changed so now");
  if (changes.size() >= limits::members)
    return refuse(who, msg::OVERLOADED, "this change is waited for already");
  changes.emplace_back(target.epoch(), std::move(who));
}

void replica_state::answer_changes() {
  bool leads = core->role() == paxos::role::leader;
  std::erase_if(changes, [&](auto& one) {
    auto& [epoch, who] = one;
    bool there = core->configuration().epoch() >= epoch;
    if (!there && leads)
      return false;
    if (there) {
      msg::ReplicaReply reply;
      reply.set_configuration(core->configuration().SerializeAsString());
      answer(who, std::move(reply));
    } else {
      refuse(who, msg::UNKNOWN_OUTCOME, "leadership moved while the members were being changed");
    }
    return true;
  });
}

void replica_state::on_handover(waiter who, const msg::ReplicaRequest::Handover& order) {
  if (core->role() != paxos::role::leader)
    return moved(who);
  std::uint64_t successor = 0;
  for (auto& m : configuration().members())
    if (!order.to_node().empty() && m.node() == order.to_node())
      successor = m.id();
  if (!order.to_node().empty() && successor == 0)
    return refuse(who, msg::VALIDATION, "node '" + order.to_node() + "' is no member of this group");
  if (!core->hand_over(successor, now()))
    return refuse(who, msg::UNAVAILABLE, "no other member can take the lead now");
  answer(who, {});
}

} // namespace troupe::replica
