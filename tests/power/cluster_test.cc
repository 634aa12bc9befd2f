// The power of a whole cluster goes out under load, again and again: nothing that was acknowledged may be
// lost, and every round's history must be linearizable. TROUPE_POWER_ROUNDS says how many rounds; otherwise
// it is as many as fit into half a minute.
//
// Nodes run under the layer of layer.cc, all three are killed at once, and what they had not synced is taken
// back by a seed. In every second round a table is made and deleted meanwhile, in every third a node that was
// away comes back just before and is catching up from the log.
#include "actors/client/values.h"
#include "tests/cluster/faults.h"
#include "tests/linearizability/checker.h"
#include "tests/power/cut.h"
#include "tests/power/journal.h"
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

namespace troupe::cluster_test {
namespace {

namespace fs = std::filesystem;
namespace lin = linearizability;

class Power : public ::testing::Test {
protected:
  void SetUp() override {
    nodes =
        std::make_unique<cluster>(3, [](config::cluster& c) { c.storage.log_retention_bytes = 64 << 10; });
    for (auto& n : nodes->settings().nodes) {
      fs::create_directories(n.data);
      fs::create_directories(n.data + ".power");
    }
    nodes->place([this](const std::string& node) {
      auto data = nodes->settings().find(node)->data;
      return setenv("LD_PRELOAD", POWER_LAYER, 1) == 0 &&
             setenv(power::data_variable, data.c_str(), 1) == 0 &&
             setenv(power::side_variable, (data + ".power").c_str(), 1) == 0 &&
             setenv(power::lie_variable, lie().c_str(), 1) == 0 &&
             setenv(power::delay_variable, "2000", 1) == 0;
    });
    nodes->start_all();
    nodes->wait_ready();
    nodes->create_table("registers", 2);
    for (int i = 0; i < 3; ++i) {
      sessions.push_back(nodes->connect());
      pointers.push_back(sessions.back().get());
    }
  }

  std::string lie() const { return nodes->directory() + "/lie"; }

  std::unique_ptr<load> begin_load(int round) {
    load_options options;
    options.table = "registers";
    options.tag = "r" + std::to_string(round) + "-";
    options.seed = static_cast<std::uint64_t>(round) + 1;
    options.keys = keys;
    options.pad_bytes = 4'000;
    options.timeout = milliseconds(2'000);
    auto clients = std::make_unique<load>(pointers, options);
    clients->start();
    return clients;
  }

  void reach(load& clients, std::uint64_t succeeded) {
    ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return clients.succeeded() >= succeeded; }))
        << "clients make no progress\n"
        << clients.answers();
  }

  // All at once: no node notices that another is gone and goes on with the third.
  void cut_power(std::uint64_t seed, power::loss how = power::loss::any) {
    for (auto& n : nodes->names())
      if (nodes->running(n))
        ::kill(nodes->pid(n), SIGKILL);
    for (auto& n : nodes->names())
      if (nodes->running(n))
        nodes->kill(n);
    for (auto& n : nodes->settings().nodes) {
      auto report = power::cut(n.data + ".power", seed++, how);
      writes_lost += report.writes_lost;
      entries_lost += report.entries_lost;
    }
  }

