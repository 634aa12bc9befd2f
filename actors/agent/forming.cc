// The talk among the metadata nodes until this one has a member of the metadata group; see formation.h for
// what is decided and why it is safe.
#include "actors/agent/agent_state.h"
#include "actors/kit/log.h"
#include <caf/all.hpp>

namespace troupe::agent {

namespace {

constexpr std::int64_t ask_every_us = 200'000;
constexpr std::int64_t tell_people_us = 5'000'000;

} // namespace

void agent_state::form() {
  if (!forming || now() - form_asked_us < ask_every_us)
    return;
  form_asked_us = now();
  form_asked.clear();
  for (const auto& peer : forming->whom_to_ask()) {
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_AGENT);
    *parcel.mutable_from() = wire::address(msg::ROLE_AGENT);
    parcel.set_id(++next_id);
    parcel.mutable_form_request()->set_ask(true);
    form_asked[next_id] = peer;
    post(peer, std::move(parcel));
  }
  if (form_told_us == 0) {
    form_told_us = now();
  } else if (now() - form_told_us > tell_people_us) {
    form_told_us = now();
    kit::log(kit::level::info, node, "agent", forming->waiting_for());
  }
}

void agent_state::on_form_request(const wire::delivery& from) {
  const auto& request = from.parcel.form_request();
  if (request.has_configuration() && forming)
    take(forming->told(request.configuration()));
  auto parcel = wire::reply_to(from.parcel);
  auto& answer = *parcel.mutable_form_reply();
  answer.set_disk(disk);
  if (auto known = records.find(wire::metadata_group); known != records.end()) {
    answer.set_formed(true);
    *answer.mutable_configuration() = known->second.configuration();
  } else if (!forming) {
    answer.set_refused("node " + node + " is not a metadata node");
  }
  if (from.parcel.id() != 0)
    post(from.from->node, std::move(parcel));
}

void agent_state::on_form_reply(const wire::delivery& from) {
  auto asked = form_asked.find(from.parcel.id());
  auto peer = asked->second;
  form_asked.erase(asked);
  if (!forming)
    return;
  if (!from.parcel.has_form_reply()) // undelivered: not reachable
    return forming->lost(peer);
  const auto& answer = from.parcel.form_reply();
  if (!answer.refused().empty())
    return complain("forming the metadata group", answer.refused());
  auto others = forming->whom_to_ask();
  if (!take(forming->heard(peer, answer)) || answer.formed())
    return;
  for (const auto& other : others) { // we have founded it: tell the others at once
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_AGENT);
    *parcel.mutable_from() = wire::address(msg::ROLE_AGENT);
    *parcel.mutable_form_request()->mutable_configuration() =
        records.at(wire::metadata_group).configuration();
    post(other, std::move(parcel));
  }
}

// Carries a decision out. True when this node has joined by it.
bool agent_state::take(const formation::step& next) {
  if (!next.refused.empty())
    complain("forming the metadata group", next.refused);
  if (!next.join)
    return false;
  const auto* member = member_here(*next.join, node, disk);
  msg::LocalReplica own;
  own.set_group(wire::metadata_group);
  own.set_member(member->id());
  own.set_kind(member->kind());
  own.set_state(msg::LocalReplica::CREATING);
  own.set_created_ms(options.clock->unix_ms());
  *own.mutable_configuration() = *next.join;
  if (!keep({own}))
    return false; // asked again
  kit::log(kit::level::info, node, "agent",
           "joins the metadata group as member " + std::to_string(member->id()));
  content("forming the metadata group");
  forming.reset();
  start_soon(wire::metadata_group);
  start_next();
  return true;
}

} // namespace troupe::agent
