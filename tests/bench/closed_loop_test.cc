// The loop that asks the peers, against a store of a few lines: what it loads it finds again, what is not
// there counts as missing, warm-up is not counted, and a server that fails ends the run with its reason.
#include "tests/bench/closed_loop.h"
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe::bench;

// What all connections of one server see.
struct store {
  std::mutex lock;
  std::map<std::string, std::string> items;
  std::uint32_t most_at_once = 0;
  std::uint64_t answered = 0;
  std::uint64_t gone_after = UINT64_MAX; // answers
};

// Answers in the order of the requests, one in each step.
class fake_peer : public peer {
public:
  explicit fake_peer(store& server) : server_(server) {}

  void read(std::uint32_t client, const std::string& key) override {
    std::lock_guard held(server_.lock);
    add(client, server_.items.contains(key) ? ending::ok : ending::missing);
  }
  void write(std::uint32_t client, const std::string& key, const std::string& value) override {
    std::lock_guard held(server_.lock);
    server_.items[key] = value;
    add(client, ending::ok);
  }
  void step(const heard& tell) override {
    {
      std::lock_guard held(server_.lock);
      if (server_.answered++ >= server_.gone_after)
        throw std::runtime_error("the store is gone");
    }
    ASSERT_FALSE(waiting_.empty());
    const auto [client, how] = waiting_.front();
    waiting_.pop_front();
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    tell(client, how);
  }

private:
  void add(std::uint32_t client, ending how) {
    waiting_.emplace_back(client, how);
    server_.most_at_once = std::max(server_.most_at_once, static_cast<std::uint32_t>(waiting_.size()));
  }

  store& server_;
  std::deque<std::pair<std::uint32_t, ending>> waiting_;
};

peer_maker connect_to(store& server) {
  return [&server](std::uint32_t) { return std::make_unique<fake_peer>(server); };
}

loop_settings of(workload which, std::uint32_t clients, std::uint32_t threads) {
  loop_settings settings;
  settings.run.load.which = which;
  settings.run.load.keys = distribution::uniform;
  settings.run.load.records = 100;
  settings.run.load.clients = clients;
  settings.threads = threads;
  settings.run.warm_up_seconds = 0.05;
  settings.seconds = 0.2;
  return settings;
}

TEST(ClosedLoop, FindsAgainWhatItLoaded) {
  store server;
  const auto settings = of(workload::c, 7, 2);
  load_records(connect_to(server), settings);
  ASSERT_EQ(server.items.size(), 100u);
  for (std::uint64_t record : {0, 1, 99})
    EXPECT_EQ(server.items.at(key_of(record)).size(), 1'000u)
        << "ten fields of 100 bytes, whoever keeps them";

  const auto result = run_closed_loop(connect_to(server), settings);
  const auto& reads = result.measured.of(operation_kind::read);
  EXPECT_GT(reads.ok, 0u);
  EXPECT_EQ(reads.total(), reads.ok);
  EXPECT_EQ(result.measured.all().total(), reads.total());
  EXPECT_EQ(server.items.size(), 100u);
}

TEST(ClosedLoop, KeepsAsManyRequestsUnderWayAsThereAreClients) {
  store server;
  run_closed_loop(connect_to(server), of(workload::insert, 7, 1));
  EXPECT_EQ(server.most_at_once, 7u);
}

TEST(ClosedLoop, InsertsEveryRecordOnceWhateverTheNumberOfThreads) {
  store server;
  const auto result = run_closed_loop(connect_to(server), of(workload::insert, 7, 3));
  const auto counted = result.measured.of(operation_kind::insert).ok;
  EXPECT_GT(counted, 0u);
  EXPECT_EQ(server.items.size(), server.answered) << "no two inserts had the same key";
  EXPECT_LT(counted, server.answered) << "the warm-up is not counted";
}

TEST(ClosedLoop, CountsWhatIsNotThereAsMissing) {
  store server;
  const auto result = run_closed_loop(connect_to(server), of(workload::c, 2, 1));
  EXPECT_EQ(result.measured.of(operation_kind::read).ok, 0u);
  EXPECT_GT(result.measured.of(operation_kind::read).missing, 0u);
}

TEST(ClosedLoop, LatencyIsThatOfTheWholeQueue) {
  store server;
  const auto result = run_closed_loop(connect_to(server), of(workload::insert, 8, 1));
  // Seven others are answered first, at 50 us each or more.
  EXPECT_GE(result.measured.of(operation_kind::insert).latency_us.percentile(50), 8 * 50u);
}

TEST(ClosedLoop, AServerThatIsGoneEndsTheRun) {
  store server;
  server.gone_after = 20;
  const auto settings = of(workload::insert, 4, 2);
  EXPECT_THROW(load_records(connect_to(server), settings), std::runtime_error);
  EXPECT_THROW(run_closed_loop(connect_to(server), settings), std::runtime_error);
  EXPECT_THROW(
      run_closed_loop([](std::uint32_t) -> std::unique_ptr<peer> { throw std::runtime_error("closed"); },
                      settings),
      std::runtime_error);
}

TEST(ClosedLoop, SumsTheServersCpuTime) {
  store server;
  auto settings = of(workload::insert, 1, 1);
  EXPECT_FALSE(run_closed_loop(connect_to(server), settings).server_cpu_seconds.has_value());
  settings.server_pids = {static_cast<int>(getpid())};
  const auto result = run_closed_loop(connect_to(server), settings);
  ASSERT_TRUE(result.server_cpu_seconds.has_value());
  EXPECT_LE(*result.server_cpu_seconds, 2 * settings.seconds * std::thread::hardware_concurrency());
}

} // namespace
