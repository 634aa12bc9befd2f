// Attempts: where a request is sent, what is done with what comes back, and when to stop.
//
// An attempt's parcel id is the flight's id and the attempt's number, so that an answer is matched to its
// attempt. Writes may be repeated, because a request id takes effect once; a refused condition is believed
// only from the newest attempt (see RequestId.repeated). At the deadline a write of which an attempt was lost
// is "unknown"; everything else had no effect.
#include "actors/router/router_state.h"
#include "config/limits.h"
#include "messages/status.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::router {

namespace {

constexpr std::int64_t patience_us = 1'000'000; // with one attempt
constexpr std::int64_t first_pause_us = 10'000;
constexpr std::int64_t longest_pause_us = 100'000;

const char* name_of(kind what) {
  switch (what) {
  case kind::put:
    return "put";
  case kind::remove:
    return "delete";
  case kind::update:
    return "update";
  case kind::get:
    return "get";
  case kind::query:
    return "query";
  default:
    return "admin";
  }
}

} // namespace

// Doubles with each round over three members, and is spread by half to either side.
std::int64_t router_state::pause(const flight& f) {
  return jitter(std::min(longest_pause_us, first_pause_us << std::min(f.attempts / 3, 4)));
}

std::int64_t router_state::jitter(std::int64_t base_us) {
  return base_us / 2 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(base_us));
}

void router_state::dispatch(flight& f) {
  if (f.attempts >= limits::router_attempts || f.sent + 1 >= map_mark)
    return give_up(f, "gave up after " + std::to_string(f.attempts) + " attempts");
  if (f.what == kind::admin) {
    auto node = metadata_node();
    return node.empty() ? give_up(f, "no metadata node is known") : send(f, node, 0);
  }
  auto table = map->find(f.request.table());
  if (table && (table->id() != f.table_id || table->state() != msg::TABLE_ACTIVE))
    return resolve(f); // not the one it was prepared for
  const msg::PartitionRecord* partition = nullptr;
  if (table && f.what == kind::query) {
    if (f.range.empty())
      return finish_query(f, false);
    auto spans = map->partitions_in(*table, f.range.from, f.range.to);
    partition = spans.empty() ? nullptr : f.paging.backward ? spans.back() : spans.front();
    auto& scan = *f.to_replica.mutable_scan();
    if (partition) {
      f.asked = {partition->from(), partition->to()};
      scan.set_from(std::max(f.range.from, partition->from()));
      scan.set_to(partition->to().empty() || (!f.range.to.empty() && f.range.to < partition->to())
                      ? f.range.to
                      : partition->to());
    }
    scan.set_backward(f.paging.backward);
    scan.set_limit(f.paging.limit == 0 ? 0 : f.paging.limit - f.gathered.scanned());
    scan.set_page_bytes(limits::page_bytes - std::min(f.gathered_bytes, limits::page_bytes - 1));
    scan.set_eventual(f.paging.eventual);
  } else if (table) {
    partition = map->locate(*table, f.key);
  }
  if (!partition) {
    if (f.fresh_map_asked)
      return finish(f, make_status(msg::TABLE_NOT_FOUND, "Requested resource not found: Table: " +
                                                             f.request.table() + " not found"));
    return wait_for_map(f);
  }
  auto eventual =
      (f.what == kind::get && f.request.get().eventual()) || (f.what == kind::query && f.paging.eventual);
  std::string node;
  if (eventual && f.attempts == 0) { // the copy on this node, when there is one
    for (auto& m : partition->configuration().members())
      if (m.kind() == msg::STORAGE_REPLICA && m.node() == options.node)
        node = m.node();
  }
  auto hint = hints.find(partition->group());
  if (node.empty() && f.attempts > 0 && f.group == partition->group() && (!hint || hint->node.empty()))
    node = next_member(f); // nobody is known to lead: ask one after the other
  if (node.empty())
    node = std::string(hints.target(*partition));
  f.to_replica.set_epoch(hints.epoch(*partition));
  send(f, node, partition->group());
}

std::string router_state::next_member(const flight& f) const {
  auto partition = map->group(f.group);
  return partition ? std::string(routing::leader_hints::after(*partition, f.node)) : std::string();
}

