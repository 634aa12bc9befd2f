// Writes: evaluated once, here on the leader, against the newest state; what goes into the log is the effect.
#include "actors/core/item/condition.h"
#include "actors/replica/replica_state.h"
#include "messages/status.h"
#include <algorithm>
#include <set>

namespace troupe::replica {

namespace {

msg::Status condition_failed() {
  return make_status(msg::CONDITION_FAILED, "The conditional request failed");
}

std::string objection(const msg::ReplicaRequest::Write& write) {
  if (write.mutations().empty())
    return "a write needs at least one mutation";
  std::set<std::string_view> keys;
  for (auto& m : write.mutations())
    if (!keys.insert(m.key()).second)
      return "a write must not name one key twice";
  return {};
}

bool needs_old(const msg::ReplicaRequest::Mutation& m) {
  return m.return_old() || m.condition().clauses_size() > 0;
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
  if (disk_full)
    return refuse(who, msg::STORAGE_FULL, "the disk of node '" + options.node + "' is full");
  if (has_id(request.id())) {
    if (auto at = requests.find(request.id())) {
      meter->repeated.Increment();
      msg::ReplicaReply reply; // the item before it is no longer known
      reply.set_index(at->index);
      if (at->refused)
        *reply.mutable_status() = condition_failed();
      return answer(who, std::move(reply));
    }
    if (auto at = proposed_ids.find(key_of(request.id())); at != proposed_ids.end()) {
      meter->repeated.Increment();
      proposed[at->second].waiters.push_back(std::move(who));
      return;
    }
  }
  if (proposed.size() + store_waits.size() + after_applied.size() >= options.inflight
      || items.bytes() > 4 * limits::overlay_bytes)
    return refuse(who, msg::OVERLOADED, "too many requests are under way for this partition");
  pending_write write;
  write.who = std::move(who);
  write.request = std::move(request);
  evaluate(std::move(write));
}

// Everything that is read is read together: an item that was fetched earlier may have been replaced and
// flushed while a later one was on its way.
void replica_state::evaluate(pending_write write) {
  auto& mutations = write.request.write().mutations();
  auto lacking = false;
  for (int i = 0; i < mutations.size(); ++i)
    if (needs_old(mutations[i]) && !items.newest(mutations[i].key())
        && write.fetched.count(static_cast<std::size_t>(i)) == 0)
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
  // From here on nothing waits: the decision and the proposal are one step.
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
    auto holds = item::holds(m.condition(), old);
    if (!holds)
      return refuse(write.who, msg::INTERNAL, "the stored item cannot be read");
    if (m.return_old() && old) {
      reply.set_found(true);
      reply.set_item(std::string(*old));
    }
    if (*holds)
      continue;
    // The refusal is a read: it needs the lease when it is answered, or a place in the log. It may rest on
    // writes that can still be lost, and is told only once they are applied.
    *reply.mutable_status() = condition_failed();
    reply.set_failed_mutation(static_cast<std::uint32_t>(i));
    if (options.replication.strict_reads || (write.request.id().repeated() && has_id(write.request.id())))
      return remember_refusal(write, reply);
    after_applied.emplace(depends_on, std::pair(std::move(write.who), std::move(reply)));
    return; // answered by the end of this drain when it rests on nothing that is under way
  }
  propose(write, reply);
}

msg::Command replica_state::command_for(const msg::RequestId& id) {
  msg::Command command;
  *command.mutable_id() = id;
  last_time_ms = std::max(last_time_ms, options.clock->unix_ms());
  command.set_time_ms(last_time_ms);
  return command;
}

// With strict reads the log is what proves that this is still the leader. And another attempt of the same
// request may still be on its way, through another router or an old leader. The
// refusal goes into the log, so that whoever meets that attempt refuses it as well.
void replica_state::remember_refusal(pending_write& write, msg::ReplicaReply& reply) {
  auto command = command_for(write.request.id());
  command.set_refused(true);
  append(command, write, reply);
}

void replica_state::propose(pending_write& write, msg::ReplicaReply& reply) {
  auto command = command_for(write.request.id());
  for (auto& m : *write.request.mutable_write()->mutable_mutations()) {
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
    return core->serving(now()) ? refuse(write.who, msg::OVERLOADED, "too many writes are under way for this partition")
                                : moved(write.who);
  meter->writes.Increment();
  for (auto& effect : command.effects())
    items.propose(effect, *index);
  auto& entry = proposed[*index];
  entry.id = write.request.id();
  entry.waiters.push_back(std::move(write.who));
  entry.reply = std::move(reply);
  if (has_id(entry.id))
    proposed_ids.emplace(key_of(entry.id), *index);
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
