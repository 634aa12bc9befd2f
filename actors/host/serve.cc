#include "actors/host/serve.h"
#include "actors/host/exposer.h"
#include "actors/host/node.h"
#include "actors/host/process.h"
#include "actors/host/welcome.h"
#include "actors/kit/log.h"
#include "actors/kit/node_config.h"
#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::host {

namespace {

constexpr std::int64_t stop_within_ms = 12'000;

std::unique_ptr<exposer> expose(const config::node& here,
                                const std::shared_ptr<prometheus::Registry>& registry) {
  return std::make_unique<exposer>(here.host, here.metrics_port, registry);
}

// Tells `troupe up`, when it is our parent.
void announce_ready(const std::string& name) {
  kit::log(kit::level::info, name, "host", "ready: the cluster answers");
  const char* number = std::getenv(ready_fd_variable);
  if (!number)
    return;
  int fd = std::atoi(number);
  [[maybe_unused]] auto written = ::write(fd, "ready\n", 6); // a parent that has gone needs no news
  ::close(fd);
}

int fail(const std::string& name, const start_failure& why) {
  kit::log(kit::level::error, name, "host", why.text);
  return why.code;
}

// Threads for actors that never block; 0: the network's. Half of the cores: the others are for the log
// writer, the item workers and the network. With fewer than four there is none to give away: threads that
// outnumber the cores hand work to each other instead of doing it.
std::size_t threads_for_roles(const config::cluster& cluster) {
  if (cluster.requests.threads > 0)
    return cluster.requests.threads == 1 ? 0 : static_cast<std::size_t>(cluster.requests.threads);
  auto cores = std::thread::hardware_concurrency();
  return cores < 4 ? 0 : std::min<std::size_t>(cores / 2, 8);
}

kit::node_config_options system_options(const config::cluster& cluster, std::size_t threads) {
  kit::node_config_options result;
  result.threads = threads;
  result.tls = cluster.tls;
  return result;
}

} // namespace

int serve_node(const config::cluster& cluster, const std::string& name) {
  const auto* here = cluster.find(name);
  if (!here) {
    std::fprintf(stderr, "troupe: %s has no node '%s'\n", cluster.file.c_str(), name.c_str());
    return exit_usage;
  }
  hold_stop_signals();
  raise_file_limit();
  kit::set_log_node(name);
  auto registry = std::make_shared<prometheus::Registry>();
  std::unique_ptr<exposer> metrics;
  if (here->metrics_port != 0) {
    metrics = expose(*here, registry);
    if (!metrics->trouble().empty())
      return fail(name, {exit_busy, metrics->trouble()});
  }
  kit::node_config config(system_options(cluster, threads_for_roles(cluster)));
  caf::actor_system system{config};
  node_options options;
  options.on_ready = [name] { announce_ready(name); };
  node one(system, cluster, name, std::make_shared<kit::metrics>(registry, name), options);
  if (auto failure = one.start(); failure.failed()) {
    end_at_the_latest(stop_within_ms, failure.code);
    return fail(name, failure);
  }
  kit::log(kit::level::info, name, "host", std::string("stops after ") + wait_for_stop_signal());
  end_at_the_latest(stop_within_ms, exit_failed);
  one.stop();
  return exit_done;
}

int serve_dev(const config::cluster& cluster) {
  hold_stop_signals();
  raise_file_limit();
  kit::set_log_node("dev");
  auto registry = std::make_shared<prometheus::Registry>();
  const auto& first = cluster.nodes.front();
  std::unique_ptr<exposer> metrics;
  if (first.metrics_port != 0) {
    metrics = expose(first, registry);
    if (!metrics->trouble().empty())
      return fail(first.name, {exit_busy, metrics->trouble()});
  }
  auto threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
  kit::node_config config(system_options(cluster, threads));
  caf::actor_system system{config};
  std::atomic<std::size_t> not_ready{cluster.nodes.size()};
  std::vector<std::unique_ptr<node>> nodes;
  for (const auto& one : cluster.nodes) {
    node_options options;
    options.dial = false;
    options.on_ready = [&not_ready, &cluster] {
      if (--not_ready == 0)
        print_welcome(cluster, "dev");
    };
    nodes.push_back(std::make_unique<node>(system, cluster, one.name,
                                           std::make_shared<kit::metrics>(registry, one.name), options));
    if (auto failure = nodes.back()->start(); failure.failed()) {
      end_at_the_latest(stop_within_ms, failure.code);
      return fail(one.name, failure);
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t j = i + 1; j < nodes.size(); ++j)
      node::link(*nodes[i], *nodes[j]);
  kit::log(kit::level::info, "host", std::string("stops after ") + wait_for_stop_signal());
  end_at_the_latest(stop_within_ms, exit_failed);
  std::vector<std::thread> stops; // together: nobody is left to hand over to
  for (auto& one : nodes)
    stops.emplace_back([&one] { one->stop(); });
  for (auto& stop : stops)
    stop.join();
  return exit_done;
}

} // namespace troupe::host
