// What changes or tells a table's options.
#include "actors/gateway/api/table_reply.h"
#include "actors/gateway/api/table_requests.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/lookup.h"
#include "actors/gateway/option_change.h"
#include <algorithm>
#include <map>

namespace troupe::gateway {

namespace {

using options = msg::TableOptions;

constexpr std::size_t tags_max = 50;
constexpr std::size_t tags_page = 10;

api::error no_such_arn(const std::string& arn) { // DynamoDB's spelling
  return api::resource_not_found("Requested resource not found: ResourcArn: " + arn + " not found");
}

// Whether there is anything to change in what the units are is said only with the table known.
api::trouble change_throughput(const api::update_table& wish, std::int64_t now_ms, options& of) {
  if (!wish.on_demand && !wish.units)
    return std::nullopt;
  const bool was_on_demand = of.on_demand() || of.read_units() == 0;
  if (wish.on_demand.value_or(false)) {
    of.set_on_demand(true);
    of.set_read_units(0);
    of.set_write_units(0);
    if (!was_on_demand || of.on_demand_ms() == 0)
      of.set_on_demand_ms(now_ms);
    return std::nullopt;
  }
  if (was_on_demand && !wish.on_demand)
    return api::invalid_parameter(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode "
        "is PAY_PER_REQUEST");
  const auto [read, write] = *wish.units;
  if (!was_on_demand && read == of.read_units() && write == of.write_units())
    return api::validation(
        "The provisioned throughput for the table will not change. The requested value equals the current "
        "value. "
        "Current ReadCapacityUnits provisioned for the table: " +
        std::to_string(read) + ". Requested ReadCapacityUnits: " + std::to_string(read) +
        ". Current WriteCapacityUnits provisioned for the table: " + std::to_string(write) +
        ". Requested WriteCapacityUnits: " + std::to_string(write) +
        ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher "
        "limits.");
  if (read > of.read_units() || write > of.write_units())
    of.set_increased_ms(now_ms);
  if (!was_on_demand && (read < of.read_units() || write < of.write_units()))
    of.set_decreased_ms(now_ms);
  of.set_on_demand(false);
  of.set_read_units(read);
  of.set_write_units(write);
  return std::nullopt;
}

api::trouble apply(const api::update_table& wish, std::int64_t now_ms, options& to) {
  if (auto bad = change_throughput(wish, now_ms, to))
    return bad;
  if (wish.deletion_protection)
    to.set_deletion_protection(*wish.deletion_protection);
  if (wish.table_class)
    to.set_table_class(*wish.table_class);
  if (wish.sse) {
    to.set_sse(wish.sse->sse());
    to.set_sse_type(wish.sse->sse_type());
    to.set_sse_key(wish.sse->sse_key());
  }
  return std::nullopt;
}

void put_tags(const std::map<std::string, std::string>& all, options& to) {
  to.clear_tags();
  for (const auto& [key, value] : all) {
    auto& tag = *to.add_tags();
    tag.set_key(key);
    tag.set_value(value);
  }
}

std::map<std::string, std::string> tags_of(const options& from) {
  std::map<std::string, std::string> out;
  for (const auto& tag : from.tags())
    out[tag.key()] = tag.value();
  return out;
}

void say_nothing(call& c, const msg::TableRecord&, const msg::AdminReply&) {
  c.answer({}); // TagResource and UntagResource answer without a body
}

} // namespace

void update_table(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_update_table(in, from);
  if (!wish)
    return c->refuse(wish.why());
  option_change what;
  what.table = wish->table;
  what.absent = api::resource_not_found("Requested resource not found: Table: " + wish->table + " not found");
  what.make = [wish = *wish](const msg::AdminReply& before, options& after) {
    return apply(wish, before.now_ms(), after);
  };
  what.done = [](call& answer, const msg::TableRecord& table, const msg::AdminReply& before) {
    api::writer w;
    w.object().key("TableDescription");
    api::describe(w, table, api::table_state::updating, before.figures());
    w.end_object();
    answer.answer(w.take());
  };
  change_options(to, c, std::move(what));
}

void tag_resource(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_tag_resource(in, from);
  if (!wish)
    return c->refuse(wish.why());
  option_change what;
  what.table = wish->table;
  what.absent = no_such_arn(wish->arn);
  what.make = [tags = wish->tags](const msg::AdminReply&, options& after) -> api::trouble {
    auto all = tags_of(after);
    for (const auto& tag : tags)
      all[tag.key()] = tag.value();
    if (all.size() > tags_max)
      return api::validation("Too many tags: the limit is " + std::to_string(tags_max) + " per resource");
    put_tags(all, after);
    return std::nullopt;
  };
  what.done = say_nothing;
  change_options(to, c, std::move(what));
}

void untag_resource(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_untag_resource(in, from);
  if (!wish)
    return c->refuse(wish.why());
  option_change what;
  what.table = wish->table;
  what.absent = no_such_arn(wish->arn);
  what.make = [keys = wish->keys](const msg::AdminReply&, options& after) -> api::trouble {
    auto all = tags_of(after);
    for (const auto& key : keys)
      all.erase(key);
    put_tags(all, after);
    return std::nullopt;
  };
  what.done = say_nothing;
  change_options(to, c, std::move(what));
}

// Ten at a time, in the order of their keys; the token is the last key that was told.
void list_tags_of_resource(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_list_tags_of_resource(in, from);
  if (!wish)
    return c->refuse(wish.why());
  with_table(to, c, wish->table, no_such_arn(wish->arn), [c, wish = *wish](const msg::AdminReply& reply) {
    const auto all = tags_of(reply.tables(0).options());
    api::writer w;
    w.object().key("Tags").array();
    auto it = wish.next.empty() ? all.begin() : all.upper_bound(wish.next);
    std::string last;
    for (std::size_t told = 0; it != all.end() && told < tags_page; ++it, ++told) {
      w.object().key("Key").text(it->first).key("Value").text(it->second).end_object();
      last = it->first;
    }
    w.end_array();
    if (it != all.end())
      w.key("NextToken").text(last);
    w.end_object();
    c->answer(w.take());
  });
}

} // namespace troupe::gateway
