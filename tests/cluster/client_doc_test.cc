// The program that docs/client.md prints is the one that is compiled here, and it does what the page says.
#include "tests/cluster/harness.h"
#include <array>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace troupe::cluster_test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// What the program printed, and its exit status.
std::pair<std::string, int> run(const std::string& command) {
  std::string printed;
  auto* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> block{};
  while (auto count = fread(block.data(), 1, block.size(), pipe))
    printed.append(block.data(), count);
  return {printed, pclose(pipe)};
}

TEST(ClientDocument, PrintsTheProgramThatIsTested) {
  auto page = read_file(std::string(TROUPE_SOURCE_DIR) + "/docs/client.md");
  auto program = read_file(std::string(TROUPE_SOURCE_DIR) + "/tests/cluster/client_example.cc");
  ASSERT_FALSE(program.empty());
  EXPECT_NE(page.find("```cpp\n" + program + "```\n"), std::string::npos)
      << "docs/client.md and tests/cluster/client_example.cc have parted ways";
}

TEST(ClientDocument, TheProgramRunsAgainstACluster) {
  cluster three;
  three.start_all();
  three.wait_ready();
  std::string routers;
  for (const auto& node : three.settings().nodes)
    routers += " 127.0.0.1:" + std::to_string(node.port);
  for (auto visits : {"10", "20"}) { // a second time: the table is there, and goes on counting
    auto [printed, status] = run(std::string(CLIENT_EXAMPLE) + routers + " 2>&1");
    EXPECT_EQ(status, 0) << printed;
    EXPECT_EQ(printed, "page 42 has 42\nvisits: " + std::string(visits) + "\n");
  }
}

// A router that was stopped for longer than links live is found again when it goes on, by the same session.
TEST(Session, FindsItsOnlyRouterAgainAfterAPause) {
  cluster three;
  three.start_all();
  three.wait_ready();
  three.create_table("lent");
  auto router = three.settings().nodes[0];
  auto db = three.connect([&](client::options& o) { o.routers = {{"127.0.0.1", router.port}}; });
  auto put = [&](const std::string& id, milliseconds timeout) {
    return db->call(client::put_item{
        .table = "lent", .item = client::make_item({{"id", client::s(id)}}), .timeout = timeout});
  };
  ASSERT_TRUE(put("before", milliseconds(10'000)).ok());
  for (int round = 0; round < 2; ++round) {
    three.pause(router.name);
    auto during = put("during", milliseconds(1'000));
    EXPECT_TRUE(during.unknown()) << during.status.ShortDebugString();
    EXPECT_TRUE(eventually(milliseconds(10'000), [&] { return db->counts().routers == 0; }));
    EXPECT_EQ(put("alone", milliseconds(300)).status.code(), msg::UNAVAILABLE);
    three.resume(router.name);
    EXPECT_TRUE(eventually(milliseconds(15'000), [&] { return put("after", milliseconds(2'000)).ok(); }));
  }
}

// The command line, as scripts use it, against real nodes.
TEST(CommandLine, WorksOnARealCluster) {
  cluster three;
  three.start_all();
  three.wait_ready();
  auto at = " --at 127.0.0.1:" + std::to_string(three.settings().nodes[0].port) + " 2>&1";
  auto troupe = [&](const std::string& words) {
    return run(std::string(TROUPE_PROGRAM_PATH) + " " + words + at);
  };
  auto code = [](int status) { return WEXITSTATUS(status); };
  EXPECT_EQ(troupe("table create music --key artist:S --key song:S --partitions 4").second, 0);
  EXPECT_EQ(troupe("table list").first, "music\n");
  auto item = R"('{"artist":{"S":"Nina"},"song":{"S":"Sinnerman"},"year":{"N":"1965.0"}}')";
  auto key = R"('{"artist":{"S":"Nina"},"song":{"S":"Sinnerman"}}')";
  EXPECT_EQ(troupe(std::string("put music ") + item + " --if-not-exists").second, 0);
  EXPECT_EQ(code(troupe(std::string("put music ") + item + " --if-not-exists").second), 5);
  auto stored = std::string(R"({"artist":{"S":"Nina"},"song":{"S":"Sinnerman"},"year":{"N":"1965"}})") + "\n";
  EXPECT_EQ(troupe(std::string("get music ") + key).first, stored);
  EXPECT_EQ(troupe("query music --key S:Nina --begins-with S:Sin").first, stored);
  EXPECT_EQ(code(troupe(std::string("put music ") + key + " --if-equals year=N:1966").second), 5);
  EXPECT_EQ(troupe(std::string("delete music ") + key + " --return-old").first, stored);
  EXPECT_EQ(code(troupe(std::string("get music ") + key).second), 6);
  EXPECT_EQ(code(troupe("get nowhere '{\"pk\":{\"S\":\"a\"}}'").second), 6);
  EXPECT_EQ(code(troupe("put music '{\"artist\":{\"N\":\"1\"},\"song\":{\"S\":\"x\"}}'").second), 7);

  EXPECT_NE(troupe("status --json").first.find("\"healthy\": "), std::string::npos);
  EXPECT_EQ(troupe("table delete music").second, 0);
  EXPECT_EQ(code(troupe("table describe music").second), 6);
}

// One router's answer is enough, and the program ends while its other links are being made.
TEST(CommandLine, EndsWhileOtherRoutersAreStillBeingReached) {
  cluster three;
  three.start_all();
  three.wait_ready();
  std::string at;
  for (const auto& node : three.settings().nodes)
    at += (at.empty() ? " --at 127.0.0.1:" : ",127.0.0.1:") + std::to_string(node.port);
  for (int i = 0; i < 60; ++i) {
    auto [printed, status] = run("timeout 20 " + std::string(TROUPE_PROGRAM_PATH) + " status" + at + " 2>&1");
    ASSERT_EQ(status, 0) << "round " << i << ": " << printed; // 124 by `timeout`: it hung
  }
}

TEST(CommandLine, APartitionIsLedByWhomTheOperatorNames) {
  cluster three;
  three.start_all();
  three.wait_ready();
  three.create_table("lent");
  auto status = three.admin().call(client::cluster_status{});
  ASSERT_TRUE(status.ok());
  auto group = status.cluster.partitions(0).group();
  ASSERT_TRUE(eventually(milliseconds(10'000), [&] { return !three.leader_of(group).empty(); }));
  auto leader = three.leader_of(group);
  auto next = leader == three.names()[0] ? three.names()[1] : three.names()[0];
  auto command = std::string(TROUPE_PROGRAM_PATH) + " handover " + std::to_string(group) + " --to " + next +
                 " --at 127.0.0.1:" + std::to_string(three.settings().nodes[0].port) + " 2>&1";
  auto [printed, result] = run(command);
  EXPECT_EQ(result, 0) << printed;
  EXPECT_TRUE(eventually(milliseconds(10'000), [&] { return three.leader_of(group) == next; }));
}

TEST(CommandLine, WithoutAClusterSaysWhatToDo) {
  auto [printed, status] =
      run(std::string(TROUPE_PROGRAM_PATH) + " status --at 127.0.0.1:1 --timeout 300ms 2>&1");
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_NE(printed.find("troupe dev"), std::string::npos) << printed;
}

} // namespace
} // namespace troupe::cluster_test