void router_state::send(flight& f, const std::string& node, std::uint64_t group) {
  ++f.attempts;
  ++f.sent;
  f.node = node;
  f.open = true;
  f.group = group;
  wire::outgoing out;
  out.node = node;
  *out.parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
  out.parcel.set_id(f.id << attempt_bits | f.sent);
  out.parcel.set_deadline_ms(
      static_cast<std::uint32_t>(std::max<std::int64_t>(1, (f.deadline_us - now()) / 1000)));
  if (f.what == kind::admin) {
    *out.parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
    *out.parcel.mutable_admin_request() = f.admin;
  } else {
    *out.parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, group);
    if (f.attempts > 1 && is_write(f))
      f.to_replica.mutable_id()->set_repeated(true);
    *out.parcel.mutable_replica_request() = f.to_replica;
  }
  outbox.push_back(std::move(out));
  // A change to the metadata takes as long as it takes; its admin answers when it is done.
  set_timer(f, f.what == kind::admin ? f.deadline_us : std::min(f.deadline_us, now() + patience_us));
}

void router_state::on_reply(const wire::delivery& from, msg::Parcel& reply) {
  auto number = reply.id() & attempt_mask;
  if (number == map_mark)
    return on_map(from.from, reply);
  auto f = flights.find(reply.id() >> attempt_bits);
  if (!f)
    return;
  auto newest = f->open && number == f->sent;
  if (newest)
    f->open = false;
  if (reply.has_replica_reply())
    return on_replica_reply(*f, from.from->node, *reply.mutable_replica_reply(), newest);
  if (reply.has_admin_reply() && newest)
    return on_admin_reply(*f, from.from->node, *reply.mutable_admin_reply());
  if (!wire::undelivered(reply) || !newest)
    return;
  hints.suspect(f->group, f->node);
  if (f->what == kind::admin)
    metadata_leader.clear();
  try_later(*f, pause(*f));
}

void router_state::on_replica_reply(flight& f, const std::string& node, msg::ReplicaReply& reply,
                                    bool newest) {
  switch (reply.status().code()) {
  case msg::OK: {
    if (f.what == kind::query) {
      if (newest)
        on_page(f, reply);
      return;
    }
    auto eventual = f.what == kind::get && f.request.get().eventual();
    if (!eventual)
      hints.learn(f.group, node, f.to_replica.epoch());
    if (reply.forgotten())
      return finish(f, make_status(msg::UNKNOWN_OUTCOME,
                                   "the write has taken effect, but an answer was lost, and what it "
                                   "was to return is not known any more"));
    msg::ItemReply answer;
    answer.set_found(reply.found());
    answer.set_item(std::move(*reply.mutable_item()));
    answer.set_old_bytes(reply.old_bytes());
    answer.set_new_bytes(reply.new_bytes());
    tell_indexes(f.telling, f.key, reply, answer);
    return finish(f, std::move(answer));
  }
  case msg::MOVED:
    if (!newest)
      return;
    meter->followed.Increment();
    hints.update_from_moved(reply.moved());
    if (auto p = map->group(f.group); p && reply.moved().epoch() > p->configuration().epoch())
      ask_for_map(true);
    if (!reply.moved().leader_node().empty() && reply.moved().leader_node() != node && f.attempts % 4 != 0)
      return dispatch(f);
    hints.suspect(f.group, node);
    if (f.attempts >= 8 && !f.fresh_map_asked) { // none of the members we know leads: look for others
      set_timer(f, 0);
      return wait_for_map(f);
    }
    return try_later(f, pause(f));
  case msg::UNKNOWN_OUTCOME:
    f.in_doubt = true;
    hints.suspect(f.group, node);
    if (newest)
      try_later(f, pause(f));
    return;
  case msg::CONDITION_FAILED:
    if (!newest)
      return; // a newer attempt is under way, and has the last word
    [[fallthrough]];
  default: {
    if (!newest && is_write(f))
      return;
    // A refusal of this attempt says nothing about an earlier one that was lost, unless it is the condition's
    // or the update's: these looked at everything the earlier ones may have done, and are remembered.
    auto judged = reply.status().code() == msg::CONDITION_FAILED ||
                  (f.what == kind::update && reply.status().code() == msg::VALIDATION);
    if (f.in_doubt && is_write(f) && !judged)
      return try_later(f, jitter(longest_pause_us));
    msg::ItemReply answer;
    *answer.mutable_status() = std::move(*reply.mutable_status());
    answer.set_found(reply.found());
    answer.set_item(std::move(*reply.mutable_item()));
    return finish(f, std::move(answer));
  }
  }
}

