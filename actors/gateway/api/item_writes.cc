// PutItem, DeleteItem and UpdateItem.
#include "actors/core/item/value.h"
#include "actors/gateway/api/item_parts.h"
#include "actors/gateway/api/table_name.h"

namespace troupe::api {

namespace {

// The members that all three have, as they were given.
struct write_words {
  table_name named;
  maybe_text returned;
  maybe_text capacity;
  maybe_text collection_metrics;
  maybe_text on_failure;
  maybe_text join;

  write_words(const structure& in, reading& from)
      : named(read_table_name(in, from)), returned(in.text("ReturnValues")),
        capacity(in.text("ReturnConsumedCapacity")),
        collection_metrics(in.text("ReturnItemCollectionMetrics")),
        on_failure(in.text("ReturnValuesOnConditionCheckFailure")), join(in.text("ConditionalOperator")) {}
};

write_options read_options(const structure& in) {
  write_options out;
  out.expected = read_tests(in, "Expected", true);
  out.expressions.condition = in.text("ConditionExpression");
  out.expressions.values = in.value_map("ExpressionAttributeValues");
  out.expressions.names = in.text_map("ExpressionAttributeNames");
  return out;
}

void take(const write_words& words, write_options& into) {
  into.returned = returned_of(words.returned);
  into.capacity = capacity_of(words.capacity);
  into.collection_metrics = words.collection_metrics == "SIZE";
  into.old_on_failure = words.on_failure == "ALL_OLD";
  into.join = join_of(words.join);
}

void check_tail(constraints& c, const write_words& words, const write_options& options) {
  check_join(c, words.join);
  check_comparisons(c, "expected", options.expected, false);
}

// Only UpdateItem knows others.
trouble check_returned_old(const write_options& options) {
  if (options.returned != return_values::none && options.returned != return_values::all_old)
    return validation("ReturnValues can only be ALL_OLD or NONE");
  return std::nullopt;
}

trouble check_condition_parameters(const write_options& options, const write_words& words) {
  return check_together(
      {{"ConditionExpression", options.expressions.condition.has_value()}},
      {{"Expected", options.expected.has_value()}, {"ConditionalOperator", words.join.has_value()}},
      options.expressions);
}

} // namespace

outcome<put_item> read_put_item(const structure& in, reading& from) {
  const write_words words(in, from);
  auto content = in.attributes("Item");
  put_item out;
  out.options = read_options(in);
  if (from.failed())
    return *from.take();

  constraints c;
  check_capacity(c, words.capacity);
  c.resource_name("tableName", words.named.name);
  c.there("item", content.has_value());
  check_tail(c, words, out.options);
  check_return_values(c, words.returned);
  check_collection_metrics(c, words.collection_metrics);
  check_return_on_failure(c, words.on_failure);
  if (auto bad = c.result())
    return *bad;

  take(words, out.options);
  if (auto bad = check_condition_parameters(out.options, words))
    return *bad;
  out.table = *words.named.name;
  out.named = words.named.given;
  out.item = std::move(*content);
  if (auto bad = make_canonical(out.item))
    return *bad;
  if (auto bad = check_returned_old(out.options))
    return *bad;
  if (auto bad = item::check_item_size(item::item_size(out.item)))
    return of_refusal(*bad);
  return out;
}

outcome<delete_item> read_delete_item(const structure& in, reading& from) {
  const write_words words(in, from);
  auto key = in.attributes("Key");
  delete_item out;
  out.options = read_options(in);
  if (from.failed())
    return *from.take();

  constraints c;
  check_capacity(c, words.capacity);
  c.resource_name("tableName", words.named.name);
  check_return_values(c, words.returned);
  check_collection_metrics(c, words.collection_metrics);
  c.there("key", key.has_value());
  check_tail(c, words, out.options);
  check_return_on_failure(c, words.on_failure);
  if (auto bad = c.result())
    return *bad;

  take(words, out.options);
  if (auto bad = check_condition_parameters(out.options, words))
    return *bad;
  out.table = *words.named.name;
  out.named = words.named.given;
  out.key = std::move(*key);
  if (auto bad = make_canonical(out.key))
    return *bad;
  if (auto bad = check_returned_old(out.options))
    return *bad;
  return out;
}

outcome<update_item> read_update_item(const structure& in, reading& from) {
  const write_words words(in, from);
  auto key = in.attributes("Key");
  update_item out;
  out.options = read_options(in);
  out.options.expressions.update = in.text("UpdateExpression");
  out.attribute_updates = read_updates(in);
  if (from.failed())
    return *from.take();

  constraints c;
  check_capacity(c, words.capacity);
  c.resource_name("tableName", words.named.name);
  check_collection_metrics(c, words.collection_metrics);
  check_return_values(c, words.returned);
  c.there("key", key.has_value());
  check_tail(c, words, out.options);
  if (out.attribute_updates)
    for (const auto& update : *out.attribute_updates)
      c.one_of("attributeUpdates." + update.attribute + ".member.action", update.action,
               {"ADD", "PUT", "DELETE"});
  check_return_on_failure(c, words.on_failure);
  if (auto bad = c.result())
    return *bad;

  take(words, out.options);
  if (auto bad = check_together({{"UpdateExpression", out.options.expressions.update.has_value()},
                                 {"ConditionExpression", out.options.expressions.condition.has_value()}},
                                {{"AttributeUpdates", out.attribute_updates.has_value()},
                                 {"Expected", out.options.expected.has_value()},
                                 {"ConditionalOperator", words.join.has_value()}},
                                out.options.expressions))
    return *bad;
  out.table = *words.named.name;
  out.named = words.named.given;
  out.key = std::move(*key);
  if (auto bad = make_canonical(out.key))
    return *bad;
  return out;
}

} // namespace troupe::api
