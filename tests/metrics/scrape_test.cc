// What real nodes tell Prometheus: each page passes promtool, names only what docs/metrics.md names, and says
// what is true of the cluster; a real Prometheus scrapes all of it and can be asked.
#include "actors/client/values.h"
#include "tests/cluster/harness.h"
#include "tests/metrics/web.h"
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>
#include <simdjson.h>
#include <sstream>

namespace troupe::metrics_test {
namespace {

using cluster_test::eventually;

constexpr int writes = 25;
constexpr int reads = 10;
constexpr unsigned partitions = 4;

class Metrics : public ::testing::Test {
protected:
  void SetUp() override {
    nodes = std::make_unique<cluster_test::cluster>(3);
    nodes->start_all();
    nodes->wait_ready();
    nodes->create_table("music", partitions);
    auto session = nodes->connect();
    for (int i = 0; i < writes; ++i) {
      client::put_item put;
      put.table = "music";
      put.item = client::make_item({{"id", client::s("k" + std::to_string(i))}});
      auto done = session->call(put);
      ASSERT_TRUE(done.ok()) << done.status.message();
    }
    for (int i = 0; i < reads; ++i) {
      client::get_item get;
      get.table = "music";
      get.key = client::make_item({{"id", client::s("k" + std::to_string(i))}});
      auto found = session->call(get);
      ASSERT_TRUE(found.ok() && found.item) << found.status.message();
    }
    client::get_item nowhere;
    nowhere.table = "nowhere";
    nowhere.key = client::make_item({{"id", client::s("k")}});
    ASSERT_EQ(session->call(nowhere).status.code(), msg::TABLE_NOT_FOUND);
  }

