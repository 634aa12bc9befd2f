// Real processes, real kills. Whatever is done to the nodes, the clients' history must be linearizable, and
// what was acknowledged must be there afterwards.
#include "actors/client/values.h"
#include "tests/cluster/faults.h"
#include <algorithm>
#include <random>
#include <thread>

namespace troupe::cluster_test {
namespace {

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

// Without leases to rely on, every read asks a quorum. What may go wrong is another thing than with them: an
// old leader that answers before it has asked, or reads that wait for a quorum that is gone.
class StrictReads : public Faults {
protected:
  void change_settings(config::cluster& c) override { c.replication.strict_reads = true; }
};

TEST_F(StrictReads, StayLinearizableWhenLeadersDieAndPause) {
  begin();
  for (int round = 0; round < 3; ++round) {
    auto killed = leader();
    nodes->kill(killed);
    progress();
    nodes->start(killed);
    nodes->wait_ready();
    auto paused = leader();
    nodes->pause(paused);
    progress();
    nodes->resume(paused);
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
