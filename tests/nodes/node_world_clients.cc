// The clients of the node world: what they ask at random, and what they make of the answers, for the checker.
#include "actors/client/requests.h"
#include "actors/client/values.h"
#include "tests/cluster/outcome.h"
#include "tests/nodes/node_world.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::nodes_test {

namespace lin = linearizability;
using lin::outcome_of;
using std::chrono::milliseconds;

namespace {

constexpr int keys = 4;

msg::AttributeMap key_of(const std::string& key) {
  return client::make_item({{"id", client::s(key)}});
}

} // namespace

void node_world::step_clients() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    auto& c = clients_[i];
    if (c.open && now() > c.due_us) {
      violations.push_back("a router did not answer a client of " + c.node + " within its deadline");
      give_up(c);
    }
    if (load_ && !c.open && up(c.node) && dice_() % 4 == 0)
      ask(i);
  }
}

void node_world::give_up(asker& c) {
  if (c.open)
    recorder_.complete(*c.open, lin::outcome::unknown, now());
  c.open.reset();
}

void node_world::post(std::size_t who, msg::Parcel parcel) {
  auto& c = clients_[who];
  *parcel.mutable_to() = wire::address(msg::ROLE_ROUTER);
  *parcel.mutable_from() = wire::address(msg::ROLE_CLIENT, who + 1);
  parcel.set_id(c.sequence);
  wire::outbox mail;
  mail.push_back({c.node, std::move(parcel)});
  caf::anon_send(nodes_[c.node].peers, std::move(mail));
}

void node_world::ask(std::size_t who, lin::operation op, msg::ItemRequest request) {
  auto& c = clients_[who];
  request.mutable_id()->set_client(who + 1);
  request.mutable_id()->set_sequence(++c.sequence);
  c.what = op.what;
  c.open = recorder_.invoke(std::move(op), now());
  c.due_us = now() + (request_ms + 500) * 1000;
  msg::Parcel parcel;
  parcel.set_deadline_ms(request_ms);
  *parcel.mutable_item_request() = std::move(request);
  post(who, std::move(parcel));
}

void node_world::ask(std::size_t who) {
  auto& c = clients_[who];
  lin::operation op;
  op.client = "c" + std::to_string(who);
  op.key = "k" + std::to_string(dice_() % keys);
  auto fresh = op.client + "-" + std::to_string(c.sequence + 1);
  auto dice = dice_() % 100;
  if (dice < 35) {
    op.what = lin::action::get;
    client::get_item wish;
    wish.table = "registers";
    wish.key = key_of(op.key);
    return ask(who, std::move(op), wish.to_message());
  }
  if (dice < 92) {
    client::put_item wish;
    wish.table = "registers";
    wish.item = client::make_item({{"id", client::s(op.key)}, {"value", client::s(fresh)}});
    op.what = dice < 65 ? lin::action::cas : lin::action::put;
    op.written = fresh;
    if (op.what == lin::action::cas) {
      op.expected = c.seen[op.key];
      wish.condition =
          op.expected ? client::equals("value", client::s(*op.expected)) : client::not_exists("id");
    }
    return ask(who, std::move(op), wish.to_message());
  }
  op.what = lin::action::remove;
  client::delete_item wish;
  wish.table = "registers";
  wish.key = key_of(op.key);
  ask(who, std::move(op), wish.to_message());
}

void node_world::answered(std::size_t who, const msg::Parcel& reply) {
  auto& c = clients_[who];
  if (reply.id() != c.sequence)
    return;
  if (reply.has_admin_reply()) {
    c.admin_reply = reply.admin_reply();
    return;
  }
  if (!c.open)
    return;
  auto handle = *c.open;
  auto asked = recorder_.operations()[handle];
  c.open.reset();
  lin::value value;
  lin::outcome outcome;
  if (asked.what == lin::action::get) {
    auto answer = client::get_item::from_message(reply.item_reply());
    outcome = outcome_of(answer.status);
    if (reply.has_item_reply() && answer.item)
      if (auto attribute = client::find(*answer.item, "value"))
        value = attribute->s();
    if (outcome != lin::outcome::ok)
      outcome = lin::outcome::failed; // a read that was not answered says nothing
  } else {
    outcome = outcome_of(reply.item_reply().status());
  }
  if (wire::undelivered(reply))
    outcome = lin::outcome::failed;
  recorder_.complete(handle, outcome, now(), value);
  if (outcome == lin::outcome::ok) {
    ++succeeded_;
    c.seen[asked.key] = asked.what == lin::action::get ? value : asked.written;
  } else {
    c.seen.erase(asked.key);
  }
}

bool node_world::make_table() {
  client::create_table wish;
  wish.name = "registers";
  wish.keys.mutable_partition()->set_name("id");
  wish.keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
  wish.partitions = 2;
  auto& c = clients_[0];
  for (int tries = 0; tries < 10; ++tries) {
    ++c.sequence;
    c.admin_reply.reset();
    msg::Parcel parcel;
    parcel.set_deadline_ms(3'000);
    *parcel.mutable_admin_request() = wish.to_message();
    parcel.mutable_admin_request()->mutable_id()->set_client(1);
    parcel.mutable_admin_request()->mutable_id()->set_sequence(1);
    post(0, std::move(parcel));
    for (int ms = 0; ms < 4'000 && !c.admin_reply; ms += 50)
      run(milliseconds(50));
    if (c.admin_reply && c.admin_reply->status().code() == msg::OK)
      return true;
    if (c.admin_reply)
      run(milliseconds(2'000)); // a node's mail may be lost until its link has been given up
  }
  return false;
}

bool node_world::read_all() {
  for (int k = 0; k < keys; ++k) {
    auto key = "k" + std::to_string(k);
    auto before = succeeded_;
    for (int tries = 0; tries < 20 && succeeded_ == before; ++tries) {
      lin::operation op;
      op.client = "final";
      op.key = key;
      op.what = lin::action::get;
      client::get_item wish;
      wish.table = "registers";
      wish.key = key_of(key);
      ask(static_cast<std::size_t>(k) % clients_.size(), std::move(op), wish.to_message());
      for (int ms = 0; ms < 2'500 && !quiet(); ms += 20)
        run(milliseconds(20));
    }
    if (succeeded_ == before)
      return false;
  }
  return true;
}

} // namespace troupe::nodes_test
