// The program's client commands: status, table, put, get, update, delete, query, scan, handover, heal, scrub,
// archive, restore and bench.
//
// main() makes a CLI::App, lets each family of commands add itself, parses, and runs what was chosen:
//
//   CLI::App app("Troupe");
//   commands::action chosen;
//   commands::add_client_commands(app, commands::standard_terminal(), chosen);
//   CLI11_PARSE(app, argc, argv); // its errors become exit_code::usage; see main
//   return chosen();
//
// docs/command-line.md describes every command, and lists the exit codes for scripts.
#pragma once
#include "actors/client/client.h"
#include "actors/host/commands/terminal.h"
#include <functional>

namespace CLI {
class App;
}

namespace troupe::commands {

// What scripts can rely on. Numbers are never given another meaning.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;           // a fault of ours, or of the file system
inline constexpr int usage = 2;            // the command line, an item or a file cannot be understood
inline constexpr int unavailable = 3;      // no router, leader or quorum in time, or overloaded; no effect
inline constexpr int unknown_outcome = 4;  // the write may or may not take effect
inline constexpr int condition_failed = 5; // --if-... did not hold; no effect
inline constexpr int not_found = 6;        // no such item or table
inline constexpr int refused = 7;          // invalid, in use, storage full, unsupported; no effect
} // namespace exit_code

int exit_code_of(const msg::Status& status);

// Does what the command line asked for and returns the program's exit code.
using action = std::function<int()>;
using opener = std::function<client::connection(client::options)>;

// archive: works on the archive that a cluster file names, without the cluster.
void add_archive_commands(CLI::App& app, const terminal& t, action& chosen);

// Adds the commands to `app`. Parsing sets `chosen` when it meets one of them; `app` and `chosen` must
// outlive it. Tests give an `open` of their own.
void add_client_commands(CLI::App& app, const terminal& t, action& chosen, opener open = client::connect);

} // namespace troupe::commands
