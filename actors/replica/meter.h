// The replicas' metric handles. All replicas of a node share the series: a node may have a thousand of them.
#pragma once
#include "actors/core/paxos/group.h"
#include "actors/kit/metrics.h"

namespace troupe::replica {

struct meters {
  explicit meters(kit::metrics& m); // one replica more
  ~meters();                        // and one less, also when its actor failed
  meters(const meters&) = delete;
  meters& operator=(const meters&) = delete;

  prometheus::Histogram& write_seconds;
  prometheus::Histogram& read_seconds;
  prometheus::Histogram& apply_seconds;
  prometheus::Histogram& flush_items;
  prometheus::Histogram& mailbox;
  prometheus::Counter& writes;
  prometheus::Counter& reads;
  prometheus::Counter& scans;
  prometheus::Counter& refusals;
  prometheus::Counter& moved;
  prometheus::Counter& repeated;
  prometheus::Counter& chosen;
  prometheus::Counter& strangers;
  prometheus::Counter& elections_started;
  prometheus::Counter& elections_won;
  prometheus::Counter& pre_votes_dropped;
  prometheus::Counter& stepped_down;
  prometheus::Counter& leases_lost;
  prometheus::Counter& ignored;
  prometheus::Counter& links_refused;
  prometheus::Counter& snapshots_installed;
  prometheus::Counter& snapshot_chunks_sent;
  prometheus::Gauge& replicas;
  prometheus::Gauge& leaders;
  prometheus::Gauge& overlay_bytes;

  // Adds what the core has counted since the last call.
  void count(const struct paxos::counters& now);
  void forget_counts() { seen_ = {}; } // the core is a new one
  // Gauges are sums over replicas: each adds its own change.
  void show(bool leads, std::size_t overlay_size);

private:
  struct paxos::counters seen_;
  bool shown_leads_ = false;
  std::size_t shown_overlay_ = 0;
};

} // namespace troupe::replica
