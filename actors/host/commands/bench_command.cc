// bench: how fast is this cluster?
#include "actors/host/commands/bench_run.h"
#include "actors/host/commands/command.h"
#include <CLI/CLI.hpp>
#include <fstream>
#include <ostream>

namespace troupe::commands {

namespace {

constexpr std::size_t load_at_once = 256;
constexpr std::size_t open_loop_in_flight =
    16'384; // per session; more waiting than that is a server that is down

struct wish {
  std::vector<std::string> workloads{"a"};
  std::vector<std::string> distributions{"zipfian"};
  std::string table = "bench";
  std::string csv;
  std::string schedule = "poisson";
  std::uint64_t items = 100'000;
  int size = 1'000;
  std::uint32_t clients = 64;
  std::uint32_t threads = 1;
  std::uint32_t partitions = 6;
  double rate = 0;
  double seconds = 10;
  double warmup = 2;
  std::uint64_t seed = 1;
  bool no_load = false;
  std::vector<int> server_pids;
};

bench::record_options records_of(const wish& w) {
  bench::record_options how;
  how.field_bytes = std::max(w.size / how.fields, 1);
  how.seed = w.seed;
  return how;
}

// Makes the table unless it is there; refuses one with other keys.
int prepare_table(const wish& w, const command& c, client::session& session) {
  auto how = records_of(w);
  msg::KeySchema keys;
  keys.mutable_partition()->set_name(how.key_attribute);
  keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
  auto table = session.call(client::create_table{.name = w.table, .keys = keys, .partitions = w.partitions});
  if (!table.ok() && table.status.code() != msg::TABLE_IN_USE)
    return c.report(table.status, session);
  table = session.call(client::describe_table{.name = w.table});
  if (!table.ok())
    return c.report(table.status, session);
  if (table.table.keys().SerializeAsString() != keys.SerializeAsString()) {
    c.io.complain("table " + w.table + " has other keys than the bench, which wants " + how.key_attribute +
                      ":S",
                  "Name another table with --table.");
    return exit_code::refused;
  }
  return exit_code::ok;
}

int load(const wish& w, const command& c, const sessions& through) {
  auto progress = [&](std::uint64_t done) {
    if (c.io.person)
      *c.io.err << "\rloading " << w.items << " items: " << done * 100 / std::max<std::uint64_t>(w.items, 1)
                << " %" << std::flush;
  };
  auto status = load_records(through, w.table, records_of(w), w.items, load_at_once, progress);
  if (c.io.person)
    *c.io.err << "\r\x1b[K" << std::flush;
  return c.report(status, *through.front());
}

bench_settings settings_of(const wish& w, const std::string& workload, const std::string& distribution) {
  bench_settings s;
  s.table = w.table;
  s.seconds = w.seconds;
  s.server_pids = w.server_pids;
  s.run.target = "troupe";
  s.run.record = records_of(w);
  s.run.warm_up_seconds = w.warmup;
  s.run.load.which = bench::workload_from(workload).value_or(bench::workload::a);
  s.run.load.keys = distribution == "uniform" ? bench::distribution::uniform : bench::distribution::zipfian;
  s.run.load.records = w.items;
  s.run.load.seed = w.seed;
  s.run.load.clients = w.clients;
  s.run.schedule = w.schedule == "fixed" ? bench::arrivals::fixed : bench::arrivals::poisson;
  if (w.rate > 0)
    s.run.per_second = w.rate;
  return s;
}

int write_csv(const wish& w, const command& c, const std::vector<bench::run_result>& runs) {
  std::ofstream file(w.csv, std::ios::binary);
  file << bench::csv_header();
  for (const auto& run : runs)
    bench::csv(file, run);
  file.flush();
  if (file)
    return exit_code::ok;
  c.io.complain("cannot write " + w.csv);
  return exit_code::failed;
}

int run(const wish& w, const command& c, sessions& through) {
  if (auto code = prepare_table(w, c, *through.front()); code != exit_code::ok)
    return code;
  if (!w.no_load)
    if (auto code = load(w, c, through); code != exit_code::ok)
      return code;
  std::vector<bench::run_result> runs;
  for (const auto& workload : w.workloads)
    for (const auto& distribution : w.distributions) {
      if (c.io.person)
        *c.io.err << "running " << workload << ", " << distribution << ", for " << w.warmup + w.seconds
                  << " s\n";
      runs.push_back(run_bench(through, settings_of(w, workload, distribution)));
    }
  *c.io.out << bench::summary(runs);
  return w.csv.empty() ? exit_code::ok : write_csv(w, c, runs);
}

} // namespace

void add_bench_command(CLI::App& app, const command_ptr& c) {
  auto w = std::make_shared<wish>();
  auto* sub = app.add_subcommand("bench", "Measure a cluster with YCSB's loads");
  sub->add_option("--workload", w->workloads,
                  "a: half reads, half updates; b: 95 % reads; c: reads; f: half reads, half "
                  "read-modify-writes; insert")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"a", "b", "c", "f", "insert"}, CLI::ignore_case))
      ->capture_default_str();
  sub->add_option("--distribution", w->distributions, "Which keys are asked for")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"uniform", "zipfian"}))
      ->capture_default_str();
  sub->add_option("--items", w->items, "Items in the table")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--size", w->size, "Bytes of an item's ten fields together")
      ->check(CLI::Range(10, 380'000))
      ->capture_default_str();
  sub->add_option("--clients", w->clients, "Requests under way at once, in a closed loop")
      ->check(CLI::Range(1, 65'536))
      ->capture_default_str();
  sub->add_option("--rate", w->rate,
                  "Requests per second in an open loop, latency from the intended start; else closed")
      ->check(CLI::PositiveNumber);
  sub->add_option("--schedule", w->schedule, "Of an open loop")
      ->check(CLI::IsMember({"poisson", "fixed"}))
      ->capture_default_str();
  sub->add_option("--seconds", w->seconds, "Measured time of each run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--warmup", w->warmup, "Seconds before that, not measured")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option("--table", w->table, "Table; made unless it is there")->capture_default_str();
  sub->add_option("--partitions", w->partitions, "Of a table that is made")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--threads", w->threads,
                  "Sessions to spread the clients over, each with threads of its own")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_option("--seed", w->seed, "Of keys and values: the same seed asks for the same")
      ->capture_default_str();
  sub->add_flag("--no-load", w->no_load, "The table holds the items already");
  sub->add_option("--csv", w->csv, "Write the results to this file, too")->type_name("FILE");
  sub->add_option("--server-pid", w->server_pids, "Add up the CPU time of these processes")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("PID");
  sub->footer(R"(Examples:
  troupe bench
  troupe bench --workload a,b,c --distribution uniform,zipfian --seconds 30 --csv results.csv
  troupe bench --workload c --no-load --rate 20000)");
  c->add_alone(*sub, [c = c.get(), w] {
    auto o = c->options();
    o.in_flight = w->rate > 0 ? open_loop_in_flight : std::max<std::size_t>(w->clients, load_at_once);
    sessions through;
    for (std::uint32_t i = 0; i < w->threads; ++i) {
      auto opened = c->open(o);
      if (!opened)
        return exit_code::failed;
      through.push_back(std::move(opened));
    }
    return run(*w, *c, through);
  });
}

} // namespace troupe::commands
