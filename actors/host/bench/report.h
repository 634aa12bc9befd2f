// What a bench run measured, and how it is shown: a table for people, CSV for programs.
#pragma once
#include "actors/host/bench/hdr_histogram.h"
#include "actors/host/bench/pacer.h"
#include "actors/host/bench/ycsb.h"
#include <array>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace troupe::bench {

// How a request ended, as far as the bench is concerned. Only answered ones count for latency: a refusal is
// quick, and would make a server that refuses look fast.
enum class ending : std::uint8_t {
  ok,
  missing,  // a read that found nothing; counts as answered
  rejected, // OVERLOADED, THROTTLED: the server said no at once
  failed,   // any other error
  unknown,  // no answer within the deadline
};

// One kind of operation, of one thread or merged of all.
struct tally {
  hdr_histogram latency_us; // of answered requests
  std::uint64_t ok = 0;
  std::uint64_t missing = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;

  void count(ending how, std::uint64_t us);
  void merge(const tally& other);
  std::uint64_t answered() const { return ok + missing; }
  std::uint64_t total() const { return answered() + rejected + failed + unknown; }
};

// What one thread measured (800 KB); merged at the end of the run.
class measurements {
public:
  void count(operation_kind kind, ending how, std::uint64_t us) { of(kind).count(how, us); }
  void merge(const measurements& other);
  tally& of(operation_kind kind) { return tallies_[static_cast<std::size_t>(kind)]; }
  const tally& of(operation_kind kind) const { return tallies_[static_cast<std::size_t>(kind)]; }
  tally all() const;

private:
  std::array<tally, operation_kinds> tallies_;
};

// What was run. One run is one workload with one distribution of keys.
struct run_settings {
  std::string target; // "troupe", or what it is compared with
  load_options load;
  record_options record;
  std::optional<double> per_second; // open loop; absent: closed
  arrivals schedule = arrivals::poisson;
  double warm_up_seconds = 0; // not measured
};

struct run_result {
  run_settings settings;
  double seconds = 0; // measured
  measurements measured;
  std::optional<double> server_cpu_seconds; // summed over the server's processes, when it was measured
};

// A table of all runs: one line per kind of operation, and one for all of a run that has several.
std::string summary(const std::vector<run_result>& runs);

// The columns of csv(), in this order; new ones are added at the end.
std::string csv_header();
void csv(std::ostream& out, const run_result& run);

// "953 us", "1.20 ms", "3.45 s": three digits.
std::string people_time(std::uint64_t us);

} // namespace troupe::bench
