// heal: which partitions are not whole, and how far they are on the way back. `troupe status` says it in
// passing; this is for whoever waits for it.
#include "actors/host/commands/command.h"
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/overview.h"
#include "actors/host/commands/table.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

namespace troupe::commands {

namespace {

struct wish {
  bool json = false;
  bool watch = false;
  std::string every = "1s";
};

// "[########............]  40 %"
std::string bar(std::uint64_t done, std::uint64_t all) {
  constexpr std::uint64_t width = 20;
  done = std::min(done, all);
  auto full =
      all == 0 ? 0 : static_cast<std::size_t>(static_cast<double>(done) / static_cast<double>(all) * width);
  auto percent = all == 0 ? 0 : static_cast<int>(static_cast<double>(done) / static_cast<double>(all) * 100);
  auto number = std::to_string(percent);
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "] " +
         std::string(3 - number.size(), ' ') + number + " %";
}

std::string heal_text(const overview& o, const terminal& t) {
  if (o.healing.empty())
    return t.green("Every partition is whole") + "\n";
  text_table table(
      {{"PARTITION", true}, {"TABLE"}, {"VOTES", true}, {"FOR", true}, {"STEP"}, {"PROGRESS"}, {"WHY"}});
  std::uint64_t arrived = 0, all = 0;
  for (const auto& one : o.healing) {
    bool counted = one.bytes_total > 1;
    arrived += counted ? std::min(one.bytes, one.bytes_total) : 0;
    all += counted ? one.bytes_total : 0;
    table.add({std::to_string(one.group),
               {one.table.empty() ? "(metadata)" : one.table, one.table.empty() ? tone::dim : tone::plain},
               {std::to_string(one.sound_voters), one.sound_voters < 2 ? tone::bad : tone::plain},
               one.ailing_ms > 0 ? people_age(one.ailing_ms) : "-",
               {one.step, one.step == "stuck" ? tone::bad : tone::plain},
               counted ? bar(one.bytes, one.bytes_total) : "",
               one.why});
  }
  auto text = table.text(t);
  if (all > 0)
    text += "rebuilt so far: " + people_size(arrived) + " of " + people_size(all) + "\n";
  return text;
}

std::string heal_json(const overview& o) {
  json_writer json;
  json.begin_object().key("whole").boolean(o.healing.empty());
  write_healing(json, o);
  json.end_object();
  return json.result() + "\n";
}

int heal(const wish& w, const command& c, client::session& session) {
  auto every = parse_timeout(w.every);
  if (!every.value) {
    c.io.complain("--every: " + every.trouble);
    return exit_code::usage;
  }
  for (;;) {
    auto result = session.call(client::cluster_status{});
    if (!result.ok())
      return c.report(result.status, session);
    auto seen = make_overview(result.cluster);
    *c.io.out << (w.json ? heal_json(seen) : heal_text(seen, c.io)) << std::flush;
    if (!w.watch || seen.healing.empty() || !c.io.out->good())
      return exit_code::ok;
    std::this_thread::sleep_for(std::chrono::milliseconds(*every.value));
    if (!w.json)
      *c.io.out << "\n";
  }
}

} // namespace

void add_heal_command(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub = app.add_subcommand("heal", "Show partitions that are not whole, and how far they are rebuilt");
  sub->add_flag("--watch", w->watch, "Show it again and again, until every partition is whole");
  sub->add_option("--every", w->every, "How often, with --watch")->type_name("TIME")->capture_default_str();
  sub->add_flag("--json", w->json, "For programs; with --watch an object each time");
  sub->footer(R"(The most endangered partition comes first. VOTES counts members that vote and are sound.

Examples:
  troupe heal
  troupe heal --watch
  troupe heal --json | jq '.healing[] | select(.step == "stuck")')");
  c->add(*sub, [c = c.get(), w](client::session& session) { return heal(*w, *c, session); });
}

} // namespace troupe::commands
