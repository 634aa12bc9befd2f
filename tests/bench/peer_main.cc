#include "tests/bench/peer_main.h"
#include "tests/bench/closed_loop.h"
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace troupe::bench {
namespace {

struct wish {
  peer_address where;
  std::vector<std::string> workloads{"a"};
  std::string distribution = "zipfian";
  std::string csv;
  int size = 1'000;
  bool no_load = false;
  loop_settings loop;
};

void add_options(CLI::App& app, wish& w) {
  auto& load = w.loop.run.load;
  app.add_option("--at", w.where.servers, "HOST:PORT of the servers")->delimiter(',')->required();
  app.add_option("--connections", w.where.connections, "Connections of all clients; 0: one for each client")
      ->capture_default_str();
  app.add_option("--workload", w.workloads, "a, b, c or insert: see troupe bench --help")
      ->delimiter(',')
      ->check(CLI::IsMember({"a", "b", "c", "insert"}, CLI::ignore_case))
      ->capture_default_str();
  app.add_option("--distribution", w.distribution, "Which keys are asked for")
      ->check(CLI::IsMember({"uniform", "zipfian"}))
      ->capture_default_str();
  app.add_option("--items", load.records, "Records in the store")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--size", w.size, "Bytes of a record")
      ->check(CLI::Range(10, 380'000))
      ->capture_default_str();
  app.add_option("--clients", load.clients, "Requests under way at once")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  app.add_option("--threads", w.loop.threads, "Threads to spread the clients over")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--seconds", w.loop.seconds, "Measured time of each run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warmup", w.loop.run.warm_up_seconds, "Seconds before that, not measured")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", load.seed, "Of keys and values")->capture_default_str();
  app.add_flag("--no-load", w.no_load, "The store holds the records already");
  app.add_option("--csv", w.csv, "Write the results to this file, too")->type_name("FILE");
  app.add_option("--server-pid", w.loop.server_pids, "Add up the CPU time of these processes")
      ->delimiter(',')
      ->type_name("PID");
}

int run(wish& w, const peer_program& program) {
  auto& settings = w.loop.run;
  settings.target = program.target;
  settings.record.field_bytes = std::max(w.size / settings.record.fields, 1);
  settings.record.seed = settings.load.seed;
  settings.load.keys = w.distribution == "uniform" ? distribution::uniform : distribution::zipfian;
  w.loop.threads = std::min(w.loop.threads, settings.load.clients);
  w.where.threads = w.loop.threads;
  const auto connect = program.find(w.where);
  if (!w.no_load)
    load_records(connect, w.loop);
  std::vector<run_result> runs;
  for (const auto& name : w.workloads) {
    settings.load.which = workload_from(name).value();
    runs.push_back(run_closed_loop(connect, w.loop));
  }
  std::cout << summary(runs);
  if (w.csv.empty())
    return 0;
  std::ofstream file(w.csv, std::ios::binary);
  file << csv_header();
  for (const auto& one : runs)
    csv(file, one);
  if (!file.flush())
    throw std::runtime_error("cannot write " + w.csv);
  return 0;
}

} // namespace

int peer_main(const peer_program& program, int argc, char** argv) {
  wish w;
  w.where.connections = program.connections;
  w.loop.run.load.clients = 64;
  w.loop.run.warm_up_seconds = 2;
  CLI::App app{program.about};
  add_options(app, w);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }
  try {
    return run(w, program);
  } catch (const std::exception& failure) {
    std::cerr << argv[0] << ": " << failure.what() << '\n';
    return 1;
  }
}

} // namespace troupe::bench
