// What is looked at on this machine when nodes are about to start here, and that looking leaves no trace.
#include "config/load.h"
#include "tests/unit/config/sample.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace troupe::config;
namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

// A folder of the test's own, with a cluster file whose nodes keep their data in it.
class machine : public testing::Test {
protected:
  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "troupe-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override {
    fs::permissions(folder, fs::perms::owner_all);
    fs::remove_all(folder);
  }

  void put(const std::string& name, const std::string& text) const { std::ofstream{folder / name} << text; }

  std::vector<std::string> problems(const std::string& more = "",
                                    const here& starting = {.local_nodes = true}) const {
    auto text = sample::good + more;
    for (const auto* n : {"n1", "n2", "n3"})
      text = sample::with(std::string{"/d/"} + n, std::string{"data/"} + n, text);
    put("c.yaml", text);
    std::vector<std::string> out;
    for (const auto& p : load((folder / "c.yaml").string(), starting).problems)
      out.push_back(to_text(p));
    return out;
  }

  fs::path folder;
};

} // namespace

TEST_F(machine, directories_that_can_be_made_are_right_and_are_not_made) {
  EXPECT_THAT(problems(), IsEmpty());
  fs::create_directory(folder / "data");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_TRUE(fs::is_empty(folder / "data"));
}

TEST_F(machine, a_file_in_the_way_of_a_directory) {
  put("data", "a file");
  EXPECT_THAT(problems(), testing::SizeIs(3));
  EXPECT_THAT(problems("", {.node = "n2"}),
              ElementsAre(AllOf(HasSubstr("c.yaml:5:43: the data directory of node 'n2' cannot be "),
                                HasSubstr("/data is not a directory; choose another directory"))));
}

TEST_F(machine, a_directory_that_may_not_be_written) {
  // Nobody writes into /proc, root neither.
  put("c.yaml", sample::with("/d/n1", "/proc/troupe/n1"));
  const auto got = load((folder / "c.yaml").string(), {.node = "n1"});
  ASSERT_EQ(got.problems.size(), 1u);
  EXPECT_THAT(to_text(got.problems[0]),
              HasSubstr("the data directory of node 'n1' cannot be /proc/troupe/n1: /proc is not writable"));
}

TEST_F(machine, directories_of_nodes_that_start_elsewhere_are_not_looked_at) {
  put("data", "a file");
  EXPECT_THAT(problems("", {}), IsEmpty());
}

TEST_F(machine, a_node_that_is_not_in_the_file) {
  EXPECT_THAT(problems("", {.node = "m1"}),
              ElementsAre(HasSubstr(":4:3: there is no node 'm1'; did you mean 'n1'?")));
  EXPECT_THAT(problems("", {.node = "frankfurt"}),
              ElementsAre(HasSubstr("there is no node 'frankfurt'; the nodes are n1, n2 and n3")));
}

TEST_F(machine, tls_files_are_read_where_a_node_starts) {
  const std::string tls = "tls: {enabled: true, certificate: node.pem, authority: ca.pem}\n";
  EXPECT_THAT(problems(tls, {}), IsEmpty());
  EXPECT_THAT(problems(tls),
              ElementsAre(AllOf(HasSubstr(":7:35: the TLS file "), HasSubstr("/node.pem cannot be read")),
                          AllOf(HasSubstr(":7:56: the TLS file "), HasSubstr("/ca.pem cannot be read"))));
  put("node.pem", "-----BEGIN CERTIFICATE-----\n");
  fs::create_directory(folder / "ca.pem");
  EXPECT_THAT(problems(tls),
              ElementsAre(HasSubstr("/node.pem holds no private key"), HasSubstr("/ca.pem cannot be read")));
  fs::remove(folder / "ca.pem");
  put("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  put("node.pem", "-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n");
  EXPECT_THAT(problems(tls), IsEmpty());
}

TEST_F(machine, a_file_that_cannot_be_opened) {
  const auto one = [&](const std::string& name) {
    const auto got = load((folder / name).string());
    EXPECT_FALSE(got.settings);
    return got.problems.empty() ? "" : to_text(got.problems[0]).substr(folder.string().size() + 1);
  };
  EXPECT_EQ(one("none.yaml"),
            "none.yaml: there is no such file; name a cluster file, for example config/three-zones.yaml");
  EXPECT_EQ(one(""), ": this is a directory; name a cluster file in it");
  put("long.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(one("long.yaml"), "long.yaml: the file is longer than 1 MiB; this is hardly a cluster file");
}

TEST_F(machine, this_machine_is_local_by_address_and_by_name) {
  char name[256] = {};
  ASSERT_EQ(gethostname(name, sizeof name - 1), 0);
  cluster c;
  for (const std::string host : {"127.0.0.1", "localhost", "192.0.2.1", "never.example.org"})
    c.nodes.push_back({.name = host, .zone = "", .host = host});
  c.nodes.push_back({.name = "by-name", .zone = "", .host = name});
  EXPECT_THAT(local_nodes(c), ElementsAre("127.0.0.1", "localhost", "by-name"));
}