  std::unique_ptr<cluster_test::cluster> nodes;
};

// Families by the names in "# TYPE name type" lines.
std::set<std::string> families_in(const std::string& text) {
  std::set<std::string> result;
  std::istringstream lines(text);
  std::string line, hash, word, name;
  while (std::getline(lines, line))
    if (std::istringstream words(line); words >> hash >> word >> name && hash == "#" && word == "TYPE")
      result.insert(name);
  return result;
}

// Those named in the rows of docs/metrics.md.
std::set<std::string> families_documented() {
  std::ifstream page(TROUPE_SOURCE_DIR "/docs/metrics.md");
  std::set<std::string> result;
  std::string line;
  std::smatch found;
  while (std::getline(page, line))
    if (std::regex_search(line, found, std::regex("^\\| `(\\w+)` \\|")))
      result.insert(found[1]);
  return result;
}

// The sum of the series whose names and labels match; -1 when there is none.
double sum_of(const std::string& text, const std::string& pattern) {
  std::regex wanted("^" + pattern);
  std::istringstream lines(text);
  std::string line;
  double sum = 0;
  bool any = false;
  while (std::getline(lines, line)) {
    if (!std::regex_search(line, wanted))
      continue;
    any = true;
    sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return any ? sum : -1;
}

TEST_F(Metrics, EveryNodesPageIsCleanDocumentedAndTrue) {
  auto documented = families_documented();
  ASSERT_GT(documented.size(), 50u);
  std::string all;
  for (auto& node : nodes->settings().nodes) {
    auto got = fetch(node.metrics_port, "/metrics");
    ASSERT_EQ(got.status, 200) << node.name;
    auto lint = run({"promtool", "check", "metrics"}, got.body, milliseconds(20'000));
    EXPECT_TRUE(lint.status == 0 && lint.output.empty()) << node.name << ": " << lint.output;
    for (auto& family : families_in(got.body))
      EXPECT_TRUE(family.rfind("exposer_", 0) == 0 || documented.count(family) > 0)
          << family << " of " << node.name << " is not in docs/metrics.md";
    EXPECT_EQ(sum_of(got.body, "troupe_replicas\\{"), partitions + 1) << node.name;
    EXPECT_EQ(sum_of(got.body, "troupe_replicas_expected\\{"), partitions + 1) << node.name;
    EXPECT_EQ(sum_of(got.body, "troupe_disk_refuses_writes\\{"), 0) << node.name;
    EXPECT_GT(sum_of(got.body, "troupe_log_sync_seconds_count\\{"), 0) << node.name;
    EXPECT_GT(sum_of(got.body, "process_resident_memory_bytes"), 1e6) << node.name;
    all += got.body;
  }
  // At least: a request that waits long is asked of a second router as well.
  EXPECT_GE(sum_of(all, R"(troupe_requests_total\{.*operation="put",outcome="ok",table="music"\})"), writes);
  EXPECT_GE(sum_of(all, R"(troupe_requests_total\{.*operation="get",outcome="ok",table="music"\})"), reads);
  EXPECT_GE(sum_of(all, R"(troupe_requests_total\{.*operation="get",outcome="table_not_found")"), 1);
  EXPECT_GE(sum_of(all, R"(troupe_request_seconds_count\{.*operation="put")"), writes);
  EXPECT_GE(sum_of(all, R"(troupe_replica_writes_total\{)"), writes);
  // Somebody may just be taking over, so these may take a moment to be true.
  EXPECT_TRUE(eventually(milliseconds(20'000), [&] {
    std::string now;
    for (auto& node : nodes->settings().nodes)
      now += fetch(node.metrics_port, "/metrics").body;
    return sum_of(now, "troupe_leaders\\{") == partitions + 1 && sum_of(now, "troupe_admin_leads\\{") == 1;
  }));
}

// The value of an instant query that gives one series; NaN while there is none.
double ask(std::uint16_t prometheus, const std::string& query) {
  auto answer = fetch(prometheus, "/api/v1/query?query=" + percent_encoded(query));
  if (answer.status != 200)
    return std::nan("");
  simdjson::dom::parser parser;
  std::string_view value;
  if (parser.parse(answer.body).at_pointer("/data/result/0/value/1").get(value) != simdjson::SUCCESS)
    return std::nan("");
  return std::stod(std::string(value));
}

TEST_F(Metrics, ARealPrometheusScrapesTheCluster) {
  auto directory = nodes->directory() + "/prometheus";
  auto file = nodes->directory() + "/prometheus.yaml";
  {
    std::ofstream config(file);
    config << "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n  - job_name: troupe\n"
           << "    static_configs:\n      - targets: [";
    for (auto& node : nodes->settings().nodes)
      config << "'127.0.0.1:" << node.metrics_port << "', ";
    config << "]\n";
  }
  auto port = free_port();
  server prometheus({"prometheus", "--config.file=" + file, "--storage.tsdb.path=" + directory,
                     "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=warn"},
                    nodes->directory() + "/prometheus.log");

  EXPECT_TRUE(eventually(milliseconds(60'000),
                         [&] { return !prometheus.running() || ask(port, "sum(up{job=\"troupe\"})") == 3; }));
  ASSERT_TRUE(prometheus.running()) << prometheus.output();
  EXPECT_EQ(ask(port, "sum(up{job=\"troupe\"})"), 3) << prometheus.output();
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] {
    return ask(port, "sum(troupe_requests_total{operation=\"put\",table=\"music\",outcome=\"ok\"})") ==
           writes;
  })) << ask(port, "sum(troupe_requests_total)");
  // Histograms arrive whole: quantiles can be asked for.
  auto slow = ask(port, "histogram_quantile(0.5, sum by (le) (troupe_log_sync_seconds_bucket))");
  EXPECT_TRUE(slow > 0 && slow < 10) << slow;

  // A node that dies is seen to be down.
  nodes->kill("n3");
  EXPECT_TRUE(eventually(milliseconds(30'000), [&] { return ask(port, "sum(up{job=\"troupe\"})") == 2; }));
}

} // namespace
} // namespace troupe::metrics_test
