// The `troupe` program: what can be said on its command line.
#include "actors/host/commands/commands.h"
#include "actors/host/process.h"
#include "actors/host/serve.h"
#include "actors/host/up.h"
#include "actors/kit/log.h"
#include "config/load.h"
#include "config/write.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

namespace {

using namespace troupe;

// Loads a cluster file, or says everything that is wrong with it.
std::optional<config::cluster> load(const std::string& file, const config::here& starting) {
  auto loaded = config::load(file, starting);
  for (const auto& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", config::to_text(problem).c_str());
  return loaded.settings;
}

int check(const std::string& file) {
  auto cluster = load(file, {.local_nodes = true, .node = {}});
  if (!cluster)
    return host::exit_config;
  std::printf("%s is a sound cluster file: cluster %s, %zu nodes in %zu zones, %zu of them on this machine\n",
              file.c_str(), cluster->name.c_str(), cluster->nodes.size(), cluster->zones.size(),
              config::local_nodes(*cluster).size());
  return host::exit_done;
}

int up(const std::string& file) {
  auto cluster = load(file, {.local_nodes = true, .node = {}});
  return cluster ? host::up(*cluster) : host::exit_config;
}

int node(const std::string& file, const std::string& name) {
  auto cluster = load(file, {.local_nodes = false, .node = name});
  return cluster ? host::serve_node(*cluster, name) : host::exit_config;
}

int dev(const std::string& data, std::uint16_t port, std::uint16_t metrics_port) {
  auto cluster = config::dev_cluster(data);
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    if (port != 0)
      cluster.nodes[i].port = static_cast<std::uint16_t>(port + i);
    if (metrics_port != 0)
      cluster.nodes[i].metrics_port = static_cast<std::uint16_t>(metrics_port + i);
  }
  return host::serve_dev(cluster);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Troupe: a DynamoDB-compatible database that you run yourself"};
  app.set_version_flag("--version", std::string("troupe ") + host::version());
  app.require_subcommand(1);
  std::string log;
  app.add_option("--log", log, "What to say on stderr: error, warning, info or debug")
      ->envname("TROUPE_LOG")
      ->check(CLI::IsMember({"error", "warning", "info", "debug"}));
  std::function<int()> chosen;

  std::string file;
  std::string name;
  auto* up_command = app.add_subcommand("up", "Run all nodes of this machine, each in a process of its own");
  up_command->add_option("file", file, "Cluster file, e.g. config/three-zones.yaml")->required();
  up_command->callback([&] { chosen = [&] { return up(file); }; });

  auto* node_command = app.add_subcommand("node", "Run one node");
  node_command->add_option("file", file, "Cluster file")->required();
  node_command->add_option("name", name, "The node's name in it")->required();
  node_command->callback([&] { chosen = [&] { return node(file, name); }; });

  std::string data = "troupe-data";
  std::uint16_t port = 0;
  std::uint16_t metrics_port = 0;
  auto* dev_command =
      app.add_subcommand("dev", "Run a whole three-zone cluster in one process, to try things out");
  dev_command->add_option("--data", data, "Where its data is kept")->capture_default_str();
  dev_command->add_option("--port", port, "First of three ports for clients (default 7101)");
  dev_command->add_option("--metrics-port", metrics_port, "Port for Prometheus (default 7201)");
  dev_command->callback([&] { chosen = [&] { return dev(data, port, metrics_port); }; });

  auto* check_command =
      app.add_subcommand("check", "Say what is wrong with a cluster file, without starting anything");
  check_command->add_option("file", file, "Cluster file")->required();
  check_command->callback([&] { chosen = [&] { return check(file); }; });

  commands::add_client_commands(app, commands::standard_terminal(), chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? host::exit_done : host::exit_usage;
  }
  if (auto level = kit::parse_log_level(log))
    kit::set_log_level(*level);
  if (!log.empty())
    setenv("TROUPE_LOG", log.c_str(), 1); // for the nodes that `up` starts
  return chosen();
}
