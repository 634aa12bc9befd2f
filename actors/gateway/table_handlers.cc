// Tables: made, described, listed, deleted. And two operations that need no table.
#include "actors/gateway/api/table_reply.h"
#include "actors/gateway/api/table_requests.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/lookup.h"

namespace troupe::gateway {

namespace {

api::error no_such_table(const std::string& name) {
  return api::resource_not_found("Requested resource not found: Table: " + name + " not found");
}

std::string described(const char* member, const msg::TableRecord& table, api::table_state state,
                      const msg::TableFigures& figures = {}) {
  api::writer w;
  w.object().key(member);
  api::describe(w, table, state, figures);
  w.end_object();
  return w.take();
}

} // namespace

// DynamoDB always answers that the table is being created. Here it often is there already when that is said.
void create_table(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_create_table(in, from);
  if (!wish)
    return c->refuse(wish.why());
  msg::AdminRequest ask;
  auto& create = *ask.mutable_create_table();
  create.set_name(wish->table);
  *create.mutable_keys() = std::move(wish->keys);
  *create.mutable_options() = std::move(wish->options);
  to.submit(std::move(ask), [c](const msg::AdminReply& reply) {
    if (reply.status().code() != msg::OK)
      return c->refuse(api::of_status(reply.status()));
    if (reply.tables_size() == 0)
      return c->refuse(api::internal());
    c->answer(described("TableDescription", reply.tables(0), api::table_state::creating));
  });
}

void describe_table(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto which = api::read_named_table(in, from);
  if (!which)
    return c->refuse(which.why());
  with_table(to, c, which->table, no_such_table(which->table), [c](const msg::AdminReply& reply) {
    const auto& table = reply.tables(0);
    c->answer(described("Table", table, api::state_of(table), reply.figures()));
  });
}

void list_tables(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto which = api::read_list_tables(in, from);
  if (!which)
    return c->refuse(which.why());
  msg::AdminRequest ask;
  ask.mutable_list_tables()->set_after(which->after);
  ask.mutable_list_tables()->set_limit(static_cast<std::uint32_t>(which->limit));
  to.submit(std::move(ask), [c](const msg::AdminReply& reply) {
    if (reply.status().code() != msg::OK)
      return c->refuse(api::of_status(reply.status()));
    api::writer w;
    w.object();
    if (!reply.last_name().empty())
      w.key("LastEvaluatedTableName").text(reply.last_name());
    w.key("TableNames").array();
    for (const auto& table : reply.tables())
      w.text(table.name());
    w.end_array().end_object();
    c->answer(w.take());
  });
}

void delete_table(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto which = api::read_named_table(in, from);
  if (!which)
    return c->refuse(which.why());
  // Asked first for what the answer tells of the table; whether it may go is the metadata leader's to say.
  with_table(to, c, which->table, no_such_table(which->table), [c, &to](const msg::AdminReply& told) {
    const auto& table = told.tables(0);
    msg::AdminRequest ask;
    ask.mutable_delete_table()->set_name(table.name());
    to.submit(std::move(ask), [c, table, figures = told.figures()](const msg::AdminReply& reply) {
      if (reply.status().code() == msg::TABLE_NOT_FOUND)
        return c->refuse(no_such_table(table.name()));
      if (reply.status().code() != msg::OK)
        return c->refuse(api::of_status(reply.status()));
      c->answer(described("TableDescription", table, api::table_state::deleting, figures));
    });
  });
}

// DynamoDB's own defaults: there are accounts here as little as limits on them, and programs read these.
void describe_limits(backend&, call_ptr c, const api::structure&, api::reading&) {
  api::writer w;
  w.object()
      .key("AccountMaxReadCapacityUnits")
      .number(80'000)
      .key("AccountMaxWriteCapacityUnits")
      .number(80'000);
  w.key("TableMaxReadCapacityUnits")
      .number(40'000)
      .key("TableMaxWriteCapacityUnits")
      .number(40'000)
      .end_object();
  c->answer(w.take());
}

// The one that was asked: whoever looks for an endpoint has found it.
void describe_endpoints(backend&, call_ptr c, const api::structure&, api::reading&) {
  api::writer w;
  w.object().key("Endpoints").array().object();
  w.key("Address").text(c->asked().fields.find("host").value_or("localhost"));
  w.key("CachePeriodInMinutes").number(1440).end_object().end_array().end_object();
  c->answer(w.take());
}

} // namespace troupe::gateway
