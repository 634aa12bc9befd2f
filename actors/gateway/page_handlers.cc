// Query and Scan: read and checked here as far as the schema is not needed, gathered and filtered by the
// router, projected here.
#include "actors/core/expression/key_condition.h"
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/parse.h"
#include "actors/core/expression/projection.h"
#include "actors/core/item/json.h"
#include "actors/core/item/value.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/item_answers.h"
#include "actors/gateway/key_paths.h"

namespace troupe::gateway {

namespace {

using api::selected;

// What the parameters of a page may say together; in the order in which DynamoDB looks. `query`: and not of a
// scan.
api::trouble check_selection(const api::page_options& page, bool query) {
  const bool in_part = page.expressions.projection || page.attributes_to_get;
  const std::string what = page.attributes_to_get ? "AttributesToGet" : "ProjectionExpression";
  switch (page.select) {
  case selected::all_projected_attributes:
    if (in_part)
      return api::validation("Cannot specify the " + what + " when choosing to get ALL_PROJECTED_ATTRIBUTES");
    if (!page.index)
      return api::validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
    return std::nullopt;
  case selected::specific_attributes:
    if (!in_part)
      return api::validation("Must specify the AttributesToGet or ProjectionExpression when choosing to get "
                             "SPECIFIC_ATTRIBUTES");
    return std::nullopt;
  case selected::all_attributes:
    if (in_part)
      return api::validation("Cannot specify the " + what + " when choosing to get ALL_ATTRIBUTES");
    return std::nullopt;
  case selected::count:
    if (in_part) // Query alone counts this one
      return api::validation((query ? "1 validation error detected: " : "") +
                             ("Cannot specify the " + what + " when choosing to get only the Count"));
    return std::nullopt;
  case selected::unsaid:
    return std::nullopt;
  }
  return std::nullopt;
}

// Everything a page's expressions say, read in DynamoDB's order: keys, filter, projection.
struct page_reading {
  std::vector<expression::key_test> keys;
  std::optional<msg::ConditionExpression> filter;
  projected projection;
  std::vector<std::string> attributes; // top-level ones that the projection needs
};

template <class T>
bool take(item::result<T> from, T& to, api::trouble& why) {
  if (!from) {
    why = api::of_refusal(from.why());
    return false;
  }
  to = std::move(*from);
  return true;
}

api::outcome<page_reading> read_page(api::page_options& page, const api::legacy_tests* key_conditions) {
  auto use =
      expression::placeholders::make(std::move(page.expressions.names), std::move(page.expressions.values));
  if (!use)
    return api::of_refusal(use.why());
  page_reading out;
  api::trouble why;
  msg::ConditionExpression keys;
  const bool by_expression = page.expressions.key_condition.has_value();
  if (by_expression && !take(expression::parse_condition(expression::condition_role::key_condition,
                                                         *page.expressions.key_condition, *use),
                             keys, why))
    return *why;
  const auto join = page.join.value_or(expression::legacy_join::all);
  if (page.expressions.filter &&
      !take(expression::parse_condition(expression::condition_role::filter, *page.expressions.filter, *use),
            out.filter.emplace(), why))
    return *why;
  if (page.filter && !page.filter->empty() &&
      !take(expression::condition_from_filter(*page.filter, join), out.filter.emplace(), why))
    return *why;
  msg::ProjectionExpression parts;
  if (page.expressions.projection) {
    if (!take(expression::parse_projection(*page.expressions.projection, *use), parts, why))
      return *why;
  } else if (page.attributes_to_get) {
    if (!take(expression::projection_from_attributes_to_get(*page.attributes_to_get), parts, why))
      return *why;
  }
  for (const auto& path : parts.paths())
    out.attributes.push_back(path.elements(0).name());
  out.projection.nested = nested_in(parts);
  if (parts.paths_size() > 0)
    out.projection.part = expression::projection::make(std::move(parts));
  if (auto bad = use->check_all_used())
    return api::of_refusal(*bad);
  if (by_expression && !take(expression::read_key_condition(keys), out.keys, why))
    return *why;
  if (!by_expression && key_conditions && *key_conditions &&
      !take(expression::read_key_conditions(**key_conditions), out.keys, why))
    return *why;
  return out;
}

// What is the same in a Query and a Scan.
template <class Body>
void fill(Body& body, api::page_options& page, page_reading& read) {
  if (page.limit)
    body.set_limit(static_cast<std::uint32_t>(std::min<std::int64_t>(*page.limit, INT32_MAX)));
  if (page.start_key)
    body.set_start_key(item::serialize(*page.start_key));
  body.set_eventual(!page.consistent);
  body.set_tell_bytes(page.capacity != api::capacity_report::none);
  if (page.index) {
    auto& index = *body.mutable_index();
    index.set_name(*page.index);
    index.set_whole(page.select == selected::all_attributes);
    index.mutable_attributes()->Add(read.attributes.begin(), read.attributes.end());
  }
  if (read.filter)
    *body.mutable_filter() = std::move(*read.filter);
}

struct page_answer {
  std::string table; // as the request called it
  std::optional<std::string> index;
  bool only_count = false;
  bool consistent = false;
  api::capacity_report capacity = api::capacity_report::none;
  projected projection;

