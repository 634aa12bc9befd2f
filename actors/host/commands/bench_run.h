// One run of `troupe bench`: many clients over a few sessions, in a closed or an open loop, for a while.
//
// A closed loop has so many clients, each of which asks again as soon as it has its answer. An open loop
// starts requests on a schedule, and counts latency from the intended start: what a stall makes late counts
// as late. Loads, schedules and histograms are actors/host/bench; this file brings them and the client
// together.
#pragma once
#include "actors/client/client.h"
#include "actors/host/bench/report.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::commands {

using sessions = std::vector<std::unique_ptr<client::session>>;

struct bench_settings {
  bench::run_settings run;
  std::string table;
  double seconds = 10;          // measured, after run.warm_up_seconds
  std::vector<int> server_pids; // whose CPU time is added up; may be empty
};

// Blocks until the run is over and every request answered. A client belongs to one session: they take turns.
bench::run_result run_bench(const sessions& through, const bench_settings& settings);

// Writes records 0 .. records-1, `at_once` requests at a time; `progress` hears now and then how many are
// done. Returns the first status that is not OK, after which nothing more is sent.
msg::Status load_records(const sessions& through, const std::string& table, const bench::record_options& how,
                         std::uint64_t records, std::size_t at_once,
                         const std::function<void(std::uint64_t)>& progress);

// User and system time of running processes since they started; nothing when one of them cannot be read.
std::optional<double> cpu_seconds_of(const std::vector<int>& pids);

} // namespace troupe::commands
