// GetItem, Query and Scan.
#include "actors/core/expression/legacy.h"
#include "actors/gateway/api/item_parts.h"
#include "actors/gateway/api/table_name.h"

namespace troupe::api {

namespace {

// Only some of what can be wrong with a start key is said to be its fault.
trouble make_start_key_canonical(msg::AttributeMap& key) {
  auto bad = make_canonical(key);
  if (!bad)
    return std::nullopt;
  for (const char* bare :
       {"contains duplicates", "number set", "numeric value", "significant digits", "number with magnitude"})
    if (bad->message.find(bare) != std::string::npos)
      return bad;
  return validation("The provided starting key is invalid: " + bad->message);
}

struct page_words {
  table_name named;
  maybe_text index;
  maybe_text select;
  maybe_text capacity;
  maybe_text join;

  page_words(const structure& in, reading& from)
      : named(read_table_name(in, from)), index(in.text("IndexName")), select(in.text("Select")),
        capacity(in.text("ReturnConsumedCapacity")), join(in.text("ConditionalOperator")) {}
};

page_options read_page(const structure& in, const char* filter) {
  page_options out;
  out.filter = read_tests(in, filter, false);
  out.attributes_to_get = in.texts("AttributesToGet");
  out.limit = in.integer("Limit");
  out.start_key = in.attributes("ExclusiveStartKey");
  out.consistent = in.flag("ConsistentRead").value_or(false);
  out.expressions.filter = in.text("FilterExpression");
  out.expressions.projection = in.text("ProjectionExpression");
  out.expressions.values = in.value_map("ExpressionAttributeValues");
  out.expressions.names = in.text_map("ExpressionAttributeNames");
  return out;
}

void check_select_and_index(constraints& c, const page_words& words) {
  c.one_of("select", words.select,
           {"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"});
  c.name_characters("indexName", words.index);
  c.length("indexName", words.index, 3, 255);
}

selected selected_of(const maybe_text& word) {
  if (word == "ALL_ATTRIBUTES")
    return selected::all_attributes;
  if (word == "ALL_PROJECTED_ATTRIBUTES")
    return selected::all_projected_attributes;
  if (word == "SPECIFIC_ATTRIBUTES")
    return selected::specific_attributes;
  return word == "COUNT" ? selected::count : selected::unsaid;
}

void take(const page_words& words, page_options& into) {
  into.table = *words.named.name;
  into.named = words.named.given;
  into.index = words.index;
  into.select = selected_of(words.select);
  into.capacity = capacity_of(words.capacity);
  into.join = join_of(words.join);
}

// That ConditionalOperator has something to join.
trouble check_operator(const page_options& page) {
  const auto tests = page.filter ? std::optional(page.filter->size()) : std::nullopt;
  if (page.join)
    if (auto bad = expression::check_conditional_operator(tests))
      return of_refusal(*bad);
  return std::nullopt;
}

} // namespace

outcome<get_item> read_get_item(const structure& in, reading& from) {
  const auto named = read_table_name(in, from);
  const auto capacity = in.text("ReturnConsumedCapacity");
  auto key = in.attributes("Key");
  get_item out;
  out.attributes_to_get = in.texts("AttributesToGet");
  out.consistent = in.flag("ConsistentRead").value_or(false);
  out.expressions.projection = in.text("ProjectionExpression");
  out.expressions.names = in.text_map("ExpressionAttributeNames");
  if (from.failed())
    return *from.take();

  constraints c;
  check_capacity(c, capacity);
  check_attributes_to_get(c, "attributesToGet", out.attributes_to_get);
  c.resource_name("tableName", named.name);
  c.there("key", key.has_value());
  if (auto bad = c.result())
    return *bad;

  if (auto bad = check_together({{"ProjectionExpression", out.expressions.projection.has_value()}},
                                {{"AttributesToGet", out.attributes_to_get.has_value()}}, out.expressions))
    return *bad;
  out.table = *named.name;
  out.named = named.given;
  out.capacity = capacity_of(capacity);
  out.key = std::move(*key);
  if (auto bad = make_canonical(out.key))
    return *bad;
  if (auto bad = check_duplicates(out.attributes_to_get))
    return *bad;
  return out;
}

outcome<query> read_query(const structure& in, reading& from) {
  const page_words words(in, from);
  query out;
  auto& page = out.page;
  page = read_page(in, "QueryFilter");
  page.expressions.key_condition = in.text("KeyConditionExpression");
  out.key_conditions = read_tests(in, "KeyConditions", false);
  out.forward = in.flag("ScanIndexForward").value_or(true);
  if (from.failed())
    return *from.take();

  constraints c;
  check_select_and_index(c, words);
  check_capacity(c, words.capacity);
  check_comparisons(c, "queryFilter", page.filter, true);
  c.resource_name("tableName", words.named.name);
  check_join(c, words.join);
  check_attributes_to_get(c, "attributesToGet", page.attributes_to_get);
  c.at_least("limit", page.limit, 1);
  check_comparisons(c, "keyConditions", out.key_conditions, true);
  if (auto bad = c.result())
    return *bad;

  take(words, page);
  const bool by_expression = page.expressions.key_condition.has_value();
  if (auto bad = check_together({{"ProjectionExpression", page.expressions.projection.has_value()},
                                 {"FilterExpression", page.expressions.filter.has_value()},
                                 {"KeyConditionExpression", by_expression}},
                                {{"AttributesToGet", page.attributes_to_get.has_value()},
                                 {"QueryFilter", page.filter.has_value()},
                                 {"ConditionalOperator", page.join.has_value()},
                                 {"KeyConditions", by_expression && out.key_conditions.has_value()}},
                                page.expressions))
    return *bad;
  if (auto bad = check_duplicates(page.attributes_to_get))
    return *bad;
  if (page.start_key)
    if (auto bad = make_start_key_canonical(*page.start_key))
      return *bad;
  if (auto bad = check_operator(page))
    return *bad;
  if (!by_expression && !out.key_conditions)
    return validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  return out;
}

outcome<scan> read_scan(const structure& in, reading& from) {
  const page_words words(in, from);
  scan out;
  auto& page = out.page;
  page = read_page(in, "ScanFilter");
  const auto segment = in.integer("Segment");
  const auto segments = in.integer("TotalSegments");
  if (from.failed())
    return *from.take();

  constraints c;
  check_select_and_index(c, words);
  c.at_least("totalSegments", segments, 1);
  c.at_most("totalSegments", segments, 1'000'000);
  check_capacity(c, words.capacity);
  c.resource_name("tableName", words.named.name);
  check_join(c, words.join);
  check_comparisons(c, "scanFilter", page.filter, true);
  c.at_least("segment", segment, 0);
  c.at_most("segment", segment, 999'999);
  c.at_least("limit", page.limit, 1);
  check_attributes_to_get(c, "attributesToGet", page.attributes_to_get);
  if (auto bad = c.result())
    return *bad;

  take(words, page);
  if (auto bad = check_together({{"ProjectionExpression", page.expressions.projection.has_value()},
                                 {"FilterExpression", page.expressions.filter.has_value()}},
                                {{"AttributesToGet", page.attributes_to_get.has_value()},
                                 {"ScanFilter", page.filter.has_value()},
                                 {"ConditionalOperator", page.join.has_value()}},
                                page.expressions))
    return *bad;
  if (auto bad = check_duplicates(page.attributes_to_get))
    return *bad;
  if (page.start_key)
    if (auto bad = make_start_key_canonical(*page.start_key))
      return *bad;
  if (segment && !segments)
    return validation(
        "The TotalSegments parameter is required but was not present in the request when Segment "
        "parameter is present");
  if (segments && !segment)
    return validation("The Segment parameter is required but was not present in the request when parameter "
                      "TotalSegments is present");
  if (segments && *segment >= *segments)
    return validation(
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: " +
        std::to_string(*segment) + " is not less than TotalSegments: " + std::to_string(*segments));
  if (auto bad = check_operator(page))
    return *bad;
  out.segment = segment.value_or(0);
  out.segments = segments.value_or(1);
  return out;
}

} // namespace troupe::api
