// heal: which partitions are not whole, and how far they are on the way back. `troupe status` says it in
// passing; this is for whoever waits for it, or wants no changes of members for a while.
#include "actors/host/commands/command.h"
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/overview.h"
#include "actors/host/commands/table.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <pwd.h>
#include <thread>
#include <unistd.h>

namespace troupe::commands {

namespace {

struct wish {
  bool pause = false;
  bool resume = false;
  std::string who;
  std::string why;
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
    return t.green("Every partition is whole") + "\n" + pause_text(o, t);
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
  return text + pause_text(o, t);
}

std::string heal_json(const overview& o) {
  json_writer json;
  json.begin_object().key("whole").boolean(o.healing.empty());
  write_healing(json, o);
  json.end_object();
  return json.result() + "\n";
}

// Who is at the keyboard, as the system knows: for people who ask later, not to be relied upon.
std::string operator_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0)
    host[0] = '\0';
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> room{};
  if (::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found) != 0 || !found)
    return "user " + std::to_string(::geteuid()) + "@" + host.data();
  return std::string(found->pw_name) + "@" + host.data();
}

int heal(const wish& w, const command& c, client::session& session) {
  auto every = parse_timeout(w.every);
  if (!every.value) {
    c.io.complain("--every: " + every.trouble);
    return exit_code::usage;
  }
  if (w.pause || w.resume) {
    client::pause_healing order;
    order.resume = w.resume;
    order.who = w.who.empty() ? operator_name() : w.who;
    order.why = w.why;
    if (auto done = session.call(order); !done.ok())
      return c.report(done.status, session);
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
  auto* pause = sub->add_flag("--pause", w->pause, "Let no change of members begin any more, until --resume");
  sub->add_flag("--resume", w->resume, "Heal again")->excludes(pause);
  sub->add_option("--why", w->why, "With --pause and --resume: the reason, kept for whoever asks")
      ->type_name("TEXT");
  sub->add_option("--who", w->who, "With --pause and --resume: by whom; else the user who runs the command")
      ->type_name("NAME");
  sub->add_flag("--watch", w->watch, "Show it again and again, until every partition is whole");
  sub->add_option("--every", w->every, "How often, with --watch")->type_name("TIME")->capture_default_str();
  sub->add_flag("--json", w->json, "For programs; with --watch an object each time");
  sub->footer(R"(The most endangered partition comes first. VOTES counts members that vote and are sound.
--pause stops healing in the whole cluster: a change of members that is under way comes to its end, items that are
being fetched go on coming, and nothing else begins. Writes and reads are not touched, but who dies meanwhile is not
replaced.

Examples:
  troupe heal
  troupe heal --watch
  troupe heal --pause --why "moving rack 4"
  troupe heal --resume
  troupe heal --json | jq '.healing[] | select(.step == "stuck")')");
  c->add(*sub, [c = c.get(), w](client::session& session) { return heal(*w, *c, session); });
}

} // namespace troupe::commands
