// table create, describe, list and delete.
#include "actors/host/commands/command.h"
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/overview.h"
#include "actors/host/commands/table.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <ostream>
#include <thread>

namespace troupe::commands {

namespace {

struct wish {
  std::string name;
  std::vector<std::string> keys;
  std::uint32_t partitions = 1;
  bool json = false;
};

constexpr auto look_again = std::chrono::milliseconds(50);

// A table that is being made is of no use to a script's next line. So wait, for as long as a request may
// take.
client::table_result wait_until_active(const std::string& name, const command& c, client::session& session,
                                       client::table_result table) {
  auto until = std::chrono::steady_clock::now() + c.options().timeout;
  while (table.ok() && table.table.state() == msg::TABLE_CREATING &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(look_again);
    table = session.call(client::describe_table{.name = name});
  }
  return table;
}

int create(const wish& w, const command& c, client::session& session) {
  if (w.keys.size() > 2) {
    c.io.complain("a table has a partition key and at most one sort key, so --key is given once or twice");
    return exit_code::usage;
  }
  client::create_table request{.name = w.name, .partitions = w.partitions};
  for (std::size_t i = 0; i < w.keys.size(); ++i) {
    auto key = parse_key_attribute(w.keys[i]);
    if (!key.value) {
      c.io.complain(key.trouble);
      return exit_code::usage;
    }
    *(i == 0 ? request.keys.mutable_partition() : request.keys.mutable_sort()) = *key.value;
  }
  auto result = session.call(request);
  if (result.ok())
    result = wait_until_active(w.name, c, session, session.call(client::describe_table{.name = w.name}));
  if (!result.ok())
    return c.report(result.status, session);
  if (result.table.state() == msg::TABLE_CREATING) {
    c.io.complain("table " + w.name + " is still being created",
                  "`troupe table describe` tells when it is active.");
    return exit_code::unavailable;
  }
  if (c.io.person)
    *c.io.out << "table " << printable(w.name) << " is " << to_text(result.table.state()) << ": "
              << w.partitions << (w.partitions == 1 ? " partition" : " partitions") << '\n';
  return exit_code::ok;
}

void write_table(json_writer& json, const msg::TableRecord& table) {
  json.key("name").text(table.name()).key("keys").text(to_text(table.keys()));
  json.key("state").text(to_text(table.state())).key("created_ms").number(std::int64_t{table.created_ms()});
}

std::string bound(const std::string& bytes, const char* open_end) {
  static constexpr char digits[] = "0123456789abcdef";
  if (bytes.empty())
    return open_end;
  std::string text;
  for (unsigned char c : bytes.substr(0, 8)) {
    text += digits[c >> 4];
    text += digits[c & 15];
  }
  return text;
}

int describe(const wish& w, const command& c, client::session& session) {
  auto result = session.call(client::describe_table{.name = w.name});
  if (!result.ok())
    return c.report(result.status, session);
  if (w.json) {
    json_writer json;
    json.begin_object();
    write_table(json, result.table);
    json.key("items").number(result.items).key("item_bytes").number(result.bytes);
    json.key("partitions").begin_array();
    for (const auto& partition : result.partitions) {
      json.begin_object().key("group").number(std::uint64_t{partition.group()}).key("nodes").begin_array();
      for (const auto& member : partition.configuration().members())
        json.text(member.node());
      json.end_array().end_object();
    }
    *c.io.out << json.end_array().end_object().result() << '\n';
    return exit_code::ok;
  }
  *c.io.out << c.io.bold("table") << "  " << printable(result.table.name()) << '\n'
            << c.io.bold("keys") << "   " << printable(to_text(result.table.keys())) << '\n'
            << c.io.bold("state") << "  " << to_text(result.table.state()) << '\n'
            << c.io.bold("items") << "  " << result.items << ", " << people_size(result.bytes) << "\n\n";
  text_table table({{"PARTITION", true}, {"FROM HASH"}, {"TO HASH"}, {"MEMBERS"}});
  for (const auto& partition : result.partitions) {
    std::string members;
    for (const auto& member : partition.configuration().members())
      members += (members.empty() ? "" : " ") + member.node();
    table.add({std::to_string(partition.group()), bound(partition.from(), "start"),
               bound(partition.to(), "end"), members});
  }
  *c.io.out << table.text(c.io);
  return exit_code::ok;
}

int list(const wish& w, const command& c, client::session& session) {
  std::vector<msg::TableRecord> tables;
  client::list_tables request;
  do {
    auto page = session.call(request);
    if (!page.ok())
      return c.report(page.status, session);
    for (auto& table : page.tables)
      tables.push_back(std::move(table));
    request.after = page.last_name;
  } while (!request.after.empty());
  if (w.json) {
    json_writer json;
    json.begin_array();
    for (const auto& table : tables) {
      json.begin_object();
      write_table(json, table);
      json.end_object();
    }
    *c.io.out << json.end_array().result() << '\n';
    return exit_code::ok;
  }
  if (!c.io.person) { // for `while read` loops
    for (const auto& table : tables)
      *c.io.out << printable(table.name()) << '\n';
    return exit_code::ok;
  }
  text_table shown({{"TABLE"}, {"KEYS"}, {"STATE"}});
  for (const auto& table : tables)
    shown.add({table.name(),
               to_text(table.keys()),
               {to_text(table.state()), table.state() == msg::TABLE_ACTIVE ? tone::good : tone::warn}});
  *c.io.out << (shown.empty() ? "There are no tables; `troupe table create` makes one.\n" : shown.text(c.io));
  return exit_code::ok;
}

int remove(const wish& w, const command& c, client::session& session) {
  auto result = session.call(client::delete_table{.name = w.name});
  if (!result.ok())
    return c.report(result.status, session);
  if (c.io.person)
    *c.io.out << "table " << printable(w.name) << " is deleted\n";
  return exit_code::ok;
}

} // namespace

void add_table_commands(CLI::App& app, const command_ptr& c) {
  auto* table = app.add_subcommand("table", "Create, describe, list and delete tables");
  table->require_subcommand(1);
  auto named = [](CLI::App* sub) {
    auto w = std::make_shared<wish>();
    sub->add_option("name", w->name, "Table")->required()->type_name("NAME");
    return w;
  };

  auto* make = table->add_subcommand("create", "Create a table");
  auto create_wish = named(make);
  make->add_option(
          "--key", create_wish->keys,
          "A key attribute, NAME:TYPE with type S, N or B; first the partition key, then the sort key")
      ->required()
      ->allow_extra_args(false)
      ->type_name("NAME:TYPE");
  make->add_option("--partitions", create_wish->partitions, "How many partitions to begin with")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  make->footer(R"(Examples:
  troupe table create users --key id:S
  troupe table create music --key artist:S --key song:S --partitions 12

Returns when the table can be written to.)");
  c->add(*make,
         [c = c.get(), create_wish](client::session& session) { return create(*create_wish, *c, session); });

  auto* show = table->add_subcommand("describe", "Show a table's keys and partitions");
  auto describe_wish = named(show);
  show->add_flag("--json", describe_wish->json, "For programs");
  c->add(*show, [c = c.get(), describe_wish](client::session& session) {
    return describe(*describe_wish, *c, session);
  });

  auto* all = table->add_subcommand("list", "List all tables; only their names when piped");
  auto list_wish = std::make_shared<wish>();
  all->add_flag("--json", list_wish->json, "For programs");
  c->add(*all, [c = c.get(), list_wish](client::session& session) { return list(*list_wish, *c, session); });

  auto* drop = table->add_subcommand("delete", "Delete a table and all of its items");
  auto delete_wish = named(drop);
  c->add(*drop,
         [c = c.get(), delete_wish](client::session& session) { return remove(*delete_wish, *c, session); });
}

} // namespace troupe::commands