  void say(call& c, const msg::ItemReply& reply) const {
    if (reply.status().code() != msg::OK)
      return c.refuse(api::of_status(reply.status()));
    api::writer w;
    w.object();
    if (!only_count) {
      w.key("Items").array();
      for (const auto& bytes : reply.items()) {
        auto found = item::parse_item(bytes);
        if (!found)
          return c.refuse(api::internal());
        w.json(item::write_json(projection.of(std::move(*found))));
      }
      w.end_array();
    }
    w.key("Count").number(reply.items_size()).key("ScannedCount").number(reply.scanned());
    if (!reply.last_key().empty()) {
      auto last = item::parse_item(reply.last_key());
      if (!last)
        return c.refuse(api::internal());
      w.key("LastEvaluatedKey").json(item::write_json(*last));
    }
    const auto halves = [this](std::int64_t units) { return units * (consistent ? 2 : 1); };
    table_cost cost;
    (index ? cost.local_indexes[*index] : cost.table) = halves(units_of(reply.read_bytes(), read_unit_bytes));
    cost.table += halves(static_cast<std::int64_t>(reply.fetched_units()));
    consumed(w, capacity, table, cost);
    w.end_object();
    c.answer(w.take());
  }
};

page_answer answer_of(const api::page_options& page, page_reading& read) {
  return {page.named,      page.index,    page.select == selected::count,
          page.consistent, page.capacity, {std::move(read.projection.part), {}}};
}

void send(backend& to, const call_ptr& c, const api::page_options& page, page_reading& read,
          msg::ItemRequest ask) {
  auto asked = std::make_shared<msg::ItemRequest>(std::move(ask));
  with_scalar_keys(to, c, {{page.table, std::move(read.projection.nested)}},
                   [&to, c, asked, answer = answer_of(page, read)] {
                     to.submit(std::move(*asked),
                               [c, answer](const msg::ItemReply& reply) { answer.say(*c, reply); });
                   });
}

} // namespace

void query(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_query(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto& page = wish->page;
  auto read = read_page(page, &wish->key_conditions);
  if (!read)
    return c->refuse(read.why());
  if (auto bad = check_selection(page, true))
    return c->refuse(*bad);
  msg::ItemRequest ask;
  ask.set_table(page.table);
  auto& body = *ask.mutable_query();
  for (auto& test : read->keys) {
    auto& said = *body.add_tests();
    said.set_attribute(std::move(test.attribute));
    said.set_op(test.op);
    for (auto& value : test.values)
      *said.add_values() = std::move(value);
  }
  body.set_backward(!wish->forward);
  body.set_legacy_filter(page.filter.has_value());
  fill(body, page, *read);
  send(to, c, page, *read, std::move(ask));
}

void scan(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_scan(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto& page = wish->page;
  auto read = read_page(page, nullptr);
  if (!read)
    return c->refuse(read.why());
  if (auto bad = check_selection(page, false))
    return c->refuse(*bad);
  msg::ItemRequest ask;
  ask.set_table(page.table);
  auto& body = *ask.mutable_scan();
  body.set_segment(static_cast<std::uint32_t>(wish->segment));
  body.set_segments(static_cast<std::uint32_t>(wish->segments));
  fill(body, page, *read);
  send(to, c, page, *read, std::move(ask));
}

} // namespace troupe::gateway