  // What is in a register; waits until it is told.
  lin::value read(const std::string& key, bool& told) {
    client::get_item ask;
    ask.table = "registers";
    ask.key = client::make_item({{"id", client::s(key)}});
    ask.timeout = milliseconds(10'000);
    auto answer = pointers[0]->call(ask);
    told = answer.ok();
    auto attribute = answer.item ? client::find(*answer.item, "value") : nullptr;
    return attribute ? lin::value(attribute->s()) : std::nullopt;
  }

  // The round's history, with a last look at every register; what they hold is remembered.
  std::vector<lin::operation> look_at_everything(const load& clients, int round) {
    auto history = clients.history();
    for (int k = 0; k < keys; ++k) {
      lin::operation op;
      op.client = "final";
      op.key = "r" + std::to_string(round) + "-k" + std::to_string(k);
      op.invoked = steady_us();
      bool told = false;
      op.read = read(op.key, told);
      EXPECT_TRUE(told) << op.key << " cannot be read after round " << round;
      op.result = lin::outcome::ok;
      op.returned = steady_us();
      settled[op.key] = op.read;
      history.push_back(op);
    }
    return history;
  }

  void make_and_delete_tables(int round) {
    client::create_table make;
    make.name = "extra" + std::to_string(round);
    make.keys.mutable_partition()->set_name("id");
    make.keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
    make.timeout = milliseconds(1'000);
    // Whether they succeed is not the question: the power may go out in the middle.
    (void)pointers[1]->call(make);
    client::delete_table drop;
    drop.name = make.name;
    drop.timeout = milliseconds(1'000);
    (void)pointers[2]->call(drop);
  }

  void one_round(int round);

  static constexpr int keys = 12;
  std::unique_ptr<cluster> nodes;
  std::vector<std::unique_ptr<client::session>> sessions;
  std::vector<client::session*> pointers;
  std::map<std::string, lin::value> settled;
  std::uint64_t writes_lost = 0;
  std::uint64_t entries_lost = 0;
  std::uint64_t acknowledged = 0;
};

void Power::one_round(int round) {
  std::mt19937_64 dice(static_cast<std::uint64_t>(round) + 77);
  std::string away = round % 3 == 2 ? nodes->names()[dice() % 3] : "";
  if (!away.empty())
    nodes->kill(away);
  auto clients = begin_load(round);
  std::thread tables;
  if (round % 2 == 1)
    tables = std::thread([&] { make_and_delete_tables(round); });
  reach(*clients, 100 + dice() % 300);
  if (!away.empty() && !HasFatalFailure()) {
    nodes->start(away); // and the power goes out somewhere between its start and when it has caught up
    reach(*clients, clients->succeeded() + 300 + dice() % 1'500);
  }
  std::this_thread::sleep_for(std::chrono::microseconds(dice() % 20'000)); // any moment will do
  cut_power(dice());
  clients->stop();
  if (tables.joinable())
    tables.join();
  if (HasFatalFailure())
    return;
  nodes->start_all();
  nodes->wait_ready(milliseconds(30'000));
  acknowledged += clients->acknowledged().at_us.size();
  auto report = lin::check(look_at_everything(*clients, round));
  ASSERT_TRUE(report.ok()) << "round " << round << ": " << report.text();
}

TEST_F(Power, NothingAcknowledgedIsLostWhenThePowerGoesOut) {
  auto wanted = std::getenv("TROUPE_POWER_ROUNDS");
  auto rounds = wanted ? std::atoi(wanted) : 1'000;
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(wanted ? 86'400 : 30);
  int done = 0;
  // Three at least, so that each kind of round is among them.
  for (; done < rounds && (done < 3 || std::chrono::steady_clock::now() < until); ++done) {
    one_round(done);
    if (HasFailure()) {
      nodes->keep_data();
      return;
    }
  }
  for (auto& [key, value] : settled) {
    bool told = false;
    EXPECT_EQ(read(key, told), value) << key << " is not what it was after its round";
    EXPECT_TRUE(told) << key;
  }
  std::printf(
      "%d rounds, %llu writes acknowledged; the disks lost %llu writes and %llu entries of directories\n",
      done, static_cast<unsigned long long>(acknowledged), static_cast<unsigned long long>(writes_lost),
      static_cast<unsigned long long>(entries_lost));
  EXPECT_GT(writes_lost, 0u) << "no cut took anything: the test tests nothing";
}

// That the test can fail: disks that say they have synced, and have not, lose what was acknowledged since.
TEST_F(Power, DisksThatLieAboutSyncsAreFoundOut) {
  auto clients = begin_load(0);
  reach(*clients, 100);
  std::ofstream(lie()).put('1');
  auto before = clients->acknowledged().at_us.size();
  ASSERT_TRUE(
      eventually(milliseconds(20'000), [&] { return clients->acknowledged().at_us.size() > before + 200; }));
  cut_power(1, power::loss::everything);
  fs::remove(lie());
  clients->stop();
  nodes->start_all();
  nodes->wait_ready(milliseconds(30'000));
  auto report = lin::check(look_at_everything(*clients, 0));
  EXPECT_FALSE(report.ok()) << "acknowledged writes were lost and nobody noticed";
}

} // namespace
} // namespace troupe::cluster_test
