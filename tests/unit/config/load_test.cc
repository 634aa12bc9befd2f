// What a good file means.
#include "config/load.h"
#include "config/write.h"
#include "tests/unit/config/sample.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace troupe::config;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string shipped(const std::string& name) {
  return std::string{TROUPE_SOURCE_DIR} + "/config/" + name;
}

std::string complaints(const loaded& l) {
  std::string out;
  for (const auto& p : l.problems)
    out += to_text(p) + "\n";
  return out;
}

} // namespace

TEST(load, a_file_with_only_what_is_required_gets_every_default) {
  const auto got = load_text(sample::good, "/etc/troupe/sample.yaml");
  ASSERT_TRUE(got.settings) << complaints(got);
  const auto& c = *got.settings;
  EXPECT_EQ(c.name, "sample");
  EXPECT_EQ(c.file, "/etc/troupe/sample.yaml");
  EXPECT_THAT(c.zones, ElementsAre("a", "b", "c"));
  ASSERT_EQ(c.nodes.size(), 3u);
  EXPECT_EQ(c.nodes[1].name, "n2");
  EXPECT_EQ(c.nodes[1].zone, "b");
  EXPECT_EQ(c.nodes[1].host, "127.0.0.1");
  EXPECT_EQ(c.nodes[1].port, 7102);
  EXPECT_EQ(c.nodes[1].metrics_port, 0);
  EXPECT_EQ(c.nodes[1].http_port, 0);
  EXPECT_EQ(c.nodes[1].data, "/d/n2");
  EXPECT_TRUE(c.nodes[1].roles.storage);
  EXPECT_TRUE(c.nodes[1].roles.router);
  EXPECT_EQ(c.replication.lease_ms, cluster{}.replication.lease_ms);
  EXPECT_FALSE(c.tls.enabled);
}

