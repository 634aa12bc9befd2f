#include "tests/unit/client/fake_router.h"
#include "actors/core/item/value.h"
#include <caf/all.hpp>

namespace troupe::client {

namespace {

bool take_one(std::atomic<int>& budget) {
  for (auto left = budget.load(); left > 0;)
    if (budget.compare_exchange_weak(left, left - 1))
      return true;
  return false;
}

std::string key_of(const std::string& bytes) {
  auto attributes = item::parse_item(bytes);
  const auto* pk = attributes ? item::find(*attributes, "pk") : nullptr;
  return pk == nullptr ? std::string() : pk->s();
}

msg::ItemReply serve(fake_router_state& state, const msg::ItemRequest& request) {
  std::lock_guard guard(state.data->lock);
  auto& items = state.data->items;
  msg::ItemReply reply;
  auto is_new = state.data->requests.insert({request.id().client(), request.id().sequence()}).second;
  if (request.has_put() && is_new) {
    items[key_of(request.put().item())] = request.put().item();
    ++state.how->executed;
  } else if (request.has_delete_() && is_new) {
    items.erase(key_of(request.delete_().key()));
    ++state.how->executed;
  } else if (request.has_get()) {
    auto it = items.find(key_of(request.get().key()));
    reply.set_found(it != items.end());
    if (reply.found())
      reply.set_item(it->second);
  }
  return reply;
}

msg::AdminReply administer(const msg::AdminRequest& request) {
  msg::AdminReply reply;
  if (request.has_list_tables())
    reply.add_tables()->set_name("music");
  return reply;
}

} // namespace

wire::role_actor::behavior_type fake_router(wire::role_actor::stateful_pointer<fake_router_state> self,
                                            wire::peers_actor peers, std::shared_ptr<behaviour> how,
                                            std::shared_ptr<store> data) {
  self->state = {std::move(how), std::move(data), std::move(peers)};
  self->send(self->state.peers, wire::enroll{wire::address(msg::ROLE_ROUTER), self});
  return {
      [self](wire::inbox& mail) {
        auto& state = self->state;
        wire::outbox out;
        for (auto& [from, parcel] : mail) {
          ++state.how->asked;
          if (take_one(state.how->lose_requests))
            continue;
          auto reply = wire::reply_to(parcel);
          if (take_one(state.how->overloaded))
            reply.mutable_item_reply()->mutable_status()->set_code(msg::OVERLOADED);
          else if (parcel.has_item_request())
            *reply.mutable_item_reply() = serve(state, parcel.item_request());
          else
            *reply.mutable_admin_reply() = administer(parcel.admin_request());
          if (take_one(state.how->lose_replies))
            continue;
          if (state.how->twice)
            out.push_back({from->node, reply});
          out.push_back({from->node, std::move(reply)});
        }
        if (!out.empty())
          self->send(state.peers, std::move(out));
      },
      [](const wire::peer_lost&) {},
  };
}

} // namespace troupe::client
