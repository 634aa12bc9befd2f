// UpdateItem: parsed and validated here, evaluated where the item is.
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/parse.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/item_answers.h"
#include <algorithm>

namespace troupe::gateway {

namespace {

msg::Returning returning_of(api::return_values wish) {
  switch (wish) {
  case api::return_values::none:
    return msg::RETURN_NONE;
  case api::return_values::all_old:
    return msg::RETURN_OLD;
  case api::return_values::all_new:
    return msg::RETURN_NEW;
  case api::return_values::updated_old:
    return msg::RETURN_UPDATED_OLD;
  case api::return_values::updated_new:
    return msg::RETURN_UPDATED_NEW;
  }
  return msg::RETURN_NONE;
}

// Without an expression and without AttributeUpdates an update makes sure that the item is there.
api::outcome<msg::UpdateExpression> update_of(const api::update_item& wish, expression::placeholders& use) {
  auto made = wish.options.expressions.update
                  ? expression::parse_update(*wish.options.expressions.update, use)
              : wish.attribute_updates ? expression::update_from_attribute_updates(*wish.attribute_updates)
                                       : item::result<msg::UpdateExpression>(msg::UpdateExpression());
  if (!made)
    return api::of_refusal(made.why());
  return std::move(*made);
}

} // namespace

void update_item(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_update_item(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto& options = wish->options;
  auto use = expression::placeholders::make(std::move(options.expressions.names),
                                            std::move(options.expressions.values));
  if (!use)
    return c->refuse(api::of_refusal(use.why()));
  auto update = update_of(*wish, *use);
  if (!update)
    return c->refuse(update.why());
  auto condition = condition_of(options, *use);
  if (!condition)
    return c->refuse(condition.why());
  if (auto bad = use->check_all_used())
    return c->refuse(api::of_refusal(*bad));
  msg::ItemRequest ask;
  ask.set_table(wish->table);
  auto& body = *ask.mutable_update();
  body.set_key(item::serialize(wish->key));
  *body.mutable_update() = std::move(*update);
  if (*condition)
    *body.mutable_expression() = std::move(**condition);
  body.set_returning(returning_of(options.returned));
  body.set_return_old_on_refusal(options.old_on_failure);
  ask.set_tell_index_units(options.capacity != api::capacity_report::none);
  ask.set_tell_collection(options.collection_metrics);
  to.submit(std::move(ask), [c, table = std::move(wish->named), capacity = options.capacity,
                             with_item = options.old_on_failure](const msg::ItemReply& reply) {
    if (reply.status().code() != msg::OK)
      return c->refuse(refused_write(reply, with_item));
    api::writer w;
    w.object();
    if (reply.found()) {
      auto told = item::parse_item(reply.item());
      if (!told)
        return c->refuse(api::internal());
      w.key("Attributes").json(item::write_json(*told));
    }
    table_cost cost;
    cost.add_write(units_of(std::max(reply.old_bytes(), reply.new_bytes()), write_unit_bytes), reply);
    consumed(w, capacity, table, cost);
    if (tells_collection(reply)) {
      w.key("ItemCollectionMetrics");
      write_collection(w, reply);
    }
    w.end_object();
    c->answer(w.take());
  });
}

} // namespace troupe::gateway
