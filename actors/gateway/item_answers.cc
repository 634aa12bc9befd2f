#include "actors/gateway/item_answers.h"
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/parse.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::gateway {

std::int64_t units_of(std::size_t bytes, std::size_t per_unit) {
  return static_cast<std::int64_t>(std::max<std::size_t>((bytes + per_unit - 1) / per_unit, 1));
}

void consumed(api::writer& w, api::capacity_report wish, const std::string& table, std::int64_t halves) {
  if (wish == api::capacity_report::none)
    return;
  w.key("ConsumedCapacity").object().key("TableName").text(table).key("CapacityUnits").units(halves);
  if (wish == api::capacity_report::indexes)
    w.key("Table").object().key("CapacityUnits").units(halves).end_object();
  w.end_object();
}

api::outcome<condition_wish> condition_of(const api::write_options& options, expression::placeholders& use) {
  if (options.join) {
    auto tests = options.expected ? std::optional(options.expected->size()) : std::nullopt;
    if (auto bad = expression::check_conditional_operator(tests))
      return api::of_refusal(*bad);
  }
  if (!options.conditional())
    return condition_wish();
  auto made = options.expressions.condition
                  ? expression::parse_condition(expression::condition_role::condition,
                                                *options.expressions.condition, use)
                  : expression::condition_from_expected(*options.expected,
                                                        options.join.value_or(expression::legacy_join::all));
  if (!made)
    return api::of_refusal(made.why());
  return condition_wish(std::move(*made));
}

api::error refused_write(const msg::ItemReply& reply, bool with_item) {
  auto why = api::of_status(reply.status());
  if (!with_item || reply.status().code() != msg::CONDITION_FAILED || !reply.found())
    return why;
  if (auto item = item::parse_item(reply.item()))
    why.more = ",\"Item\":" + item::write_json(*item);
  return why;
}

} // namespace troupe::gateway
