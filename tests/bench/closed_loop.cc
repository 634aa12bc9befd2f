#include "tests/bench/closed_loop.h"
#include "actors/host/commands/bench_run.h"
#include <algorithm>
#include <chrono>
#include <future>
#include <latch>
#include <optional>
#include <stdexcept>
#include <thread>

namespace troupe::bench {
namespace {

using steady = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30); // without any answer

// The clients of one thread. `next` gives a client's next operation, or nothing when it has no more; `ended`
// hears what became of each. Returns when no client has a request under way.
class lane {
public:
  using next_operation = std::function<std::optional<operation>(std::uint32_t client)>;
  using operation_ended = std::function<void(const operation& done, ending how, steady::time_point began,
                                             steady::time_point now)>;

  lane(peer& server, const record_options& records, std::uint32_t clients, next_operation next,
       operation_ended ended)
      : server_(server), records_(records), under_way_(clients), next_(std::move(next)),
        ended_(std::move(ended)) {}

  void run() {
    for (std::uint32_t client = 0; client < under_way_.size(); ++client)
      start(client);
    auto heard_last = steady::now();
    while (open_ > 0) {
      server_.step([&](std::uint32_t client, ending how) {
        heard_last = steady::now();
        ended_(under_way_[client].what, how, under_way_[client].began, heard_last);
        --open_;
        start(client);
      });
      if (steady::now() - heard_last > patience)
        throw std::runtime_error("no answer for half a minute");
    }
  }

private:
  struct request {
    operation what;
    steady::time_point began;
  };

  void start(std::uint32_t client) {
    const auto what = next_(client);
    if (!what)
      return;
    ++open_;
    under_way_[client] = {*what, steady::now()};
    if (what->kind == operation_kind::read)
      server_.read(client, key_of(what->record));
    else
      server_.write(client, key_of(what->record), value_of(records_, what->record, ++version_));
  }

  peer& server_;
  const record_options& records_;
  std::vector<request> under_way_; // by client
  next_operation next_;
  operation_ended ended_;
  std::size_t open_ = 0;
  std::uint64_t version_ = 0;
};

// Clients 0 .. clients-1 of all are dealt out to threads; client c of thread t is number t + c * threads.
std::uint32_t clients_of(const loop_settings& settings, std::uint32_t thread) {
  return (settings.run.load.clients - thread + settings.threads - 1) / settings.threads;
}

// Runs work(thread) in each thread; throws what the first of them to fail has thrown.
template <class Work>
void in_threads(std::uint32_t threads, Work work) {
  std::vector<std::future<void>> all;
  for (std::uint32_t thread = 0; thread < threads; ++thread)
    all.push_back(std::async(std::launch::async, work, thread));
  for (auto& one : all)
    one.wait();
  for (auto& one : all)
    one.get();
}

} // namespace

std::string value_of(const record_options& how, std::uint64_t record, std::uint64_t version) {
  msg::AttributeMap item;
  make_record(how, record, version, item);
  std::string value;
  value.reserve(static_cast<std::size_t>(how.fields) * static_cast<std::size_t>(how.field_bytes));
  for (const auto& attribute : item.attributes())
    if (attribute.name() != how.key_attribute)
      value += attribute.value().s();
  return value;
}

void load_records(const peer_maker& connect, const loop_settings& settings) {
  in_threads(settings.threads, [&](std::uint32_t thread) {
    const auto clients = clients_of(settings, thread);
    auto server = connect(clients);
    std::uint64_t record = thread;
    lane(
        *server, settings.run.record, clients,
        [&](std::uint32_t) -> std::optional<operation> {
          if (record >= settings.run.load.records)
            return std::nullopt;
          const operation load{operation_kind::insert, record};
          record += settings.threads;
          return load;
        },
        [](const operation& done, ending how, auto, auto) {
          if (how != ending::ok)
            throw std::runtime_error("record " + std::to_string(done.record) + " could not be loaded");
        })
        .run();
  });
}

run_result run_closed_loop(const peer_maker& connect, const loop_settings& settings) {
  const auto duration = [](double seconds) {
    return std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds));
  };
  std::vector<measurements> measured(settings.threads);
  steady::time_point from, to; // what ends between them is measured
  std::latch connected(settings.threads + 1), started(1);
  auto threads = std::async(std::launch::async, [&] {
    in_threads(settings.threads, [&](std::uint32_t thread) {
      const auto clients = clients_of(settings, thread);
      std::vector<operation_stream> streams;
      for (std::uint32_t client = 0; client < clients; ++client)
        streams.emplace_back(settings.run.load, thread + client * settings.threads);
      std::unique_ptr<peer> server;
      try {
        server = connect(clients);
      } catch (...) {
        connected.count_down();
        throw;
      }
      connected.count_down();
      started.wait();
      lane(
          *server, settings.run.record, clients,
          [&](std::uint32_t client) -> std::optional<operation> {
            if (steady::now() >= to)
              return std::nullopt;
            return streams[client].next();
          },
          [&](const operation& done, ending how, steady::time_point began, steady::time_point now) {
            if (now < from || now >= to)
              return;
            const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - began);
            measured[thread].count(done.kind, how, static_cast<std::uint64_t>(took.count()));
          })
          .run();
    });
  });
  connected.arrive_and_wait();
  from = steady::now() + duration(settings.run.warm_up_seconds);
  to = from + duration(settings.seconds);
  started.count_down();
  std::this_thread::sleep_until(from);
  const auto before = commands::cpu_seconds_of(settings.server_pids);
  std::this_thread::sleep_until(to);
  const auto after = commands::cpu_seconds_of(settings.server_pids);
  threads.get();
  if (!before || !after)
    throw std::runtime_error("the CPU time of a server cannot be read; does it still run?");

  run_result result;
  result.settings = settings.run;
  result.seconds = settings.seconds;
  for (const auto& one : measured)
    result.measured.merge(one);
  if (!settings.server_pids.empty())
    result.server_cpu_seconds = *after - *before;
  return result;
}

} // namespace troupe::bench
