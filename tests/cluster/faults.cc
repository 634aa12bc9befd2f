#include "tests/cluster/faults.h"
#include "actors/client/values.h"
#include "tests/linearizability/checker.h"
#include <algorithm>

namespace troupe::cluster_test {

namespace lin = linearizability;

void Faults::begin(load_options options, unsigned partitions) {
  nodes = std::make_unique<cluster>(node_count(), [this](config::cluster& c) { change_settings(c); });
  prepare_nodes();
  nodes->start_all();
  nodes->wait_ready();
  nodes->create_table("registers", partitions);
  for (int i = 0; i < 3; ++i) {
    // Sessions choose their routers by themselves, and leave one that does not serve them.
    sessions.push_back(nodes->connect());
    pointers.push_back(sessions.back().get());
  }
  options.table = "registers";
  clients = std::make_unique<load>(pointers, options);
  clients->start();
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return clients->succeeded() > 200; }))
      << "no load gets through";
}

void Faults::progress(std::uint64_t more) {
  auto before = clients->succeeded();
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return clients->succeeded() > before + more; }))
      << "clients make no progress";
}

double Faults::write_gap_ms(std::int64_t since_us) {
  constexpr std::int64_t on_the_way_us = 300'000; // what the old leader had done may still be answered
  auto later = [&] {
    auto acknowledged = clients->acknowledged().at_us;
    return acknowledged.end() -
           std::upper_bound(acknowledged.begin(), acknowledged.end(), since_us + on_the_way_us);
  };
  EXPECT_TRUE(eventually(milliseconds(20'000), [&] { return later() > 100; })) << "no write gets through";
  return static_cast<double>(clients->acknowledged().longest_gap_us(since_us, steady_us())) / 1000;
}

std::string Faults::leader() {
  std::string name;
  EXPECT_TRUE(eventually(milliseconds(20'000), [&] {
    return !(name = nodes->leader_of_table("registers")).empty();
  })) << "nobody leads";
  return name;
}

void Faults::judge() {
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

} // namespace troupe::cluster_test
