// status and handover.
#include "actors/host/commands/command.h"
#include "actors/host/commands/overview.h"
#include <CLI/CLI.hpp>
#include <ostream>

namespace troupe::commands {

namespace {

struct wish {
  bool json = false;
  bool partitions = false;
  std::uint64_t group = 0;
  std::string to_node;
};

int status(const wish& w, const command& c, client::session& session) {
  auto result = session.call(client::cluster_status{});
  if (!result.ok())
    return c.report(result.status, session);
  auto shown = make_overview(result.cluster);
  *c.io.out << (w.json ? to_json(shown) : to_text(shown, c.io, w.partitions));
  return exit_code::ok;
}

int hand_over(const wish& w, const command& c, client::session& session) {
  auto result = session.call(client::hand_over{.group = w.group, .to_node = w.to_node});
  if (!result.ok())
    return c.report(result.status, session);
  if (c.io.person)
    *c.io.out << "partition " << w.group << " is handed over"
              << (w.to_node.empty() ? "" : " to " + printable(w.to_node)) << '\n';
  return exit_code::ok;
}

} // namespace

void add_cluster_commands(CLI::App& app, const command_ptr& c) {
  auto status_wish = std::make_shared<wish>();
  auto* show = app.add_subcommand("status", "Show nodes, tables, partitions, leaders and lag");
  show->add_flag("--json", status_wish->json, "For programs");
  show->add_flag("--partitions", status_wish->partitions, "List every partition, however many there are");
  show->footer(R"(A member with a ! does not run. LAG counts log entries behind the newest commit.

Examples:
  troupe status
  troupe status --at db1:7101,db2:7101
  troupe status --json | jq .healthy)");
  c->add(*show,
         [c = c.get(), status_wish](client::session& session) { return status(*status_wish, *c, session); });

  auto handover_wish = std::make_shared<wish>();
  auto* move =
      app.add_subcommand("handover", "Let another member lead a partition, without a gap in service");
  move->add_option("group", handover_wish->group, "The partition's number, as in `troupe status`")
      ->required()
      ->type_name("GROUP");
  move->add_option("--to", handover_wish->to_node, "The node that is to lead; else the most up to date one")
      ->type_name("NODE");
  move->footer(R"(Example:
  troupe handover 7 --to n2)");
  c->add(*move, [c = c.get(), handover_wish](client::session& session) {
    return hand_over(*handover_wish, *c, session);
  });
}

} // namespace troupe::commands
