#include "actors/gateway/item_answers.h"
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/parse.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include "actors/gateway/key_paths.h"
#include <algorithm>

namespace troupe::gateway {

std::int64_t units_of(std::size_t bytes, std::size_t per_unit) {
  return static_cast<std::int64_t>(std::max<std::size_t>((bytes + per_unit - 1) / per_unit, 1));
}

void table_cost::add_write(std::int64_t units, const msg::ItemReply& reply) {
  table += 2 * units;
  for (const auto& index : reply.index_units())
    local_indexes[index.name()] += 2 * static_cast<std::int64_t>(index.units());
}

void write_capacity(api::writer& w, api::capacity_report wish, const std::string& table,
                    const table_cost& cost) {
  auto all = cost.table;
  for (const auto& [name, halves] : cost.local_indexes)
    all += halves;
  w.object().key("TableName").text(table).key("CapacityUnits").units(all);
  if (wish == api::capacity_report::indexes) {
    w.key("Table").object().key("CapacityUnits").units(cost.table).end_object();
    if (!cost.local_indexes.empty()) {
      w.key("LocalSecondaryIndexes").object();
      for (const auto& [name, halves] : cost.local_indexes)
        w.key(name).object().key("CapacityUnits").units(halves).end_object();
      w.end_object();
    }
  }
  w.end_object();
}

void consumed(api::writer& w, api::capacity_report wish, const std::string& table, const table_cost& cost) {
  if (wish == api::capacity_report::none)
    return;
  w.key("ConsumedCapacity");
  write_capacity(w, wish, table, cost);
}

bool tells_collection(const msg::ItemReply& reply) {
  return !reply.collection_key().empty();
}

// How much there is in one collection is not known, but in the partition that it lies in.
void write_collection(api::writer& w, const msg::ItemReply& reply) {
  constexpr std::uint64_t gigabyte = 1u << 30;
  const auto key = item::parse_item(reply.collection_key());
  const auto upper = std::max<std::uint64_t>((reply.collection_bytes() + gigabyte - 1) / gigabyte, 1);
  w.object().key("ItemCollectionKey").json(key ? item::write_json(*key) : "{}");
  w.key("SizeEstimateRangeGB").array().number(0).number(static_cast<std::int64_t>(upper)).end_array();
  w.end_object();
}

api::outcome<projected> read_projection(const api::expressions& said,
                                        const std::optional<std::vector<std::string>>& attributes_to_get) {
  const auto made = [](item::result<msg::ProjectionExpression> parsed) -> api::outcome<projected> {
    if (!parsed)
      return api::of_refusal(parsed.why());
    return projected{expression::projection::make(*parsed), nested_in(*parsed)};
  };
  if (attributes_to_get)
    return made(expression::projection_from_attributes_to_get(*attributes_to_get));
  if (!said.projection)
    return projected();
  auto use = expression::placeholders::make(said.names, {});
  if (!use)
    return api::of_refusal(use.why());
  auto out = made(expression::parse_projection(*said.projection, *use));
  if (out)
    if (auto bad = use->check_all_used())
      return api::of_refusal(*bad);
  return out;
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
