// The router's copy of the partition map: asked for every so often whether or not anybody needs it (the same
// work on a quiet and on a busy day), and at once when a request names a table that the copy does not have.
#include "actors/kit/log.h"
#include "actors/router/router_state.h"
#include <algorithm>

namespace troupe::router {

namespace {

constexpr std::int64_t ask_every_us = 500'000;
constexpr std::int64_t answer_within_us = 1'000'000;

} // namespace

std::string router_state::metadata_node() {
  if (!metadata_leader.empty())
    return metadata_leader;
  auto& nodes = options.metadata_nodes;
  return nodes.empty() ? std::string() : nodes[metadata_turn++ % nodes.size()];
}

void router_state::metadata_moved(const msg::Moved& moved) {
  metadata_leader = moved.leader_node();
}

void router_state::ask_for_map(bool strong) {
  auto t = now();
  if (map_question != 0 && t - map_asked_us < answer_within_us && (!strong || map_question_strong))
    return;
  if (map_question != 0 && t - map_asked_us >= answer_within_us)
    metadata_leader.clear(); // it did not answer: ask another
  if (!strong && wants_map.empty() && t - map_asked_us < ask_every_us)
    return;
  auto node = metadata_node();
  if (node.empty())
    return;
  map_question = ++next_question;
  map_question_strong = strong || !wants_map.empty();
  map_asked_us = t;
  meter->map_fetches.Increment();
  wire::outgoing out;
  out.node = node;
  *out.parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
  *out.parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
  out.parcel.set_id(map_question << attempt_bits | map_mark);
  out.parcel.set_deadline_ms(answer_within_us / 1000);
  out.parcel.mutable_map_request()->set_known_version(map->version());
  out.parcel.mutable_map_request()->set_strong(map_question_strong);
  outbox.push_back(std::move(out));
}

// When to ask next, by what is known now.
std::int64_t router_state::map_due_us() const {
  if (map_question != 0)
    return map_asked_us + answer_within_us;
  return wants_map.empty() ? map_asked_us + ask_every_us : 0;
}

void router_state::on_map(const wire::peer_ptr& from, msg::Parcel& reply) {
  if (reply.id() >> attempt_bits != map_question)
    return;
  auto strong = map_question_strong;
  auto asked_us = map_asked_us;
  map_question = 0;
  auto answered = reply.has_map_reply(); // otherwise it came back undelivered
  auto& answer = *reply.mutable_map_reply();
  if (!answered || answer.status().code() != msg::OK) {
    if (answered && answer.status().code() == msg::MOVED)
      metadata_moved(answer.moved());
    else
      metadata_leader.clear();
    if (!wants_map.empty() && !metadata_leader.empty())
      ask_for_map(true);
    return; // otherwise the next tick asks somebody
  }
  if (strong)
    metadata_leader = from->node;
  map_checked_us = now();
  auto newer = routing::advance(map, std::move(answer));
  if (newer != map) {
    map = std::move(newer);
    hints.retain(*map);
    meter->map_version.Set(static_cast<double>(map->version()));
    for (auto& trouble : map->troubles())
      kit::log(kit::level::warning, options.node, "router", trouble);
  }
  if (!strong)
    return;
  auto waiting = std::move(wants_map);
  wants_map.clear();
  for (auto id : waiting) {
    auto f = flights.find(id);
    if (!f)
      continue;
    if (f->map_wanted_us <= asked_us)
      resolve(*f);
    else
      wants_map.insert(id); // this answer may be from before it came
  }
  if (!wants_map.empty())
    ask_for_map(true);
}

void router_state::wait_for_map(flight& f) {
  f.fresh_map_asked = true;
  f.map_wanted_us = now();
  wants_map.insert(f.id);
  // Also when no map comes. Who has an answer already waits a little only for a better one.
  auto refused = f.by_old_map.code() != msg::OK;
  set_timer(f, refused ? std::min(f.deadline_us, now() + answer_within_us) : f.deadline_us);
  ask_for_map(true);
}

} // namespace troupe::router
