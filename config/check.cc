#include "config/check.h"
#include "config/quantity.h"
#include "config/text.h"
#include <algorithm>
#include <array>
#include <map>

namespace troupe::config {
namespace {

bool has_zone(const cluster& c, const std::string& zone) {
  return std::find(c.zones.begin(), c.zones.end(), zone) != c.zones.end();
}

// The list was there and was a list; rules that count it make sense.
bool listed(const source& from, const std::string& path) {
  return from.sound(path) && from.sound("");
}

void check_zones(const cluster& c, source& from) {
  if (!listed(from, "zones"))
    return;
  if (c.zones.size() < 3)
    from.refuse(
        "zones",
        std::to_string(c.zones.size()) + (c.zones.size() == 1 ? " zone is" : " zones are") + " too few",
        "name three or more: each partition has its replicas in three, and survives the loss of any one");
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < c.zones.size(); ++i)
    if (!c.zones[i].empty() && ++seen[c.zones[i]] == 2)
      from.refuse("zones[" + std::to_string(i) + "]", "zone " + in_quotes(c.zones[i]) + " is listed twice",
                  "remove one");
}

void check_node_names(const cluster& c, source& from) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < c.nodes.size(); ++i) {
    const auto& name = c.nodes[i].name;
    if (!name.empty() && !seen.emplace(name, i).second)
      from.refuse(node_path(i) + ".name", "node name " + in_quotes(name) + " is taken by an earlier node",
                  "give each node a name of its own");
  }
}

void check_node_zones(const cluster& c, source& from) {
  if (!listed(from, "zones") || !listed(from, "nodes"))
    return;
  for (std::size_t i = 0; i < c.nodes.size(); ++i) {
    const auto& n = c.nodes[i];
    if (n.zone.empty() || has_zone(c, n.zone))
      continue;
    const std::vector<std::string_view> zones{c.zones.begin(), c.zones.end()};
    const auto meant = closest(n.zone, zones);
    from.refuse(node_path(i) + ".zone",
                "node " + in_quotes(n.name) + " stands in unknown zone " + in_quotes(n.zone),
                meant.empty() ? "add it to 'zones', or name one that is there"
                              : "did you mean " + in_quotes(meant) + "?");
  }
  // A node whose own zone or roles are in doubt might be the one that a zone lacks.
  for (std::size_t i = 0; i < c.nodes.size(); ++i)
    if (!from.sound(node_path(i)) || !from.sound(node_path(i) + ".zone") ||
        !from.sound(node_path(i) + ".roles"))
      return;
  for (std::size_t z = 0; z < c.zones.size(); ++z)
    if (from.sound("zones[" + std::to_string(z) + "]") &&
        std::none_of(c.nodes.begin(), c.nodes.end(),
                     [&](const node& n) { return n.zone == c.zones[z] && n.roles.storage; }))
      from.refuse("zones[" + std::to_string(z) + "]",
                  "no node in zone " + in_quotes(c.zones[z]) + " has the role storage",
                  "add a node there, or remove the zone");
  if (std::none_of(c.nodes.begin(), c.nodes.end(), [](const node& n) { return n.roles.router; }))
    from.refuse("nodes", "no node has the role router",
                "clients talk to routers: give the role to one node or more");
}

void check_metadata(const cluster& c, source& from) {
  for (std::size_t i = 0; i < c.nodes.size(); ++i)
    if (!from.sound(node_path(i)) || !from.sound(node_path(i) + ".zone") ||
        !from.sound(node_path(i) + ".roles"))
      return;
  if (!listed(from, "nodes") || !listed(from, "zones"))
    return;
  static const std::string advice =
      "exactly three nodes in three zones have it; or name it nowhere, and the first "
      "node of each of the first three zones has it";
  std::vector<std::string_view> names;
  std::map<std::string, std::string> zones;
  for (std::size_t i = 0; i < c.nodes.size(); ++i) {
    const auto& n = c.nodes[i];
    if (!n.roles.metadata)
      continue;
    names.push_back(n.name);
    const auto path = node_path(i) + ".roles";
    if (names.size() > 3)
      from.refuse(path, "node " + in_quotes(n.name) + " is one metadata node too many", advice);
    else if (auto [other, fresh] = zones.emplace(n.zone, n.name); !fresh)
      from.refuse(path,
                  "metadata nodes " + in_quotes(other->second) + " and " + in_quotes(n.name) +
                      " share zone " + in_quotes(n.zone),
                  advice);
  }
  if (!names.empty() && names.size() < 3 && c.zones.size() >= 3)
    from.refuse("nodes",
                "only " + in_words(names) + (names.size() == 1 ? " has" : " have") + " the role metadata",
                advice);
}

