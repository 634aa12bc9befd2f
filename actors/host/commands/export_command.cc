// archive export: a table as it was, as lines of DynamoDB JSON. Needs the archive and nothing else: no
// cluster has to run. It prints all that there is, and fails when the archive itself shows that there must be
// more.
#include "actors/core/item/json.h"
#include "actors/host/commands/archive_file.h"
#include "actors/host/commands/command.h"
#include "actors/host/commands/past.h"
#include "storage/archive/open.h"
#include <CLI/CLI.hpp>
#include <ostream>

namespace troupe::commands {

namespace {

struct wish {
  std::string file;
  std::string table;
  std::string id;
  std::string at;
  std::string scratch;
};

std::string in_hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

int run(const wish& w, const terminal& t) {
  if (w.table.empty() && w.id.empty()) {
    t.complain("which table? name it with --table, or with --id");
    return exit_code::usage;
  }
  std::int64_t time_ms = 0;
  if (!w.at.empty()) {
    auto time = parse_time(w.at);
    if (!time.value) {
      t.complain(time.trouble);
      return exit_code::usage;
    }
    time_ms = *time.value;
  }
  auto cluster = cluster_with_archive(w.file, t);
  if (!cluster)
    return exit_code::usage;
  auto store = storage::open_archive(cluster->archive, storage::archive_use::as_it_is);
  if (!store) {
    t.complain(store.error().text);
    return exit_code::unavailable;
  }
  auto tables = past_tables(**store);
  if (!tables) {
    t.complain(tables.error().text);
    return exit_code::unavailable;
  }
  std::vector<past_table> meant;
  for (auto& one : *tables)
    if (w.id.empty() ? one.name == w.table
                     : in_hex(one.id) == w.id && (w.table.empty() || one.name.empty() || one.name == w.table))
      meant.push_back(std::move(one));
  if (meant.empty()) {
    t.complain("the archive has no table" + (w.table.empty() ? "" : " " + w.table) +
               (w.id.empty() ? "" : " with id " + w.id));
    return exit_code::not_found;
  }
  if (meant.size() > 1) {
    std::string ids;
    for (auto& one : meant)
      ids += " " + in_hex(one.id);
    t.complain("the archive has several tables that were called " + w.table, "Choose one with --id:" + ids);
    return exit_code::usage;
  }
  scratch_directory scratch(w.scratch);
  if (scratch.path().empty()) {
    t.complain(scratch.trouble());
    return exit_code::failed;
  }
  for (auto& group : meant.front().groups) {
    past_wish wish{group.whose, time_ms, group.last, scratch.path()};
    auto part = read_past(**store, wish, unix_ms(), [&](const msg::AttributeMap& item) {
      *t.out << "{\"Item\":" << item::write_json(item, item::json_style::compact) << "}\n";
      return *t.out ? std::string() : std::string("cannot write the output");
    });
    if (!part) {
      t.complain(part.error().text);
      return exit_code::failed;
    }
    *t.err << "partition " << group.whose.group << ": " << part->items
           << (part->items == 1 ? " item" : " items") << " as of entry " << part->index;
    if (part->time_ms != 0)
      *t.err << ", written at " << to_time(part->time_ms);
    if (time_ms != 0 && !part->whole)
      *t.err << "; the archive ends there";
    *t.err << '\n';
  }
  auto missing = meant.front().missing_keys();
  for (auto& keys : missing)
    t.complain("the archive holds no partition of the keys " + keys +
               ": what was there is not in the output");
  return missing.empty() ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_export_command(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub = app.get_subcommand("archive")->add_subcommand(
      "export", "Print a table as it was, a line of DynamoDB JSON for each item, from the archive alone");
  sub->add_option("file", w->file, "Cluster file, whose archive is read")->required();
  sub->add_option("--table", w->table, "The table's name");
  sub->add_option("--id", w->id,
                  "Its id, where several tables have had the name; the name is not needed then");
  sub->add_option("--at", w->at,
                  "As of then, as in 2026-11-23T14:05:00Z or in seconds since 1970; without it, as of now")
      ->type_name("TIME");
  sub->add_option("--scratch", w->scratch,
                  "Directory for temporary files, as large as the largest partition");
  c->add_offline(*sub, [w, c = c.get()] { return run(*w, c->io); });
}

} // namespace troupe::commands
