// What is refused, where it is pointed at, and what is advised. Whole messages are compared: they are the
// interface.
#include "config/limits.h"
#include "tests/unit/config/sample.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace troupe::config;
using sample::good;
using sample::problems;
using sample::with;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(refusal, the_sample_itself_is_right) {
  EXPECT_THAT(problems(good), IsEmpty());
}

TEST(refusal, an_unknown_key_comes_with_the_key_that_was_meant) {
  EXPECT_THAT(problems(with("port: 7101", "port: 7101, prot: 7109")),
              ElementsAre(":4:37: unknown key 'prot' in node 'n1'; did you mean 'port'?"));
  EXPECT_THAT(problems(good + "replication: {heart: 1s}\n"),
              ElementsAre(":7:15: unknown key 'heart' in 'replication'; did you mean 'heartbeat'?"));
  EXPECT_THAT(
      problems(good + "storage:\n  log_retention_bytes: 64MiB\n"),
      ElementsAre(":8:3: unknown key 'log_retention_bytes' in 'storage'; did you mean 'log_retention'?"));
  EXPECT_THAT(
      problems(good + "colour: red\n"),
      ElementsAre(":7:1: unknown key 'colour' in the cluster file; the keys here are cluster, zones, nodes, "
                  "replication, storage, healing, archive, scrub, requests, api and tls"));
  EXPECT_THAT(problems(good + "? [a, b]\n: 1\n"),
              ElementsAre(":7:3: a list stands where a key of the cluster file belongs"));
}

TEST(refusal, a_key_that_appears_twice_is_not_resolved_by_luck) {
  EXPECT_THAT(problems(with("port: 7101", "port: 7101, port: 7109")),
              ElementsAre(":4:37: key 'port' appears twice in node 'n1'; keep one of them"));
  EXPECT_THAT(problems(good + "cluster: other\n"),
              ElementsAre(":7:1: key 'cluster' appears twice in the cluster file; keep one of them"));
}

TEST(refusal, a_missing_key_comes_with_an_example) {
  EXPECT_THAT(problems(with("port: 7101, ", "")),
              ElementsAre(":4:5: node 'n1' has no 'port'; add it, for example 'port: 7101'"));
  EXPECT_THAT(problems(with("name: n1, ", "")),
              ElementsAre(":4:5: node 1 of the list has no 'name'; add it, for example 'name: n1'"));
  EXPECT_THAT(
      problems(with("cluster: sample\n", "")),
      ElementsAre(":1:1: the cluster file has no 'cluster'; add it; config/three-zones.yaml shows how"));
  EXPECT_THAT(
      problems("cluster: x\n"),
      ElementsAre(":1:1: the cluster file has no 'zones'; add it; config/three-zones.yaml shows how",
                  ":1:1: the cluster file has no 'nodes'; add it; config/three-zones.yaml shows how"));
}

