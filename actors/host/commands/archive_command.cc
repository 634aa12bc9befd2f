// archive init, list and verify: on the archive that a cluster file names, without its nodes.
#include "actors/history/survey.h"
#include "actors/host/commands/archive_file.h"
#include "actors/host/commands/commands.h"
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/table.h"
#include "storage/archive/open.h"
#include <CLI/CLI.hpp>
#include <ctime>
#include <memory>
#include <ostream>
#include <vector>

namespace troupe::commands {

namespace {

struct wish {
  std::string file;
  std::string table;
  std::uint64_t group = 0;
  bool json = false;
};

int init(const wish& w, const terminal& t) {
  auto cluster = cluster_with_archive(w.file, t);
  if (!cluster)
    return exit_code::usage;
  auto& where = cluster->archive;
  auto store = storage::open_archive(where, storage::archive_use::make);
  if (!store) {
    t.complain(store.error().text);
    return exit_code::failed;
  }
  if (auto seen = (*store)->list("", "", 1); !seen) { // a bucket is not made, but must be there
    t.complain(seen.error().text);
    return exit_code::failed;
  }
  *t.out << "the archive is in " << storage::place_of(where) << "\n";
  return exit_code::ok;
}

// "2026-03-01T12:00:00Z"
std::string time_text(std::int64_t unix_ms) {
  if (unix_ms == 0)
    return "-";
  auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32] = {};
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string table_of(const history::group_survey& one) {
  return one.whose.table == 0 ? "(metadata)" : one.table.empty() ? "?" : one.table;
}

bool wanted(const wish& w, const history::group_survey& one) {
  return (w.table.empty() || one.table == w.table) && (w.group == 0 || one.whose.group == w.group);
}

std::string to_text(const std::vector<history::group_survey>& groups, const terminal& t, bool read) {
  std::vector<text_table::column> columns{
      {"TABLE"},      {"PARTITION", true}, {"SEGMENTS", true}, {"FIRST", true},
      {"LAST", true}, {"SNAPSHOT", true},  {"SIZE", true},     {"UP TO"}};
  if (read)
    columns.push_back({"DAMAGED", true});
  columns.push_back({"STATE"});
  text_table table(std::move(columns));
  std::string said;
  for (const auto& one : groups) {
    std::vector<cell> row{{table_of(one), one.whose.table == 0 ? tone::dim : tone::plain},
                          std::to_string(one.whose.group),
                          std::to_string(one.segments),
                          std::to_string(one.first),
                          std::to_string(one.last),
                          one.newest_snapshot == 0 ? "-" : std::to_string(one.newest_snapshot),
                          people_size(one.bytes),
                          time_text(one.last_time_ms)};
    if (read)
      row.push_back({std::to_string(one.damaged), one.damaged > 0 ? tone::warn : tone::plain});
    row.push_back({one.whole() ? "whole" : "not whole", one.whole() ? tone::good : tone::bad});
    table.add(std::move(row));
    auto about = "partition " + std::to_string(one.whose.group);
    for (const auto& finding : one.findings)
      said += "  " + t.red(about) + ": " + printable(finding) + "\n";
    for (const auto& note : one.notes)
      said += "  " + t.yellow(about) + ": " + printable(note) + "\n";
  }
  return table.text(t) + said;
}

std::string to_json(const std::vector<history::group_survey>& groups, bool whole) {
  json_writer json;
  json.begin_object().key("whole").boolean(whole).key("partitions").begin_array();
  for (const auto& one : groups) {
    json.begin_object();
    json.key("cluster").text(one.cluster).key("table").text(one.table).key("group").number(one.whose.group);
    json.key("folder").text(archive::folder_of(one.whose));
    json.key("segments").number(one.segments).key("bytes").number(one.bytes);
    json.key("first").number(one.first).key("last").number(one.last);
    json.key("first_time_ms").number(one.first_time_ms).key("last_time_ms").number(one.last_time_ms);
    json.key("snapshots").number(one.snapshots).key("newest_snapshot").number(one.newest_snapshot);
    json.key("damaged").number(one.damaged).key("whole").boolean(one.whole());
    for (const auto& [name, list] : {std::pair{"findings", &one.findings}, std::pair{"notes", &one.notes}}) {
      json.key(name).begin_array();
      for (const auto& text : *list)
        json.text(text);
      json.end_array();
    }
    json.end_object();
  }
  json.end_array().end_object();
  return json.result() + "\n";
}

int survey(const wish& w, const terminal& t, history::survey_depth depth) {
  auto cluster = cluster_with_archive(w.file, t);
  if (!cluster)
    return exit_code::usage;
  auto& where = cluster->archive;
  auto store = storage::open_archive(where, storage::archive_use::as_it_is);
  if (!store) {
    t.complain(store.error().text);
    return exit_code::unavailable;
  }
  history::survey all(**store, depth);
  std::vector<history::group_survey> groups;
  bool whole = true;
  for (;;) {
    auto one = all.next();
    if (!one) {
      t.complain(one.error().text);
      return exit_code::unavailable;
    }
    if (!*one)
      break;
    if (!wanted(w, **one))
      continue;
    whole = whole && (*one)->whole();
    groups.push_back(std::move(**one));
  }
  auto read = depth == history::survey_depth::bytes;
  *t.out << (w.json ? to_json(groups, whole) : to_text(groups, t, read));
  if (groups.empty() && !w.json)
    t.complain("nothing is archived in " + storage::place_of(where) +
               (w.table.empty() ? "" : " of " + w.table));
  return whole || !read ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_archive_commands(CLI::App& app, const terminal& t, action& chosen) {
  auto* family = app.add_subcommand("archive", "The archive that a cluster file names; without its nodes");
  family->require_subcommand(1);
  auto w = std::make_shared<wish>();
  auto* init_command = family->add_subcommand(
      "init",
      "Make the archive's directory, of a cluster that has data and had none; a bucket is looked for");
  init_command->add_option("file", w->file, "Cluster file")->required();
  init_command->callback([w, t, &chosen] { chosen = [w, t] { return init(*w, t); }; });
  auto add = [&](const char* name, const char* help, history::survey_depth depth) {
    auto* sub = family->add_subcommand(name, help);
    sub->add_option("file", w->file, "Cluster file")->required();
    sub->add_option("--table", w->table, "Only of the tables that had this name");
    sub->add_option("--group", w->group, "Only of this partition")->check(CLI::PositiveNumber);
    sub->add_flag("--json", w->json, "For programs");
    sub->callback([w, t, depth, &chosen] { chosen = [w, t, depth] { return survey(*w, t, depth); }; });
  };
  add("list", "What is archived of every partition, by the names of objects", history::survey_depth::names);
  add("verify",
      "Read all of it: every segment's checksums and links, and that they follow each other without a hole. "
      "Exit code 0: "
      "whole; 1: not; 3: the archive cannot be reached",
      history::survey_depth::bytes);
}

} // namespace troupe::commands
