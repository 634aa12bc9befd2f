// update: changes parts of an item where it lies.
#include "actors/core/item/json.h"
#include "actors/host/commands/command.h"
#include <CLI/CLI.hpp>
#include <map>
#include <ostream>

namespace troupe::commands {

namespace {

const std::map<std::string, msg::Returning> returnings{{"nothing", msg::RETURN_NONE},
                                                       {"old", msg::RETURN_OLD},
                                                       {"new", msg::RETURN_NEW},
                                                       {"updated-old", msg::RETURN_UPDATED_OLD},
                                                       {"updated-new", msg::RETURN_UPDATED_NEW}};

struct wish {
  std::string table;
  std::string key;
  expression_wish expressions;
  msg::Returning returning = msg::RETURN_NONE;
};

int update(const wish& w, const command& c, client::session& session) {
  auto expressions = parse_expressions(w.expressions);
  if (!expressions.value) {
    c.io.complain(expressions.trouble);
    return exit_code::usage;
  }
  auto key = parse_attributes(c.io, w.key);
  if (!key.value) {
    c.io.complain(key.trouble);
    return exit_code::usage;
  }
  auto result = session.call(client::update_item{.table = w.table,
                                                 .key = std::move(*key.value),
                                                 .update = std::move(expressions.value->update),
                                                 .condition = std::move(expressions.value->condition),
                                                 .returning = w.returning});
  if (!result.ok())
    return c.report(result.status, session);
  if (result.item)
    *c.io.out << item::write_json(*result.item,
                                  c.io.person ? item::json_style::pretty : item::json_style::compact)
              << '\n';
  else if (c.io.person && w.returning == msg::RETURN_NONE)
    *c.io.out << "updated\n";
  return exit_code::ok;
}

} // namespace

void add_update_command(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub = app.add_subcommand("update", "Change parts of an item");
  sub->add_option("table", w->table, "Table")->required()->type_name("TABLE");
  sub->add_option("key", w->key, "The key attributes in DynamoDB JSON, or -, or @FILE")
      ->required()
      ->type_name("KEY");
  sub->add_option("expression", w->expressions.update, "What to change, an update expression of DynamoDB's")
      ->required()
      ->type_name("EXPRESSION");
  sub->add_option("--if", w->expressions.condition, "Only if this condition expression holds on the item")
      ->type_name("CONDITION");
  add_placeholders(*sub, w->expressions);
  sub->add_option("--return", w->returning,
                  "Print the item: nothing, old, new, or what was touched of it: updated-old, updated-new")
      ->transform(CLI::CheckedTransformer(returnings))
      ->type_name("WHAT");
  sub->footer(R"(Examples:
  troupe update pages '{"id": {"S": "home"}}' 'ADD visits :one' --value :one=N:1 --return updated-new
  troupe update music '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}}' \
      'SET #y = :y REMOVE draft' --name '#y=year' --value :y=N:1965 --if 'attribute_exists(song)'

An item that is not there is made, unless --if says otherwise. Exit code 5: the condition does not hold.)");
  c->add(*sub, [c = c.get(), w](client::session& session) { return update(*w, *c, session); });
}

} // namespace troupe::commands