TEST(refusal, a_value_of_the_wrong_type) {
  const std::pair<std::string, std::string> cases[] = {
      {with("port: 7101", "port: [7101]"),
       ":4:31: port in node 'n1': a list stands where one port belongs; write the value without brackets"},
      {with("port: 7101", "port: {a: 1}"),
       ":4:31: a mapping stands where the value of 'port' belongs; write a single value"},
      {with("port: 7101", "port: '7101'"),
       ":4:31: port in node 'n1': text in quotes stands where a port belongs; remove the quotes"},
      {with("port: 7101", "port: many"),
       ":4:31: port in node 'n1': 'many' is not a whole number; write digits only"},
      {with("port: 7101", "port: 07101"),
       ":4:31: port in node 'n1': '07101' is not a whole number; write digits only"},
      {with("port: 7101", "port: ~"), ":4:25: 'port' has no value; write one, or remove the key"},
      {with("name: n1", "name: n 1"), ":4:12: name in node 'n 1': 'n 1' is not a name; use up to 63 letters, "
                                      "digits, '-', '_' and '.', beginning with a letter or digit"},
      {with("name: n1", "name: n1, host: 'http://x'"), ":4:22: host in node 'n1': 'http://x' is not a host; "
                                                       "write an IP address or a host name, without a port"},
      {with("data: /d/n1", "data: ''"), ":4:43: data in node 'n1': '' is not a path; write a path; if "
                                        "relative, it starts at the file's folder"},
      {with("cluster: sample", "cluster: [x]"),
       ":1:10: a list stands where the cluster's name belongs; use up to 63 letters, digits, '-', '_' and "
       "'.', beginning with a letter or digit"},
      {with("[a, b, c]", "a"),
       ":2:8: a single value stands where the list of zones belongs; write [zone-a, zone-b, zone-c]"},
      {with("[a, b, c]", "[a, b, c, [d]]"),
       ":2:18: a list stands where a zone's name belongs; use up to 63 letters, digits, '-', '_' and '.', "
       "beginning with a letter or digit"},
      {good + "replication: fast\n", ":7:14: a single value stands where the keys of 'replication' belong; "
                                     "write each key on a line of its own, indented"},
      {good + "replication: {strict_reads: yes}\n",
       ":7:29: strict_reads in 'replication': 'yes' is neither true nor false; write true or false"},
      {good + "replication: {lease: 1500}\n",
       ":7:22: lease in 'replication': '1500' has no unit; write 1500ms"},
      {good + "storage: {log_retention: 64MB}\n",
       ":7:26: log_retention in 'storage': '64MB' is not a size; write 64MiB"},
      {with("data: /d/n1", "data: /d/n1, roles: storage"),
       ":4:57: roles in node 'n1': roles are a list; write [storage], [router], [storage, router, metadata], "
       "..."},
      {with("data: /d/n1", "data: /d/n1, roles: []"),
       ":4:57: roles in node 'n1': the list of roles is empty; a node without a role does nothing: name one "
       "or remove the node"},
      {with("data: /d/n1", "data: /d/n1, roles: [stroage]"),
       ":4:57: roles in node 'n1': unknown role 'stroage'; did you mean 'storage'?"},
      {with("data: /d/n1", "data: /d/n1, roles: [cook]"),
       ":4:57: roles in node 'n1': unknown role 'cook'; the roles are storage, router and metadata"},
      {with("data: /d/n1", "data: /d/n1, roles: [router, router]"),
       ":4:57: roles in node 'n1': role 'router' is named twice; remove one"},
      {with("data: /d/n1", "data: /d/n1, roles: [[storage]]"),
       ":4:57: a list stands in the list 'roles'; list single values"},
      {with("  - {name: n3, zone: c, port: 7103, data: /d/n3}", "  - n3"),
       ":6:5: a single value stands where a node belongs; begin each node with '- name: ...'"},
  };
  for (const auto& [text, message] : cases)
    EXPECT_THAT(problems(text), ElementsAre(message)) << text;
}

TEST(refusal, a_number_out_of_range) {
  EXPECT_THAT(problems(with("7101", "0")),
              ElementsAre(":4:31: port in node 'n1': 0 is out of range; write 1 to 65535"));
  EXPECT_THAT(problems(with("7101", "65536")),
              ElementsAre(":4:31: port in node 'n1': 65536 is out of range; write 1 to 65535"));
  EXPECT_THAT(problems(good + "replication: {lease: 10ms}\n"),
              ElementsAre(":7:22: lease in 'replication': 10ms is out of range; write 50ms to 1min"));
  EXPECT_THAT(problems(good + "requests: {deadline: 31s}\n"),
              ElementsAre(":7:22: deadline in 'requests': 31s is out of range; write 10ms to 30s"));
  EXPECT_THAT(problems(good + "storage: {item_workers: 0}\n"),
              ElementsAre(":7:25: item_workers in 'storage': 0 is out of range; write 1 to 64"));
}

