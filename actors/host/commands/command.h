// What all client commands share: where the cluster is, how long they wait, how they speak about failures.
#pragma once
#include "actors/host/commands/commands.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::commands {

// Kept alive by the callbacks that it adds.
class command : public std::enable_shared_from_this<command> {
public:
  command(terminal t, action* chosen, opener open) : io(t), chosen_(chosen), open_(std::move(open)) {}

  // Adds --at and the other common options to a subcommand. When it is given on the command line, `run` is
  // what the program does; it may keep a plain pointer to this.
  void add(CLI::App& sub, std::function<int(client::session&)> run);
  // The same for a command that opens its sessions itself.
  void add_alone(CLI::App& sub, std::function<int()> run);
  // The same without --at, for one that is given a cluster file.
  void add_to_cluster(CLI::App& sub, std::function<int()> run);
  // The same for one that needs nothing of this.
  void add_offline(CLI::App& sub, std::function<int()> run);

  // Says what a status other than OK means, and returns its exit code.
  int report(const msg::Status& status, client::session& session) const;

  // The common options as given. And for commands that want several sessions, or other ones: null when there
  // is trouble, which has been said.
  client::options options() const;
  std::unique_ptr<client::session> open(client::options o) const;

  terminal io;

private:
  int checked(int code) const;

  action* chosen_;
  opener open_;
  std::vector<std::string> at_{"127.0.0.1:7101"};
  std::string timeout_ = "5s";
  std::string certificate_;
  std::string authority_;
};
using command_ptr = std::shared_ptr<command>;

// Each family of commands adds itself; `c` is shared by all of them.
void add_item_commands(CLI::App& app, const command_ptr& c);    // put, get, delete
void add_update_command(CLI::App& app, const command_ptr& c);   // update
void add_query_commands(CLI::App& app, const command_ptr& c);   // query, scan
void add_table_commands(CLI::App& app, const command_ptr& c);   // table create, describe, list, delete
void add_cluster_commands(CLI::App& app, const command_ptr& c); // status, handover
void add_heal_command(CLI::App& app, const command_ptr& c);     // heal
void add_scrub_command(CLI::App& app, const command_ptr& c);    // scrub
void add_bench_command(CLI::App& app, const command_ptr& c);    // bench
void add_restore_command(CLI::App& app, const command_ptr& c);  // restore
void add_export_command(CLI::App& app, const command_ptr& c);   // archive export

// --- what people type
// ----------------------------------------------------------------------------------------

// A value that was understood, or why not.
template <class T>
struct understood {
  std::optional<T> value;
  std::string trouble;
};

// The argument itself, standard input for "-", a file for "@FILE".
understood<std::string> read_argument(const terminal& t, const std::string& argument);
// DynamoDB JSON of an item or a key.
understood<msg::AttributeMap> parse_attributes(const terminal& t, const std::string& argument);
// DynamoDB JSON of a value, {"S":"x"}, or short: S:x, N:5, B:<base64>.
understood<msg::Value> parse_value(const std::string& text);
// DynamoDB's expressions, with NAME=VALUE for each placeholder: "#n=attribute", ":v=N:5".
struct expression_wish {
  std::string update;
  std::string condition;
  std::string filter;
  std::vector<std::string> names;
  std::vector<std::string> values;
};
understood<client::parsed_expressions> parse_expressions(const expression_wish& wish);
// Adds --name and --value.
void add_placeholders(CLI::App& sub, expression_wish& wish);
// "pk:S"
understood<msg::KeyAttribute> parse_key_attribute(const std::string& text);
// "2026-11-23T14:05:00Z", with a fraction of a second or without, or seconds since 1970; milliseconds since
// then.
understood<std::int64_t> parse_time(const std::string& text);
std::string to_time(std::int64_t unix_ms); // the first of these
std::int64_t unix_ms();                    // now
// "1500ms", "5s"; milliseconds.
understood<std::int64_t> parse_timeout(const std::string& text);

} // namespace troupe::commands
