#include "actors/host/commands/commands.h"
#include "actors/host/commands/command.h"
#include <CLI/CLI.hpp>

namespace troupe::commands {

int exit_code_of(const msg::Status& status) {
  switch (status.code()) {
  case msg::OK:
    return exit_code::ok;
  case msg::CONDITION_FAILED:
    return exit_code::condition_failed;
  case msg::TABLE_NOT_FOUND:
    return exit_code::not_found;
  case msg::OVERLOADED:
  case msg::UNAVAILABLE:
  case msg::MOVED:
    return exit_code::unavailable;
  case msg::UNKNOWN_OUTCOME:
    return exit_code::unknown_outcome;
  case msg::INTERNAL:
    return exit_code::failed;
  default:
    return exit_code::refused; // VALIDATION and what else had no effect, also from newer routers
  }
}

void add_client_commands(CLI::App& app, const terminal& t, action& chosen, opener open) {
  auto shared = std::make_shared<command>(t, &chosen, std::move(open));
  add_cluster_commands(app, shared);
  add_heal_command(app, shared);
  add_scrub_command(app, shared);
  add_table_commands(app, shared);
  add_item_commands(app, shared);
  add_update_command(app, shared);
  add_query_commands(app, shared);
  add_bench_command(app, shared);
  add_archive_commands(app, t, chosen);
  add_export_command(app, shared);
  add_restore_command(app, shared);
}

} // namespace troupe::commands