void router_state::on_admin_reply(flight& f, const std::string& node, msg::AdminReply& reply) {
  if (reply.status().code() == msg::MOVED) {
    metadata_moved(reply.moved());
    if (metadata_leader == node)
      metadata_leader.clear();
    return try_later(f, metadata_leader.empty() || f.attempts % 3 == 0 ? jitter(longest_pause_us) : 0);
  }
  metadata_leader = node;
  finish(f, std::move(reply));
}

void router_state::set_timer(flight& f, std::int64_t at_us) {
  if (f.timer_us != 0)
    timers.erase({f.timer_us, f.id});
  f.timer_us = at_us;
  if (at_us != 0)
    timers.emplace(at_us, f.id);
}

void router_state::try_later(flight& f, std::int64_t delay_us) {
  if (now() + delay_us >= f.deadline_us)
    return set_timer(f, f.deadline_us);
  if (delay_us == 0)
    return dispatch(f);
  set_timer(f, now() + delay_us);
}

// Either a pause is over, or an attempt got no answer in time.
void router_state::on_timer(flight& f) {
  if (f.by_old_map.code() != msg::OK && wants_map.erase(f.id) > 0)
    return finish(f, std::move(f.by_old_map)); // nobody tells us better
  if (now() >= f.deadline_us)
    return give_up(f, "no answer within the deadline");
  if (f.open) {
    f.open = false;
    f.in_doubt = f.in_doubt || is_write(f) || f.what == kind::admin;
    hints.suspect(f.group, f.node);
    if (f.what == kind::admin)
      metadata_leader.clear();
  }
  dispatch(f);
}

void router_state::give_up(flight& f, const std::string& why) {
  if (f.what != kind::admin && !is_write(f))
    return finish(f, make_status(msg::UNAVAILABLE, why));
  auto doubt = f.in_doubt || f.open;
  finish(f, make_status(doubt ? msg::UNKNOWN_OUTCOME : msg::UNAVAILABLE,
                        doubt ? why + "; the request may or may not take effect" : why));
}

void router_state::finish(flight& f, msg::Status status) {
  // Whatever is wrong now, an earlier attempt may have taken effect.
  if (is_write(f) && f.in_doubt && status.code() != msg::UNKNOWN_OUTCOME)
    status = make_status(msg::UNKNOWN_OUTCOME, "an attempt was lost, and then: " + status.message());
  if (f.what == kind::admin) {
    msg::AdminReply reply;
    *reply.mutable_status() = std::move(status);
    return finish(f, std::move(reply));
  }
  msg::ItemReply reply;
  *reply.mutable_status() = std::move(status);
  finish(f, std::move(reply));
}

void router_state::finish(flight& f, msg::AdminReply reply) {
  auto out = wire::outgoing{f.client, f.head};
  auto code = reply.status().code();
  *out.parcel.mutable_admin_reply() = std::move(reply);
  outbox.push_back(std::move(out));
  meter->done(name_of(f.what), "", code, static_cast<double>(now() - f.started_us) / 1e6, f.attempts);
  set_timer(f, 0);
  wants_map.erase(f.id);
  flights.take(f.id);
}

void router_state::finish(flight& f, msg::ItemReply reply) {
  auto code = reply.status().code();
  reply.set_attempts(static_cast<std::uint32_t>(f.attempts));
  auto out = wire::outgoing{f.client, f.head};
  *out.parcel.mutable_item_reply() = std::move(reply);
  outbox.push_back(std::move(out));
  meter->done(name_of(f.what), f.table_label, code, static_cast<double>(now() - f.started_us) / 1e6,
              f.attempts);
  set_timer(f, 0);
  wants_map.erase(f.id);
  flights.take(f.id);
}

} // namespace troupe::router