TEST(refusal, zones) {
  EXPECT_THAT(problems(with("[a, b, c]", "[a, b, c, b]")),
              ElementsAre(":2:18: zone 'b' is listed twice; remove one"));
  EXPECT_THAT(
      problems(with("[a, b, c]", "[a, b, c, d]")),
      ElementsAre(":2:18: no node in zone 'd' has the role storage; add a node there, or remove the zone"));
  EXPECT_THAT(
      problems(with("zone: c", "zone: x")),
      ElementsAre(
          ":6:22: node 'n3' stands in unknown zone 'x'; add it to 'zones', or name one that is there"));
  EXPECT_THAT(problems(sample::with("[a, b, c]", "[a, b, frankfurt]", with("zone: c", "zone: frankfrut"))),
              ElementsAre(":6:22: node 'n3' stands in unknown zone 'frankfrut'; did you mean 'frankfurt'?"));
  EXPECT_THAT(
      problems("cluster: s\nzones: [a, b]\nnodes:\n"
               "  - {name: n1, zone: a, port: 1, data: /d/n1}\n"
               "  - {name: n2, zone: b, port: 2, data: /d/n2}\n"),
      ElementsAre(
          ":2:8: 2 zones are too few; name three or more: each partition has its replicas in three, and "
          "survives the loss of any one"));
  EXPECT_THAT(problems("cluster: s\nzones: []\nnodes: []\n"),
              testing::Contains(HasSubstr("0 zones are too few")));
}

TEST(refusal, a_zone_whose_only_node_stores_nothing) {
  EXPECT_THAT(
      problems(with("data: /d/n3", "data: /d/n3, roles: [router]")),
      ElementsAre(":2:15: no node in zone 'c' has the role storage; add a node there, or remove the zone"));
}

TEST(refusal, nobody_to_talk_to) {
  auto text = good;
  for (const auto* n : {"n1", "n2", "n3"})
    text = with(std::string{"data: /d/"} + n, std::string{"data: /d/"} + n + ", roles: [storage]", text);
  EXPECT_THAT(
      problems(text),
      ElementsAre(
          ":4:3: no node has the role router; clients talk to routers: give the role to one node or more"));
}

TEST(refusal, metadata_roles) {
  const std::string advice =
      "; exactly three nodes in three zones have it; or name it nowhere, and the first node of "
      "each of the first three zones has it";
  const std::string role = ", roles: [storage, router, metadata]";
  auto text = with("data: /d/n1", "data: /d/n1" + role);
  EXPECT_THAT(problems(text), ElementsAre(":4:3: only n1 has the role metadata" + advice));
  text = with("data: /d/n2", "data: /d/n2" + role, text);
  EXPECT_THAT(problems(text), ElementsAre(":4:3: only n1 and n2 have the role metadata" + advice));
  auto fourth = with("data: /d/n3", "data: /d/n3" + role, text) +
                "  - {name: n4, zone: c, port: 7104, data: /d/n4" + role + "}\n";
  EXPECT_THAT(problems(fourth), ElementsAre(":7:57: node 'n4' is one metadata node too many" + advice));
  auto shared = text + "  - {name: n4, zone: b, port: 7104, data: /d/n4" + role + "}\n";
  EXPECT_THAT(problems(shared), ElementsAre(":7:57: metadata nodes 'n2' and 'n4' share zone 'b'" + advice));
}

TEST(refusal, names_and_ports_that_are_taken) {
  EXPECT_THAT(
      problems(with("name: n3", "name: n1")),
      ElementsAre(":6:12: node name 'n1' is taken by an earlier node; give each node a name of its own"));
  EXPECT_THAT(problems(with("port: 7103", "port: 7101")),
              ElementsAre(":6:31: port 7101 of node 'n3' is already 'port' of node 'n1' on 127.0.0.1; give "
                          "each a port of its own"));
  EXPECT_THAT(problems(with("port: 7103", "port: 7103, host: LOCALHOST, metrics: 7103, http: 7102")),
              ElementsAre(":6:63: metrics 7103 of node 'n3' is already 'port' of node 'n3' on LOCALHOST; "
                          "give each a port of its own",
                          ":6:75: http 7102 of node 'n3' is already 'port' of node 'n2' on LOCALHOST; give "
                          "each a port of its own"));
  // The same number on another address is another port.
  EXPECT_THAT(problems(with("port: 7103", "port: 7101, host: 127.0.0.2")), IsEmpty());
}

TEST(refusal, a_text_that_yaml_cpp_would_read_for_ever) {
  EXPECT_FALSE(problems(",,,cluster: dev\n").empty());
}

