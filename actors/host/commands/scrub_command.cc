// scrub: how old the proof is that all copies are right, what was found, and to have it made anew.
#include "actors/host/commands/command.h"
#include "actors/host/commands/scrubbing.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <ostream>
#include <thread>

namespace troupe::commands {

namespace {

constexpr auto look_every = std::chrono::milliseconds(500);

struct wish {
  std::string table;
  bool now = false;
  bool watch = false;
  bool json = false;
  int minutes = 24 * 60;
};

// Follows what was begun until all of it is over, or the time is.
int watch(const wish& w, const command& c, client::session& session, const scrubbing& before,
          scrubbing& seen) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(w.minutes);
  std::string told;
  while (!seen.done_since(before)) {
    if (std::chrono::steady_clock::now() >= until) {
      c.io.complain("not everything has been read in time", "troupe scrub --watch goes on looking");
      return exit_code::unavailable;
    }
    if (auto line = progress_line(seen, before); line != told && !w.json && c.io.person)
      *c.io.out << (told = line) << std::endl;
    std::this_thread::sleep_for(look_every);
    auto result = session.call(client::cluster_status{});
    if (result.ok()) // else the next look may find a leader
      seen = make_scrubbing(result.cluster, w.table);
  }
  return exit_code::ok;
}

int scrub(const wish& w, const command& c, client::session& session) {
  auto first = session.call(client::cluster_status{});
  if (!first.ok())
    return c.report(first.status, session);
  const auto before = make_scrubbing(first.cluster, w.table);
  if (!w.table.empty() && before.replicas.empty()) {
    c.io.complain("there is no table " + printable(w.table));
    return exit_code::not_found;
  }
  if (w.now)
    if (auto begun = session.call(client::scrub_now{.table = w.table}); !begun.ok())
      return c.report(begun.status, session);
  auto seen = before;
  int code = exit_code::ok;
  if (w.watch)
    code = watch(w, c, session, before, seen);
  else if (w.now && c.io.person)
    *c.io.out << "begun; troupe scrub shows how far it is\n";
  if (!w.now || w.watch)
    *c.io.out << (w.json ? to_json(seen) : to_text(seen, c.io));
  if (code != exit_code::ok)
    return code;
  return seen.clean() ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_scrub_command(CLI::App& app, const command_ptr& c) {
  auto shared = std::make_shared<wish>();
  auto* sub =
      app.add_subcommand("scrub", "Show when all copies were last read and compared, and what was found");
  sub->add_option("table", shared->table, "Only this table's; else all, and the metadata")
      ->type_name("TABLE");
  sub->add_flag("--now", shared->now, "Read everything and compare it now, and not when its turn comes");
  sub->add_flag("--watch", shared->watch, "Wait until everything has been read and compared once more");
  sub->add_option("--minutes", shared->minutes, "With --watch: at most so long")
      ->type_name("N")
      ->check(CLI::Range(1, 60 * 24 * 30))
      ->capture_default_str();
  sub->add_flag("--json", shared->json, "For programs");
  sub->footer(
      R"(READ, COMPARED and PROVED: how long ago; proved are members that are what the archive makes of their
partition. FOUND and REPAIRED count from the start of the node. Ends with 1 when something was found.

Examples:
  troupe scrub
  troupe scrub music --now --watch)");
  c->add(*sub, [c = c.get(), shared](client::session& session) { return scrub(*shared, *c, session); });
}

} // namespace troupe::commands
