// The closed loop of `troupe bench`, for peers: so many clients, each of which asks again when it has its
// answer. Loads, records, warm-up, and what counts as measured are the same as there
// (actors/host/commands/bench_run.h).
#pragma once
#include "tests/bench/peer.h"
#include <vector>

namespace troupe::bench {

struct loop_settings {
  run_settings run;          // load.clients clients in all; never an open loop, nor read-modify-writes
  std::uint32_t threads = 1; // clients take turns among them; at most as many as clients
  double seconds = 10;       // measured, after run.warm_up_seconds
  std::vector<int> server_pids;
};

// What a record's fields hold, one after the other: the bytes that Troupe keeps under their names.
std::string value_of(const record_options& how, std::uint64_t record, std::uint64_t version);

// Writes records 0 .. records-1. Throws std::runtime_error when a write fails.
void load_records(const peer_maker& connect, const loop_settings& settings);

// Blocks until the run is over and every request answered. Throws std::runtime_error when there is no server
// any more, or it has answered nothing for half a minute.
run_result run_closed_loop(const peer_maker& connect, const loop_settings& settings);

} // namespace troupe::bench