TEST(refusal, an_api_that_does_not_say_who_may_use_it) {
  const auto served = with("data: /d/n1", "data: /d/n1, http: 8001");
  EXPECT_THAT(
      problems(served),
      ElementsAre(
          ":1:1: node 'n1' serves the DynamoDB API, and 'api' has no 'credentials'; name a file of access "
          "keys, for example 'credentials: keys.ini'; or say 'auth: none', and everybody who reaches "
          "the port may do everything"));
  EXPECT_THAT(problems(served + "api: {auth: none}\n"), ElementsAre());
  EXPECT_THAT(problems(served + "api: {credentials: keys.ini}\n"), ElementsAre());
  EXPECT_THAT(
      problems(good + "api: {auth: none, credentials: k}\n"),
      ElementsAre(
          ":7:32: there are credentials, and 'auth' is none, so nobody would look at them; remove one of "
          "the two"));
  EXPECT_THAT(
      problems(good + "api: {auth: basic}\n"),
      ElementsAre(":7:13: auth in 'api': 'basic' is neither signatures nor none; write signatures or none"));
}

TEST(refusal, an_http_port_on_a_node_that_routes_nothing) {
  EXPECT_THAT(
      problems(with("data: /d/n3", "data: /d/n3, http: 8003, roles: [storage]")),
      ElementsAre(
          ":6:56: node 'n3' has an http port but is no router; routers serve the DynamoDB API: add the "
          "role router, or remove the port"));
}

TEST(refusal, directories_that_are_shared_or_lie_inside_one_another) {
  EXPECT_THAT(
      problems(with("/d/n3", "/d/x/../n1/")),
      ElementsAre(
          ":6:43: nodes 'n1' and 'n3' share the directory /d/n1; give each node a directory of its own"));
  EXPECT_THAT(
      problems(with("/d/n3", "/d/n1/inner")),
      ElementsAre(":6:43: the directories of nodes 'n1' and 'n3' lie one inside the other; give each node a "
                  "directory of its own, beside the others"));
  EXPECT_THAT(problems(with("/d/n3", "/d/n11")), IsEmpty());
}

TEST(refusal, times_that_contradict_each_other) {
  EXPECT_THAT(
      problems(good + "replication: {lease: 1s, heartbeat: 400ms}\n"),
      ElementsAre(
          ":7:37: heartbeat 400ms is more than a third of lease 1s; two lost heartbeats must not cost the "
          "lease: write at most 333ms, or a longer lease"));
  EXPECT_THAT(
      problems(good + "replication: {lease: 1s, drift: 250ms}\n"),
      ElementsAre(
          ":7:33: drift 250ms is not less than a quarter of lease 1s; the leader would hardly ever serve: "
          "write less than 250ms, or a longer lease"));
  EXPECT_THAT(problems(good + "replication: {lease: 900ms, heartbeat: 300ms, drift: 224ms}\n"), IsEmpty());
  // A lease of 500ms contradicts the default heartbeat of 300ms: the section is pointed at.
  EXPECT_THAT(problems(good + "replication: {lease: 500ms}\n"),
              ElementsAre(StartsWith(":7:14: heartbeat 300ms is more than")));
}

TEST(refusal, an_archive_that_makes_no_sense) {
  EXPECT_THAT(problems(good + "archive: {directory: /a, bucket: b}\n"),
              ElementsAre(":7:34: the archive has a directory and a bucket; keep one of the two"));
  EXPECT_THAT(problems(good + "archive: {directory: /a, endpoint: 'http://s3'}\n"),
              ElementsAre(StartsWith(":7:36: the archive has 'endpoint' and no bucket")));
  EXPECT_THAT(problems(good + "archive: {bucket: b, endpoint: s3.example.org}\n"),
              ElementsAre(StartsWith(
                  ":7:32: endpoint in 'archive': 's3.example.org' is not the address of a service")));
  EXPECT_THAT(problems(good + "archive: {bucket: b, endpoint: 'http://s3/x'}\n"),
              ElementsAre(StartsWith(":7:32: endpoint in 'archive': 'http://s3/x' is not")));
  EXPECT_THAT(problems(good + "archive: {directory: /d/n2/archive}\n"),
              ElementsAre(StartsWith(":7:22: the archive's directory lies in that of node 'n2'")));
  EXPECT_THAT(problems(good + "archive: {directory: /d/n22}\n"), IsEmpty());
  EXPECT_THAT(problems(good + "archive: {directory: /a, segment_bytes: 1MiB, alarm_bytes: 1MiB}\n"),
              ElementsAre(StartsWith(":7:60: alarm_bytes 1MiB is less than two segments of 1MiB")));
  EXPECT_THAT(problems(good + "archive: {directory: /a, refuse_bytes: 256MiB}\n"),
              ElementsAre(StartsWith(":7:40: refuse_bytes 256MiB is not more than alarm_bytes 256MiB")));
  EXPECT_THAT(problems(good + "archive:\n"), IsEmpty());
}

