#include "tests/cluster/crowd.h"
#include "actors/client/values.h"
#include <chrono>
#include <deque>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>
#include <unistd.h>

namespace troupe::cluster_test {

namespace {

using steady = std::chrono::steady_clock;

double ms_since(steady::time_point when) {
  return std::chrono::duration<double, std::milli>(steady::now() - when).count();
}

msg::AttributeMap key_of(int i) {
  return client::make_item({{"id", client::s("key " + std::to_string(i))}});
}

client::put_item write_of(const std::string& table, int i, const std::string& value) {
  client::put_item ask;
  ask.table = table;
  ask.item = client::make_item({{"id", client::s("key " + std::to_string(i))}, {"value", client::s(value)}});
  ask.timeout = milliseconds(2'000);
  return ask;
}

client::get_item read_of(const std::string& table, int i) {
  client::get_item ask;
  ask.table = table;
  ask.key = key_of(i);
  ask.timeout = milliseconds(2'000);
  return ask;
}

// Asks for each key until it is answered as it should be, a few at a time. False when the time is up.
template <class Make, class Good>
bool all_answered(client::session& session, int keys, steady::time_point until, Make make, Good good) {
  using answer = typename decltype(make(0))::result;
  constexpr std::size_t at_once = 64;
  std::deque<int> open;
  for (int i = 0; i < keys; ++i)
    open.push_back(i);
  std::deque<std::pair<int, std::future<answer>>> asked;
  while (!open.empty() || !asked.empty()) {
    if (steady::now() > until)
      return false;
    while (!open.empty() && asked.size() < at_once) {
      asked.emplace_back(open.front(), session.ask(make(open.front())));
      open.pop_front();
    }
    if (!good(asked.front().second.get()))
      open.push_back(asked.front().first);
    asked.pop_front();
  }
  return true;
}

bool follows_everywhere(cluster& nodes, const std::string& node, std::size_t replicas) {
  auto answer = nodes.admin().call(client::cluster_status{});
  std::size_t good = 0;
  for (auto& n : answer.cluster.nodes())
    for (auto& r : n.replicas())
      good += n.node() == node && n.heard_ms_ago() < 3'000 && r.leader() != 0 && r.lag() == 0 &&
              r.trouble().empty();
  return good >= replicas;
}

// User and system time, in clock ticks.
double cpu_ticks(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2)); // the name may hold blanks
  std::string skipped;
  for (int i = 3; i < 14; ++i)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return user + system;
}

double resident_pages(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/statm");
  double total = 0;
  double resident = 0;
  in >> total >> resident;
  return resident;
}

} // namespace

served start_and_serve(cluster& nodes, const std::vector<std::string>& down, const std::string& table,
                       int keys, milliseconds within, bool until_all_follow) {
  served result;
  auto& first = down.front();
  client::describe_table ask;
  ask.name = table;
  auto began = steady::now();
  auto until = began + within;
  for (auto& n : down)
    nodes.start(n);
  auto session = nodes.connect([&](client::options& o) {
    auto n = nodes.settings().find(first);
    o.routers = {{n->host, n->port}};
  });
  auto value = std::to_string(nodes.pid(first)); // of this start alone
  auto written = [](const client::write_result& answer) { return answer.ok(); };
  if (!all_answered(
          *session, 1, until, [&](int i) { return write_of(table, i, value); }, written))
    return result;
  result.first_ms = ms_since(began);
  auto read = [&](const client::read_result& answer) {
    auto found = answer.item ? client::find(*answer.item, "value") : nullptr;
    return answer.ok() && found && found->s() == value;
  };
  if (!all_answered(
          *session, keys, until, [&](int i) { return write_of(table, i, value); }, written) ||
      !all_answered(
          *session, keys, until, [&](int i) { return read_of(table, i); }, read))
    return result;
  result.all_ms = ms_since(began);
  if (!until_all_follow)
    return result;
  auto partitions = static_cast<std::size_t>(nodes.admin().call(ask).partitions.size());
  auto left = std::chrono::duration_cast<milliseconds>(until - steady::now());
  if (eventually(left, [&] { return follows_everywhere(nodes, first, partitions); }))
    result.follow_ms = ms_since(began);
  return result;
}

cost measure_idle(cluster& nodes, milliseconds time) {
  double before = 0;
  for (auto& n : nodes.names())
    before += cpu_ticks(nodes.pid(n));
  auto began = steady::now();
  std::this_thread::sleep_for(time); // the length of the measurement
  auto seconds = ms_since(began) / 1000;
  cost result;
  for (auto& n : nodes.names()) {
    result.cpu_percent += cpu_ticks(nodes.pid(n));
    result.resident_mib +=
        resident_pages(nodes.pid(n)) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
  }
  result.cpu_percent =
      (result.cpu_percent - before) / static_cast<double>(sysconf(_SC_CLK_TCK)) / seconds * 100;
  return result;
}

} // namespace troupe::cluster_test