// Two names of the same loopback address are the same host here.
std::string same_host(const std::string& host) {
  const auto out = to_lower(host);
  return out == "localhost" ? "127.0.0.1" : out;
}

void check_ports(const cluster& c, source& from) {
  struct taken {
    std::string node;
    std::string key;
  };
  const std::array<std::pair<std::string, std::uint16_t node::*>, 3> ports{
      {{"port", &node::port}, {"metrics", &node::metrics_port}, {"http", &node::http_port}}};
  std::map<std::pair<std::string, std::uint16_t>, taken> seen;
  for (std::size_t i = 0; i < c.nodes.size(); ++i) {
    const auto& n = c.nodes[i];
    for (const auto& [name, member] : ports) {
      const auto path = node_path(i) + "." + name;
      if (n.*member == 0 || !from.sound(path) || !from.sound(node_path(i) + ".host"))
        continue;
      auto [other, fresh] = seen.emplace(std::pair{same_host(n.host), n.*member}, taken{n.name, name});
      if (!fresh)
        from.refuse(path,
                    name + " " + std::to_string(n.*member) + " of node " + in_quotes(n.name) +
                        " is already " + in_quotes(other->second.key) + " of node " +
                        in_quotes(other->second.node) + " on " + n.host,
                    "give each a port of its own");
    }
    if (n.http_port != 0 && !n.roles.router && from.sound(node_path(i) + ".roles"))
      from.refuse(node_path(i) + ".http", "node " + in_quotes(n.name) + " has an http port but is no router",
                  "routers serve the DynamoDB API: add the role router, or remove the port");
  }
}

// One node's files inside another's would be taken for its own.
void check_data(const cluster& c, source& from) {
  for (std::size_t i = 0; i < c.nodes.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const auto& later = c.nodes[i];
      const auto& earlier = c.nodes[j];
      if (later.data.empty() || earlier.data.empty() || same_host(later.host) != same_host(earlier.host))
        continue;
      const auto inside = [](const std::string& a, const std::string& b) {
        return a.starts_with(b == "/" ? b : b + "/");
      };
      if (later.data == earlier.data)
        from.refuse(node_path(i) + ".data",
                    "nodes " + in_quotes(earlier.name) + " and " + in_quotes(later.name) +
                        " share the directory " + later.data,
                    "give each node a directory of its own");
      else if (inside(later.data, earlier.data) || inside(earlier.data, later.data))
        from.refuse(node_path(i) + ".data",
                    "the directories of nodes " + in_quotes(earlier.name) + " and " + in_quotes(later.name) +
                        " lie one inside the other",
                    "give each node a directory of its own, beside the others");
    }
}

void check_archive(const cluster& c, source& from) {
  const auto& a = c.archive;
  const auto sound = [&](const char* key) { return from.sound(std::string{"archive."} + key); };
  if (!from.sound("archive"))
    return;
  if (!a.directory.empty() && !a.bucket.empty())
    from.refuse("archive.bucket", "the archive has a directory and a bucket", "keep one of the two");
  if (a.bucket.empty() && sound("bucket"))
    for (const auto& [name, value] :
         {std::pair{"endpoint", &a.endpoint}, std::pair{"credentials", &a.credentials}})
      if (!value->empty())
        from.refuse(std::string{"archive."} + name,
                    "the archive has " + in_quotes(name) + " and no bucket, so nobody would look at it",
                    "name the S3 service's bucket, or remove the key");
  if (sound("alarm_bytes") && sound("segment_bytes") && a.alarm_bytes < 2 * a.segment_bytes)
    from.refuse("archive.alarm_bytes",
                "alarm_bytes " + print_size(a.alarm_bytes) + " is less than two segments of " +
                    print_size(a.segment_bytes),
                "a segment that is being archived is no reason for an alarm: write at least " +
                    print_size(2 * a.segment_bytes) + ", or a smaller segment_bytes");
  if (sound("refuse_bytes") && sound("alarm_bytes") && a.refuse_bytes <= a.alarm_bytes)
    from.refuse("archive.refuse_bytes",
                "refuse_bytes " + print_size(a.refuse_bytes) + " is not more than alarm_bytes " +
                    print_size(a.alarm_bytes),
                "the alarm comes before writes are refused: write more than " + print_size(a.alarm_bytes));
  for (std::size_t i = 0; i < c.nodes.size() && !a.directory.empty(); ++i) {
    const auto& data = c.nodes[i].data;
    if (!data.empty() && (a.directory + "/").starts_with(data == "/" ? data : data + "/")) {
      from.refuse("archive.directory",
                  "the archive's directory lies in that of node " + in_quotes(c.nodes[i].name),
                  "what becomes of a node's disk must not become of the archive: choose another place");
      return;
    }
  }
}

