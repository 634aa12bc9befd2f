#include "actors/host/welcome.h"
#include <algorithm>
#include <cstdio>
#include <vector>

namespace troupe::host {

namespace {

// Columns as wide as their widest cell, two blanks between them.
std::string table_of(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      width.resize(std::max(width.size(), i + 1));
      width[i] = std::max(width[i], row[i].size());
    }
  std::string text;
  for (const auto& row : rows) {
    text += " ";
    for (std::size_t i = 0; i < row.size(); ++i)
      text += " " + row[i] + std::string(i + 1 < row.size() ? width[i] - row[i].size() + 1 : 0, ' ');
    text += "\n";
  }
  return text;
}

} // namespace

std::string welcome(const config::cluster& cluster, const std::string& command) {
  std::vector<std::vector<std::string>> rows{{"node", "zone", "clients", "dynamodb", "metrics"}};
  const config::node* router = nullptr;
  for (const auto& n : cluster.nodes) {
    bool first = &n == &cluster.nodes.front();
    bool scraped = n.metrics_port != 0 && (command != "dev" || first);
    if (n.roles.router && !router)
      router = &n;
    rows.push_back({n.name, n.zone, n.roles.router ? n.host + ":" + std::to_string(n.port) : "-",
                    n.http_port != 0 ? "http://" + n.host + ":" + std::to_string(n.http_port) : "-",
                    scraped ? "http://" + n.host + ":" + std::to_string(n.metrics_port) + "/metrics" : "-"});
  }
  bool elsewhere = router && (router->host != "127.0.0.1" || router->port != 7101);
  auto at = elsewhere ? " --at " + router->host + ":" + std::to_string(router->port) : std::string();
  return "\nTroupe is ready: cluster " + cluster.name + ", " + std::to_string(cluster.nodes.size()) +
         " nodes in " + std::to_string(cluster.zones.size()) + " zones\n\n" + table_of(rows) +
         "\nTry, in another terminal:\n" + "  troupe status" + at + "\n" +
         "  troupe table create music --key artist:S --key song:S" + at + "\n" +
         R"(  troupe put music '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}}')" + at + "\n" +
         R"(  troupe get music '{"artist": {"S": "Nina Simone"}, "song": {"S": "Sinnerman"}}')" + at + "\n" +
         "\nCtrl-C stops the cluster; its data stays.\n\n";
}

void print_welcome(const config::cluster& cluster, const std::string& command) {
  auto text = welcome(cluster, command);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

} // namespace troupe::host
