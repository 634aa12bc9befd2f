// A table is restored while nodes are killed: the leader of the new table's partition, each time it is
// halfway, and whoever leads the metadata then. What comes out is what was backed up, and nothing that a
// client writes afterwards is written over.
#include "actors/client/values.h"
#include "tests/cluster/harness.h"
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <map>
#include <thread>

namespace troupe::cluster_test {
namespace {

constexpr int items = 400;
constexpr std::size_t item_bytes = 8'000; // three megabytes together, which are restored in six seconds
const std::string source = "things";
const std::string target = "things-again";

class Backups : public ::testing::Test {
protected:
  void SetUp() override {
    nodes = std::make_unique<cluster>(3, [](config::cluster& c) {
      c.archive.directory = (std::filesystem::path(c.nodes[0].data).parent_path() / "archive").string();
      c.archive.segment_age_ms = 300;
      c.archive.restore_bytes_per_second = 512 << 10;
    });
    nodes->start_all();
    nodes->wait_ready();
    nodes->create_table(source);
    db = nodes->connect();
  }
  void TearDown() override {
    if (HasFailure())
      nodes->keep_data();
  }

  msg::AdminReply ask(const msg::AdminRequest& request) {
    std::promise<msg::AdminReply> answer;
    db->submit(request, milliseconds(20'000), [&](const msg::AdminReply& reply) { answer.set_value(reply); });
    return answer.get_future().get();
  }
  void put(const std::string& table, const std::string& id, const std::string& value) {
    auto done = db->call(
        client::put_item{.table = table,
                         .item = client::make_item({{"id", client::s(id)}, {"value", client::s(value)}}),
                         .timeout = milliseconds(20'000)});
    ASSERT_TRUE(done.ok()) << done.status.message();
  }
  std::map<std::string, std::string> all_of(const std::string& table) {
    std::map<std::string, std::string> found;
    for (int i = 0; i < items; ++i) {
      auto got = db->call(client::get_item{.table = table,
                                           .key = client::make_item({{"id", client::s(name(i))}}),
                                           .timeout = milliseconds(20'000)});
      EXPECT_TRUE(got.ok()) << got.status.message();
      if (got.item)
        for (auto& attribute : got.item->attributes())
          if (attribute.name() == "value")
            found[name(i)] = attribute.value().s();
    }
    return found;
  }
  static std::string name(int i) { return "thing-" + std::to_string(i); }

  msg::TableState state_of(const std::string& table) {
    auto told = db->call(client::describe_table{.name = table, .timeout = milliseconds(20'000)});
    EXPECT_TRUE(told.ok()) << told.status.message();
    return told.table.state();
  }
  // Items that the table's leader holds, as it said last.
  std::uint64_t held(const std::string& table) {
    auto told = db->call(client::cluster_status{.timeout = milliseconds(20'000)});
    std::uint64_t most = 0;
    for (auto& partition : told.cluster.partitions())
      if (partition.table() == table)
        for (auto& node : told.cluster.nodes())
          for (auto& replica : node.replicas())
            if (replica.group() == partition.group() && replica.leads())
              most = std::max(most, replica.items());
    return most;
  }

  std::uint64_t back_up() {
    msg::AdminRequest request;
    request.mutable_create_backup()->set_table(source);
    request.mutable_create_backup()->set_name("before");
    auto made = ask(request);
    EXPECT_EQ(made.status().code(), msg::OK) << made.status().message();
    if (made.backups_size() == 0)
      return 0;
    auto id = made.backups(0).id();
    EXPECT_TRUE(eventually(milliseconds(60'000), [&] {
      msg::AdminRequest look;
      look.mutable_describe_backup()->set_id(id);
      auto told = ask(look);
      return told.backups_size() == 1 && told.backups(0).available();
    }));
    return id;
  }

  std::unique_ptr<cluster> nodes;
  std::unique_ptr<client::session> db;
};

TEST_F(Backups, AreRestoredWhileLeadersOfTheNewTableAreKilled) {
  for (int i = 0; i < items; ++i)
    put(source, name(i), std::string(item_bytes, 'v') + std::to_string(i));
  auto before = all_of(source);
  ASSERT_EQ(before.size(), static_cast<std::size_t>(items));
  auto id = back_up();
  put(source, name(0), "later");

  msg::AdminRequest request;
  request.mutable_restore_table()->set_target(target);
  request.mutable_restore_table()->set_backup(id);
  auto ordered = ask(request);
  ASSERT_EQ(ordered.status().code(), msg::OK) << ordered.status().message();

  // Twice, its leader dies when it has some of the items; unless all of it was quicker than this looked.
  for (int round = 1; round <= 2 && state_of(target) == msg::TABLE_CREATING; ++round) {
    std::string leader;
    ASSERT_TRUE(eventually(milliseconds(60'000),
                           [&] {
                             leader = held(target) > 20 ? nodes->leader_of_table(target) : "";
                             return !leader.empty();
                           }))
        << "round " << round;
    nodes->kill(leader);
    ASSERT_TRUE(eventually(milliseconds(60'000),
                           [&] {
                             auto now = nodes->leader_of_table(target);
                             return !now.empty() && now != leader;
                           }))
        << "round " << round;
    nodes->start(leader);
  }
  ASSERT_TRUE(eventually(milliseconds(120'000), [&] { return state_of(target) == msg::TABLE_ACTIVE; }));

  put(target, name(1), "of a client");
  auto after = all_of(target);
  before[name(1)] = "of a client";
  EXPECT_EQ(after, before);
}

} // namespace
} // namespace troupe::cluster_test
