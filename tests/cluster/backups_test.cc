// A table is restored while nodes are killed: the leader of the new table's partition when it is halfway, and
// then whoever leads the metadata. What comes out is what was backed up, and nothing that a client writes
// afterwards is written over.
#include "actors/client/values.h"
#include "config/write.h"
#include "tests/cluster/harness.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <thread>

namespace troupe::cluster_test {
namespace {

constexpr int items = 400;
constexpr std::size_t item_bytes = 8'000; // three megabytes together, which are restored in twelve seconds
const std::string source = "things";
const std::string target = "things-again";

class Backups : public ::testing::Test {
protected:
  void SetUp() override {
    nodes = std::make_unique<cluster>(3, [](config::cluster& c) {
      c.archive.directory = (std::filesystem::path(c.nodes[0].data).parent_path() / "archive").string();
      c.archive.segment_age_ms = 300;
      c.archive.restore_bytes_per_second = 256 << 10;
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
            if (replica.group() == partition.group() && replica.leads() && node.heard_ms_ago() < 2'000)
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
    EXPECT_TRUE(eventually(milliseconds(60'000), [&] { return is_available(id); }));
    return id;
  }
  bool is_available(std::uint64_t backup) {
    msg::AdminRequest look;
    look.mutable_describe_backup()->set_id(backup);
    auto told = ask(look);
    return told.backups_size() == 1 && told.backups(0).available();
  }

  // Kills that node while the new table has some of its items and not all, and starts it again when another
  // has taken its place. That it was in the middle is seen afterwards: there is something left to do.
  void kill_midway(const std::function<std::string()>& who) {
    std::string victim;
    ASSERT_TRUE(eventually(milliseconds(60'000), [&] {
      victim = held(target) > 20 ? who() : "";
      return !victim.empty();
    }));
    nodes->kill(victim);
    ASSERT_TRUE(eventually(milliseconds(60'000),
                           [&] {
                             auto now = who();
                             return !now.empty() && now != victim;
                           }))
        << "nobody took the place of " << victim;
    EXPECT_EQ(state_of(target), msg::TABLE_CREATING) << victim << " was killed when all was over";
    nodes->start(victim);
  }

  std::unique_ptr<cluster> nodes;
  std::unique_ptr<client::session> db;
};

TEST_F(Backups, AreRestoredWhileLeadersOfTheNewTableAndOfTheMetadataAreKilled) {
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

  // Once whoever writes the items dies, and once who would record that they are there.
  kill_midway([&] { return nodes->leader_of_table(target); });
  kill_midway([&] { return nodes->leader_of(metadata_group); });
  ASSERT_TRUE(eventually(milliseconds(120'000), [&] { return state_of(target) == msg::TABLE_ACTIVE; }));

  put(target, name(1), "of a client");
  auto after = all_of(target);
  before[name(1)] = "of a client";
  EXPECT_EQ(after, before);
}

// A cluster that was given its archive late: by then it had cut its logs.
class BackupsOfALateArchive : public Backups {
protected:
  void SetUp() override {
    nodes =
        std::make_unique<cluster>(3, [](config::cluster& c) { c.storage.log_retention_bytes = 64 << 10; });
    nodes->start_all();
    nodes->wait_ready();
    nodes->create_table(source);
    db = nodes->connect();
  }

  // The first entry that any member still has; 0: not all of them have told.
  std::uint64_t first_entry() {
    auto told = db->call(client::cluster_status{.timeout = milliseconds(20'000)});
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    int members = 0;
    for (auto& partition : told.cluster.partitions())
      if (partition.table() == source)
        for (auto& node : told.cluster.nodes())
          for (auto& replica : node.replicas())
            if (replica.group() == partition.group() && replica.epoch() > 0) {
              first = std::min(first, replica.first_index());
              ++members;
            }
    return members == 3 ? first : 0;
  }
  static std::string counted(int count) { return std::string(100, 'v') + std::to_string(count); }
  // All items, again and again, until told to stop or that often. Each counts up.
  void write(int rounds, const std::atomic<bool>& stop) {
    std::vector<std::thread> writers;
    for (int w = 0; w < 8; ++w)
      writers.emplace_back([&, w] {
        for (int round = 0; round < rounds && !stop; ++round)
          for (int i = w; i < items && !stop; i += 8) {
            put(source, name(i), counted(++begun[i]));
            acknowledged[i] = begun[i].load();
          }
      });
    for (auto& one : writers)
      one.join();
  }
  std::array<std::atomic<int>, items> begun{};        // by item: the count that was written last, and
  std::array<std::atomic<int>, items> acknowledged{}; // the one that is known to be there

  void give_an_archive() {
    db->close();
    db.reset();
    for (auto& node : nodes->names())
      EXPECT_EQ(nodes->stop(node), 0);
    auto settings = nodes->settings();
    settings.archive.directory = nodes->directory() + "/archive";
    settings.archive.segment_age_ms = 300;
    std::ofstream(nodes->file()) << config::to_yaml(settings);
    auto init = std::string(TROUPE_PROGRAM_PATH) + " archive init " + nodes->file() + " > " +
                nodes->directory() + "/init.log 2>&1";
    ASSERT_EQ(std::system(init.c_str()), 0) << init;
    nodes->start_all();
    nodes->wait_ready();
    db = nodes->connect();
  }
};

TEST_F(BackupsOfALateArchive, CanBeRestoredFromTheFirstThatIsMadeOn) {
  std::atomic<bool> stop{false};
  write(8, stop);
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return first_entry() > 1; })) << "no log was cut";
  give_an_archive();

  // Somebody writes all the time, so whatever snapshot is archived is younger than what was asked for before.
  std::thread busy([&] { write(1'000'000, stop); });
  msg::AdminReply made;
  msg::AdminRequest request;
  request.mutable_create_backup()->set_table(source);
  request.mutable_create_backup()->set_name("first");
  std::array<int, items> least{}, most{};
  auto asked = eventually(milliseconds(120'000), [&] {
    std::copy(acknowledged.begin(), acknowledged.end(), least.begin());
    made = ask(request);
    return made.status().code() != msg::UNSUPPORTED && made.status().code() != msg::UNAVAILABLE;
  });
  std::copy(begun.begin(), begun.end(), most.begin());
  EXPECT_TRUE(asked && made.status().code() == msg::OK) << made.status().message();
  auto id = made.backups_size() == 1 ? made.backups(0).id() : 0;
  EXPECT_TRUE(id != 0 && eventually(milliseconds(60'000), [&] { return is_available(id); }));
  stop = true;
  busy.join();
  ASSERT_FALSE(HasFailure());

  msg::AdminRequest again;
  again.mutable_restore_table()->set_target(target);
  again.mutable_restore_table()->set_backup(id);
  auto ordered = ask(again);
  ASSERT_EQ(ordered.status().code(), msg::OK) << ordered.status().message();
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return state_of(target) == msg::TABLE_ACTIVE; }));
  auto restored = all_of(target);
  ASSERT_EQ(restored.size(), static_cast<std::size_t>(items));
  for (int i = 0; i < items; ++i) {
    const auto& value = restored[name(i)];
    const auto count = std::atoi(value.c_str() + std::min<std::size_t>(value.size(), 100));
    EXPECT_EQ(value, counted(count)) << name(i);
    EXPECT_GE(count, least[i]) << name(i) << " was there before the backup was asked for";
    EXPECT_LE(count, most[i]) << name(i) << " was not written yet when it was made";
  }
}

} // namespace
} // namespace troupe::cluster_test
