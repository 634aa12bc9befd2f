// Real processes, real kills. Whatever is done to the nodes, the clients' history must be linearizable, and
// what was acknowledged must be there afterwards.
#include "actors/client/values.h"
#include "tests/cluster/harness.h"
#include "tests/cluster/load.h"
#include "tests/linearizability/checker.h"
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace troupe::cluster_test {
namespace {

namespace lin = linearizability;

class Faults : public ::testing::Test {
protected:
  void begin(load_options options = {}) {
    nodes = std::make_unique<cluster>(3);
    nodes->start_all();
    nodes->wait_ready();
    nodes->create_table("registers", 2);
    for (int i = 0; i < 3; ++i) {
      // One session per router, so that no router is spared.
      sessions.push_back(nodes->connect([&](client::options& o) {
        std::rotate(o.routers.begin(), o.routers.begin() + i, o.routers.end());
      }));
      pointers.push_back(sessions.back().get());
    }
    options.table = "registers";
    clients = std::make_unique<load>(pointers, options);
    clients->start();
    ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return clients->succeeded() > 200; })) << "no load gets through";
  }

  void progress(std::uint64_t more = 100) {
    auto before = clients->succeeded();
    ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return clients->succeeded() > before + more; }))
      << "clients make no progress";
  }

  // Ends the load, reads every register once more, and judges the whole history.
  void judge() {
    clients->stop();
    auto history = clients->history();
    auto reader = nodes->connect();
    for (int k = 0; k < 16; ++k) {
      lin::operation op;
      op.client = "final";
      op.key = "k" + std::to_string(k);
      op.invoked = steady_us();
      client::get_item ask;
      ask.table = "registers";
      ask.key = client::make_item({{"id", client::s(op.key)}});
      ask.timeout = milliseconds(10'000);
      auto answer = reader->call(ask);
      ASSERT_TRUE(answer.ok()) << answer.status.message();
      auto attribute = answer.item ? client::find(*answer.item, "value") : nullptr;
      op.read = attribute ? lin::value(attribute->s()) : std::nullopt;
      op.result = lin::outcome::ok;
      op.returned = steady_us();
      history.push_back(op);
    }
    auto report = lin::check(history);
    EXPECT_TRUE(report.ok()) << report.text();
    std::printf("%zu operations:\n%s", history.size(), clients->answers().c_str());
  }

  std::unique_ptr<cluster> nodes;
  std::vector<std::unique_ptr<client::session>> sessions;
  std::vector<client::session*> pointers;
  std::unique_ptr<load> clients;
};

TEST_F(Faults, KilledLeadersFollowersAndTheMetadataLeaderLoseNothing) {
  begin();
  std::mt19937 random(7);
  for (int round = 0; round < 6; ++round) {
    auto victim = round % 3 == 0   ? nodes->leader_of_table("registers")
                  : round % 3 == 1 ? nodes->leader_of(metadata_group)
                                   : nodes->names()[random() % 3];
    if (victim.empty())
      victim = nodes->names()[random() % 3];
    nodes->kill(victim);
    progress();
    nodes->start(victim);
    nodes->wait_ready();
    progress();
  }
  judge();
}

TEST_F(Faults, PausedNodesNeitherBlockNorServeStaleReads) {
  begin();
  for (auto& victim : nodes->names()) {
    nodes->pause(victim);
    progress();
    nodes->resume(victim);
    progress();
  }
  judge();
}

TEST_F(Faults, AllNodesKilledAtOnceComeBackWithEverythingAcknowledged) {
  begin();
  for (int round = 0; round < 3; ++round) {
    for (auto& n : nodes->names())
      nodes->kill(n);
    auto order = nodes->names();
    std::rotate(order.begin(), order.begin() + round, order.end()); // another order each time
    for (auto& n : order)
      nodes->start(n);
    nodes->wait_ready();
    progress();
  }
  judge();
}

TEST_F(Faults, CounterIncrementedByCompareAndSetLosesNothing) {
  begin();
  clients->stop();
  constexpr int workers = 64;
  constexpr int each = 5;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int w = 0; w < workers; ++w)
    threads.emplace_back([&, w] {
      auto& session = *pointers[static_cast<std::size_t>(w) % pointers.size()];
      for (int i = 0; i < each;) {
        client::get_item ask;
        ask.table = "registers";
        ask.key = client::make_item({{"id", client::s("counter")}});
        ask.timeout = milliseconds(20'000);
        auto now = session.call(ask);
        ASSERT_TRUE(now.ok()) << now.status.message();
        auto old = now.item ? client::find(*now.item, "count") : nullptr;
        auto next = (old ? std::stoll(old->n()) : 0) + 1;
        client::put_item put;
        put.table = "registers";
        put.item = client::make_item({{"id", client::s("counter")}, {"count", client::n(next)}});
        put.condition = old ? client::equals("count", *old) : client::not_exists("id");
        put.timeout = milliseconds(20'000);
        auto answer = session.call(put);
        if (answer.ok()) {
          ++done;
          ++i;
        } else {
          ASSERT_EQ(answer.status.code(), msg::CONDITION_FAILED) << answer.status.message();
        }
      }
    });
  for (auto& t : threads)
    t.join();
  client::get_item ask;
  ask.table = "registers";
  ask.key = client::make_item({{"id", client::s("counter")}});
  auto end = pointers[0]->call(ask);
  ASSERT_TRUE(end.ok() && end.item);
  EXPECT_EQ(done, workers * each);
  EXPECT_EQ(client::find(*end.item, "count")->n(), std::to_string(workers * each));
}

} // namespace
} // namespace troupe::cluster_test