TEST(load, every_key_reaches_its_setting) {
  const auto got = load_text(R"(
cluster: all-keys
zones: [a, b, c]
nodes:
  - name: n1
    zone: a
    host: 127.0.0.9
    port: 65535
    metrics: 1
    http: 0
    data: "d/with space"
    roles: [metadata, storage]
  - {name: n2, zone: b, host: localhost, port: 2, data: e, roles: [metadata, router, storage]}
  - {name: n3, zone: c, host: "::1", port: 3, data: f, roles: [storage, metadata]}
  - {name: n4, zone: c, port: 4, data: g, roles: [router]}
replication: {lease: 4s, heartbeat: 1s, election_jitter: 2s, drift: 0ms, strict_reads: true}
storage: {log_retention: 1GiB, free_space_min: 2MiB, item_workers: 7}
requests: {deadline: 30s, router_inflight: 10, replica_inflight: 20, threads: 3}
api: {auth: signatures, credentials: keys.ini, threads: 2, connections: 30, in_flight: 40}
tls: {enabled: true, certificate: tls/node.pem, authority: /tls/ca.pem}
)",
                             "/etc/troupe/all.yaml");
  ASSERT_TRUE(got.settings) << complaints(got);
  const auto& c = *got.settings;
  EXPECT_EQ(c.nodes[0].host, "127.0.0.9");
  EXPECT_EQ(c.nodes[0].port, 65535);
  EXPECT_EQ(c.nodes[0].metrics_port, 1);
  EXPECT_EQ(c.nodes[0].data, "/etc/troupe/d/with space");
  EXPECT_TRUE(c.nodes[0].roles.storage && !c.nodes[0].roles.router && c.nodes[0].roles.metadata);
  EXPECT_TRUE(!c.nodes[3].roles.storage && c.nodes[3].roles.router && !c.nodes[3].roles.metadata);
  EXPECT_EQ(c.api.auth, api_auth::signatures);
  EXPECT_EQ(c.api.credentials, "/etc/troupe/keys.ini");
  EXPECT_EQ(c.api.threads, 2);
  EXPECT_EQ(c.api.connections, 30);
  EXPECT_EQ(c.api.in_flight, 40);
  EXPECT_EQ(c.replication.lease_ms, 4'000);
  EXPECT_EQ(c.replication.heartbeat_ms, 1'000);
  EXPECT_EQ(c.replication.election_jitter_ms, 2'000);
  EXPECT_EQ(c.replication.drift_ms, 0);
  EXPECT_TRUE(c.replication.strict_reads);
  EXPECT_EQ(c.storage.log_retention_bytes, 1 << 30);
  EXPECT_EQ(c.storage.free_bytes_min, 2 << 20);
  EXPECT_EQ(c.storage.item_workers, 7);
  EXPECT_EQ(c.requests.deadline_ms, 30'000);
  EXPECT_EQ(c.requests.router_inflight, 10);
  EXPECT_EQ(c.requests.replica_inflight, 20);
  EXPECT_EQ(c.requests.threads, 3);
  EXPECT_TRUE(c.tls.enabled);
  EXPECT_EQ(c.tls.certificate, "/etc/troupe/tls/node.pem");
  EXPECT_EQ(c.tls.authority, "/tls/ca.pem");
}

TEST(load, sections_whose_keys_are_all_commented_out_are_defaults) {
  const auto got = load_text(sample::good + "replication:\n  # lease: 3s\ntls:\n", "s");
  EXPECT_TRUE(got.settings) << complaints(got);
}

TEST(load, without_metadata_roles_the_first_node_of_each_of_the_first_three_zones_has_it) {
  const auto got = load_text(R"(
cluster: five
zones: [c, a, b, d]
nodes:
  - {name: d1, zone: d, port: 1, data: /d/1}
  - {name: a1, zone: a, port: 2, data: /d/2}
  - {name: a2, zone: a, port: 3, data: /d/3}
  - {name: b1, zone: b, port: 4, data: /d/4}
  - {name: c1, zone: c, port: 5, data: /d/5}
)",
                             "s");
  ASSERT_TRUE(got.settings) << complaints(got);
  std::vector<std::string> chosen;
  for (const auto& n : got.settings->nodes)
    if (n.roles.metadata)
      chosen.push_back(n.name);
  EXPECT_THAT(chosen, ElementsAre("a1", "b1", "c1"));
}

TEST(load, the_shipped_files_are_right) {
  for (const auto& [name, nodes] : {std::pair{"three-zones.yaml", 3u}, std::pair{"nine-nodes.yaml", 9u}}) {
    const auto got = load(shipped(name), {.local_nodes = true});
    ASSERT_TRUE(got.settings) << complaints(got);
    EXPECT_EQ(got.settings->nodes.size(), nodes);
    EXPECT_EQ(got.settings->zones.size(), 3u);
    EXPECT_EQ(local_nodes(*got.settings).size(), nodes);
    // Data lies beside the sources, in the folder that version control ignores.
    EXPECT_EQ(got.settings->nodes[0].data.rfind(std::string{TROUPE_SOURCE_DIR} + "/data/", 0), 0u)
        << got.settings->nodes[0].data;
  }
}

TEST(load, what_is_written_reads_back_the_same) {
  auto c = *load(shipped("nine-nodes.yaml")).settings;
  c.name = "null";
  c.nodes[0].data = "/data/\"quoted\"\\ with: # marks\tand \xc3\xa9";
  c.nodes[1].roles.router = false;
  c.nodes[1].http_port = 0;
  c.nodes[2].host = "::1";
  c.replication.lease_ms = 90'000 / 2 + 1;
  c.storage.log_retention_bytes = (1 << 20) + 1;
  c.tls = {true, "/tls/node.pem", "/tls/ca.pem"};
  const auto written = to_yaml(c);
  const auto again = load_text(written, "/elsewhere/c.yaml");
  ASSERT_TRUE(again.settings) << complaints(again) << written;
  EXPECT_EQ(to_yaml(*again.settings), written);
  EXPECT_EQ(again.settings->name, "null");
  EXPECT_EQ(again.settings->nodes[0].data, c.nodes[0].data);
  EXPECT_EQ(again.settings->nodes[2].host, "::1");
  EXPECT_EQ(again.settings->replication.lease_ms, c.replication.lease_ms);
}

TEST(load, the_development_cluster_keeps_every_rule) {
  const auto c = dev_cluster("/tmp/troupe-dev");
  const auto again = load_text(to_yaml(c), "/elsewhere/dev.yaml");
  ASSERT_TRUE(again.settings) << complaints(again);
  EXPECT_EQ(to_yaml(*again.settings), to_yaml(c));
  EXPECT_EQ(c.nodes.size(), 3u);
  EXPECT_EQ(c.nodes[2].data, "/tmp/troupe-dev/n3");
  EXPECT_EQ(c.nodes[0].http_port, 8000) << "where DynamoDB Local is looked for";
  EXPECT_EQ(c.api.auth, api_auth::none);
  // Commands find it at the same port as the shipped cluster.
  EXPECT_EQ(c.nodes[0].port, load(shipped("three-zones.yaml")).settings->nodes[0].port);
}

TEST(load, loopback_is_what_cannot_be_reached_from_elsewhere) {
  for (const auto* host : {"localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host :
       {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "example.org", "127.0.0.1.example.org", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}