void check_times(const cluster& c, source& from) {
  const auto& r = c.replication;
  const auto sound = [&](const char* key) { return from.sound(std::string{"replication."} + key); };
  if (!sound("lease"))
    return;
  if (sound("heartbeat") && r.heartbeat_ms * 3 > r.lease_ms)
    from.refuse("replication.heartbeat",
                "heartbeat " + print_duration(r.heartbeat_ms) + " is more than a third of lease " +
                    print_duration(r.lease_ms),
                "two lost heartbeats must not cost the lease: write at most " +
                    print_duration(r.lease_ms / 3) + ", or a longer lease");
  if (sound("drift") && r.drift_ms * 4 >= r.lease_ms)
    from.refuse("replication.drift",
                "drift " + print_duration(r.drift_ms) + " is not less than a quarter of lease " +
                    print_duration(r.lease_ms),
                "the leader would hardly ever serve: write less than " +
                    print_duration((r.lease_ms + 3) / 4) + ", or a longer lease");
}

void check_exposure(const cluster& c, source& from) {
  if (!from.sound("tls") || !from.sound("tls.enabled"))
    return;
  if (c.tls.enabled) {
    for (const auto& [name, value] :
         {std::pair{"certificate", &c.tls.certificate}, std::pair{"authority", &c.tls.authority}})
      if (const auto path = std::string{"tls."} + name; value->empty() && from.sound(path))
        from.refuse(path, "TLS is on and 'tls' has no " + in_quotes(name),
                    "name the PEM file, for example '" + std::string{name} + ": tls/" +
                        (name[0] == 'c' ? "node" : "ca") + ".pem'");
    return;
  }
  for (std::size_t i = 0; i < c.nodes.size(); ++i)
    if (const auto path = node_path(i) + ".host"; from.sound(path) && !is_loopback(c.nodes[i].host))
      from.refuse(
          path, "node " + in_quotes(c.nodes[i].name) + " would listen on " + c.nodes[i].host + " without TLS",
          "anyone who reaches a plain port can read, write and stop the node: turn on 'tls', or use "
          "127.0.0.1");
}

// Who may use the API is said, not left to a default that nobody has read.
void check_api(const cluster& c, source& from) {
  if (!from.sound("api") || !from.sound("api.auth") || !from.sound("api.credentials"))
    return;
  std::size_t at = 0;
  const auto serves = std::find_if(c.nodes.begin(), c.nodes.end(), [&](const node& n) {
    const auto path = node_path(at++) + ".http";
    return n.http_port != 0 && from.sound(path);
  });
  if (c.api.auth == api_auth::none && !c.api.credentials.empty())
    from.refuse("api.credentials", "there are credentials, and 'auth' is none, so nobody would look at them",
                "remove one of the two");
  else if (c.api.auth == api_auth::signatures && c.api.credentials.empty() && serves != c.nodes.end())
    from.refuse(
        "api", "node " + in_quotes(serves->name) + " serves the DynamoDB API, and 'api' has no 'credentials'",
        "name a file of access keys, for example 'credentials: keys.ini'; or say 'auth: none', and everybody "
        "who reaches the port may do everything");
}

} // namespace

void choose_metadata_nodes(cluster& c) {
  if (std::any_of(c.nodes.begin(), c.nodes.end(), [](const node& n) { return n.roles.metadata; }))
    return;
  for (std::size_t z = 0; z < std::min<std::size_t>(3, c.zones.size()); ++z) {
    auto first =
        std::find_if(c.nodes.begin(), c.nodes.end(), [&](const node& n) { return n.zone == c.zones[z]; });
    if (first != c.nodes.end())
      first->roles.metadata = true;
  }
}

void check_rules(const cluster& c, source& from) {
  check_zones(c, from);
  check_node_names(c, from);
  check_node_zones(c, from);
  check_metadata(c, from);
  check_ports(c, from);
  check_data(c, from);
  check_archive(c, from);
  check_times(c, from);
  check_exposure(c, from);
  check_api(c, from);
}

} // namespace troupe::config
