// A client of the group: one operation at a time, on a few keys that all clients share, retried under the
// same request id until it is answered or its deadline has passed.
//
// What may be said about an operation that was tried more than once is decided here, as a router would have
// to: an attempt that was neither answered nor turned away may still take effect, so a refusal or a failure
// is certain only when no such attempt is left. An uncertain one is recorded as of unknown outcome.
#pragma once
#include "tests/linearizability/history.h"
#include "tests/sim/members/cluster.h"
#include <map>
#include <set>
#include <string>

namespace troupe::sim {

struct load_counters {
  std::uint64_t writes = 0; // acknowledged
  std::uint64_t reads = 0;  // strong, answered
  std::uint64_t eventual_reads = 0;
  std::uint64_t refused = 0; // conditions that did not hold
  std::uint64_t unknown = 0;
  std::uint64_t failed = 0; // certainly not done
  std::uint64_t retries = 0;
  instant last_write = 0;       // global time of the newest acknowledged write
  instant last_write_asked = 0; // and when it had been asked for
};

class client {
public:
  client(cluster& c, unsigned number, linearizability::recorder& history, load_counters& counters);

  void start() { think(); }
  void stop() { stopped_ = true; }
  bool idle() const { return !busy_; }

private:
  void think();
  void begin();
  void attempt();
  void hear(const reply& r);
  void finish(linearizability::outcome how, const reply& last);
  request draw();

  cluster& cluster_;
  world& world_;
  const std::uint64_t number_;
  linearizability::recorder& history_;
  load_counters& counters_;
  bool stopped_ = false;

  bool busy_ = false;
  request current_;
  linearizability::recorder::handle recorded_ = 0;
  instant asked_ = 0;
  instant deadline_ = 0;
  std::set<std::uint32_t> open_; // attempts that may still take effect
  std::uint64_t sequence_ = 0;
  node_id target_ = 1;
  std::map<std::string, std::optional<std::string>> last_seen_;
};

} // namespace troupe::sim
