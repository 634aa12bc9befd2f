// put, get and delete.
#include "actors/core/item/json.h"
#include "actors/host/commands/command.h"
#include <CLI/CLI.hpp>
#include <ostream>

namespace troupe::commands {

namespace {

struct wish {
  std::string table;
  std::string argument; // the item or the key
  bool if_not_exists = false;
  bool if_exists = false;
  std::vector<std::string> if_equals;
  expression_wish expressions;
  bool return_old = false;
  bool eventual = false;
};

void print_item(const terminal& t, const msg::AttributeMap& item) {
  *t.out << item::write_json(item, t.person ? item::json_style::pretty : item::json_style::compact) << '\n';
}

int not_understood(const terminal& t, const std::string& trouble) {
  t.complain(trouble);
  return exit_code::usage;
}

// Existence is asked of the partition key attribute, which every item of the table has; its name is the
// table's business, hence the question.
int add_existence(const wish& w, const command& c, client::session& session, msg::Condition& condition) {
  if (!w.if_not_exists && !w.if_exists)
    return exit_code::ok;
  auto table = session.call(client::describe_table{.name = w.table});
  if (!table.ok())
    return c.report(table.status, session);
  const auto& name = table.table.keys().partition().name();
  condition.MergeFrom(w.if_not_exists ? client::not_exists(name) : client::exists(name));
  return exit_code::ok;
}

// Returns a usage exit code, with the reason said, when a clause cannot be understood.
int add_equals(const wish& w, const terminal& t, msg::Condition& condition) {
  for (const auto& clause : w.if_equals) {
    auto sign = clause.find('=');
    if (sign == std::string::npos || sign == 0)
      return not_understood(t, "'" + clause + "' is not a condition; write NAME=VALUE, as in version=N:3");
    auto value = parse_value(clause.substr(sign + 1));
    if (!value.value)
      return not_understood(t, value.trouble);
    condition.MergeFrom(client::equals(clause.substr(0, sign), *value.value));
  }
  return exit_code::ok;
}

template <class Request>
int write(const wish& w, const command& c, client::session& session, msg::AttributeMap Request::*what,
          const char* done) {
  Request request;
  request.table = w.table;
  request.return_old = w.return_old;
  if (auto code = add_equals(w, c.io, request.condition); code != exit_code::ok)
    return code;
  auto expressions = parse_expressions(w.expressions);
  if (!expressions.value)
    return not_understood(c.io, expressions.trouble);
  request.expression = std::move(expressions.value->condition);
  auto attributes = parse_attributes(c.io, w.argument);
  if (!attributes.value)
    return not_understood(c.io, attributes.trouble);
  request.*what = std::move(*attributes.value);
  if (auto code = add_existence(w, c, session, request.condition); code != exit_code::ok)
    return code;
  auto result = session.call(request);
  if (result.old && (result.ok() || w.return_old))
    print_item(c.io, *result.old);
  if (!result.ok())
    return c.report(result.status, session);
  if (c.io.person && !w.return_old)
    *c.io.out << done << '\n';
  return exit_code::ok;
}

int get(const wish& w, const command& c, client::session& session) {
  auto key = parse_attributes(c.io, w.argument);
  if (!key.value)
    return not_understood(c.io, key.trouble);
  auto result = session.call(client::get_item{.table = w.table, .key = *key.value, .eventual = w.eventual});
  if (!result.ok())
    return c.report(result.status, session);
  if (!result.item) {
    c.io.complain("no such item");
    return exit_code::not_found;
  }
  print_item(c.io, *result.item);
  return exit_code::ok;
}

void add_conditions(CLI::App& sub, wish& w) {
  auto* absent = sub.add_flag("--if-not-exists", w.if_not_exists, "Only if there is no item with this key");
  auto* present = sub.add_flag("--if-exists", w.if_exists, "Only if there is an item with this key");
  absent->excludes(present);
  sub.add_option("--if-equals", w.if_equals,
                 "Only if the attribute has this value: NAME=VALUE; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  sub.add_option("--if", w.expressions.condition, "Only if this condition expression holds on the item")
      ->type_name("CONDITION");
  add_placeholders(sub, w.expressions);
  sub.add_flag("--return-old", w.return_old, "Print the item as it was before");
}

} // namespace

void add_item_commands(CLI::App& app, const command_ptr& c) {
  auto put_wish = std::make_shared<wish>();
  auto* put = app.add_subcommand("put", "Write an item");
  put->add_option("table", put_wish->table, "Table")->required()->type_name("TABLE");
  put->add_option("item", put_wish->argument,
                  "The item in DynamoDB JSON; - reads it from standard input, @FILE from a file")
      ->required()
      ->type_name("ITEM");
  add_conditions(*put, *put_wish);
  put->footer(R"(Examples:
  troupe put music '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}, "year": {"N": "1965"}}'
  troupe put music @item.json --if-not-exists
  troupe put music - --if-equals version=N:3 --return-old < item.json

The item replaces the one with the same key as a whole. Exit code 5: the condition does not hold.)");
  c->add(*put, [c = c.get(), put_wish](client::session& session) {
    return write<client::put_item>(*put_wish, *c, session, &client::put_item::item, "stored");
  });

  auto get_wish = std::make_shared<wish>();
  auto* read = app.add_subcommand("get", "Read an item");
  read->add_option("table", get_wish->table, "Table")->required()->type_name("TABLE");
  read->add_option("key", get_wish->argument, "The key attributes in DynamoDB JSON, or -, or @FILE")
      ->required()
      ->type_name("KEY");
  read->add_flag("--eventual", get_wish->eventual,
                 "Ask any replica, which may not know the newest writes yet");
  read->footer(R"(Example:
  troupe get music '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}}'

Exit code 6: there is no such item.)");
  c->add(*read, [c = c.get(), get_wish](client::session& session) { return get(*get_wish, *c, session); });

  auto delete_wish = std::make_shared<wish>();
  auto* remove = app.add_subcommand("delete", "Delete an item");
  remove->add_option("table", delete_wish->table, "Table")->required()->type_name("TABLE");
  remove->add_option("key", delete_wish->argument, "The key attributes in DynamoDB JSON, or -, or @FILE")
      ->required()
      ->type_name("KEY");
  add_conditions(*remove, *delete_wish);
  remove->footer(R"(Example:
  troupe delete music '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}}' --if-exists

Deleting what is not there succeeds, unless --if-exists says otherwise.)");
  c->add(*remove, [c = c.get(), delete_wish](client::session& session) {
    return write<client::delete_item>(*delete_wish, *c, session, &client::delete_item::key, "deleted");
  });
}

} // namespace troupe::commands