TEST(refusal, an_open_port_without_tls) {
  const std::string advice =
      "; anyone who reaches a plain port can read, write and stop the node: turn on 'tls', or use 127.0.0.1";
  EXPECT_THAT(problems(with("name: n2", "name: n2, host: 10.0.0.2")),
              ElementsAre(":5:22: node 'n2' would listen on 10.0.0.2 without TLS" + advice));
  EXPECT_THAT(problems(with("name: n2", "name: n2, host: 0.0.0.0")),
              ElementsAre(":5:22: node 'n2' would listen on 0.0.0.0 without TLS" + advice));
  EXPECT_THAT(problems(with("name: n2", "name: n2, host: db2.example.org") +
                       "tls: {enabled: true, certificate: c, authority: a}\n"),
              IsEmpty());
  EXPECT_THAT(problems(good + "tls: {enabled: true, authority: a}\n"),
              ElementsAre(":7:6: TLS is on and 'tls' has no 'certificate'; name the PEM file, for example "
                          "'certificate: tls/node.pem'"));
}

TEST(refusal, everything_that_is_wrong_is_said_in_one_pass_in_the_order_of_the_file) {
  const auto got = problems("cluster: s\n"
                            "zones: [a, b, c]\n"
                            "nodes:\n"
                            "  - name: n1\n"
                            "    zone: a\n"
                            "    prot: 7101\n"
                            "    data: /d/n1\n"
                            "  - {name: n1, zone: b, port: 70000, data: /d/n2}\n"
                            "  - {name: n3, zone: d, port: 7103, data: /d/n1}\n"
                            "replication:\n"
                            "  lease: soon\n"
                            "  heartbeat: 10s\n"
                            "tls: {enabled: maybe}\n");
  EXPECT_THAT(got,
              ElementsAre(StartsWith(":4:5: node 'n1' has no 'port'"), StartsWith(":6:5: unknown key 'prot'"),
                          StartsWith(":8:12: node name 'n1' is taken"),
                          StartsWith(":8:31: port in node 'n1': 70000"),
                          StartsWith(":9:22: node 'n3' stands in unknown zone 'd'"),
                          StartsWith(":9:43: nodes 'n1' and 'n3' share"),
                          StartsWith(":11:10: lease in 'replication': 'soon'"),
                          StartsWith(":13:16: enabled in 'tls': 'maybe'")));
}

TEST(refusal, text_that_is_not_a_cluster_file) {
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr(": the file is empty; copy config/three-zones.yaml")));
  EXPECT_THAT(problems("# nothing\n"), ElementsAre(HasSubstr(": the file is empty")));
  EXPECT_THAT(problems("- a\n- b\n"),
              ElementsAre(StartsWith(":1:1: a list stands where the cluster's keys belong")));
  EXPECT_THAT(problems("cluster: [a\n"),
              ElementsAre(AllOf(StartsWith(":2:1: this is not YAML: "), HasSubstr("check the indentation"))));
  EXPECT_THAT(problems(good + "---\ncluster: other\n"), ElementsAre(HasSubstr("a second document begins")));
  EXPECT_THAT(problems(std::string(100'000, '[')), ElementsAre(HasSubstr("this is not YAML")));
  EXPECT_THAT(problems("cluster: *nowhere\n"), ElementsAre(HasSubstr("this is not YAML")));
  EXPECT_FALSE(problems(std::string("\0\1\2\xff", 4)).empty());
}

TEST(refusal, more_nodes_than_anyone_has_tried) {
  std::string text = "cluster: s\nzones: [a, b, c]\nnodes:\n";
  for (std::size_t i = 0; i <= troupe::limits::cluster_nodes; ++i)
    text += "  - {name: n" + std::to_string(i) + "}\n";
  EXPECT_THAT(problems(text), ElementsAre(":4:3: 513 nodes are more than 512"));
}
