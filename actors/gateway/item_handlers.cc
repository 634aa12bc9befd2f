// Single items: put, got, deleted.
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include "actors/gateway/api/item_requests.h"
#include "actors/gateway/api/writer.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/item_answers.h"
#include "actors/gateway/key_paths.h"
#include <algorithm>
#include <memory>

namespace troupe::gateway {

namespace {

// The condition of a put or delete, from either of the API's ways to say it.
api::outcome<condition_wish> read_condition(api::write_options& options) {
  auto use = expression::placeholders::make(std::move(options.expressions.names),
                                            std::move(options.expressions.values));
  if (!use)
    return api::of_refusal(use.why());
  auto condition = condition_of(options, *use);
  if (!condition)
    return condition.why();
  if (auto bad = use->check_all_used())
    return api::of_refusal(*bad);
  return condition;
}

// What a write answers, alike for put and delete. Capacity goes by the larger of the item before and after,
// of which the first is asked for by its size alone.
struct write_reply {
  std::string table; // as the request called it
  api::return_values returned;
  api::capacity_report capacity;
  std::size_t written_bytes;
  bool old_on_failure = false;

  template <class Asked>
  void ask_for_old(Asked& of) const {
    of.set_return_old(returned == api::return_values::all_old);
    of.set_return_old_on_refusal(old_on_failure);
    of.set_tell_bytes(capacity != api::capacity_report::none);
  }

  // Of a table with local indexes, what the write did there.
  static void ask_of_indexes(const api::write_options& options, msg::ItemRequest& ask) {
    ask.set_tell_index_units(options.capacity != api::capacity_report::none);
    ask.set_tell_collection(options.collection_metrics);
  }

  void say(call& c, const msg::ItemReply& reply) const {
    if (reply.status().code() != msg::OK)
      return c.refuse(refused_write(reply, old_on_failure));
    api::writer w;
    w.object();
    if (reply.found() && returned == api::return_values::all_old) {
      auto old = item::parse_item(reply.item());
      if (!old)
        return c.refuse(api::internal());
      w.key("Attributes").json(item::write_json(*old));
    }
    const auto bytes = std::max<std::size_t>(written_bytes, reply.old_bytes());
    table_cost cost;
    cost.add_write(units_of(bytes, write_unit_bytes), reply);
    consumed(w, capacity, table, cost);
    if (tells_collection(reply)) {
      w.key("ItemCollectionMetrics");
      write_collection(w, reply);
    }
    w.end_object();
    c.answer(w.take());
  }
};

} // namespace

void put_item(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_put_item(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto condition = read_condition(wish->options);
  if (!condition)
    return c->refuse(condition.why());
  const write_reply answer{wish->named, wish->options.returned, wish->options.capacity,
                           wish->options.capacity == api::capacity_report::none ? 0
                                                                                : item::item_size(wish->item),
                           wish->options.old_on_failure};
  msg::ItemRequest ask;
  ask.set_table(std::move(wish->table));
  ask.mutable_put()->set_item(item::serialize(wish->item));
  answer.ask_for_old(*ask.mutable_put());
  write_reply::ask_of_indexes(wish->options, ask);
  if (*condition)
    *ask.mutable_put()->mutable_expression() = std::move(**condition);
  to.submit(std::move(ask), [c, answer](const msg::ItemReply& reply) { answer.say(*c, reply); });
}

void delete_item(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_delete_item(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto condition = read_condition(wish->options);
  if (!condition)
    return c->refuse(condition.why());
  const write_reply answer{wish->named, wish->options.returned, wish->options.capacity, 0,
                           wish->options.old_on_failure};
  msg::ItemRequest ask;
  ask.set_table(std::move(wish->table));
  ask.mutable_delete_()->set_key(item::serialize(wish->key));
  answer.ask_for_old(*ask.mutable_delete_());
  write_reply::ask_of_indexes(wish->options, ask);
  if (*condition)
    *ask.mutable_delete_()->mutable_expression() = std::move(**condition);
  to.submit(std::move(ask), [c, answer](const msg::ItemReply& reply) { answer.say(*c, reply); });
}

void get_item(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_get_item(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto part = read_projection(wish->expressions, wish->attributes_to_get);
  if (!part)
    return c->refuse(part.why());
  auto ask = std::make_shared<msg::ItemRequest>();
  ask->set_table(wish->table);
  ask->mutable_get()->set_key(item::serialize(wish->key));
  ask->mutable_get()->set_eventual(!wish->consistent);
  auto nested = part->nested;
  auto answer = [c, part = std::move(*part), table = std::move(wish->named), capacity = wish->capacity,
                 consistent = wish->consistent](const msg::ItemReply& reply) {
    if (reply.status().code() != msg::OK)
      return c->refuse(api::of_status(reply.status()));
    api::writer w;
    w.object();
    std::size_t bytes = 0;
    if (reply.found()) {
      auto found = item::parse_item(reply.item());
      if (!found)
        return c->refuse(api::internal());
      if (capacity != api::capacity_report::none)
        bytes = item::item_size(*found);
      w.key("Item").json(item::write_json(part.of(std::move(*found))));
    }
    consumed(w, capacity, table, {units_of(bytes, read_unit_bytes) * (consistent ? 2 : 1), {}});
    w.end_object();
    c->answer(w.take());
  };
  with_scalar_keys(to, c, {{wish->table, std::move(nested)}},
                   [&to, ask, answer = std::move(answer)] { to.submit(std::move(*ask), answer); });
}

} // namespace troupe::gateway
