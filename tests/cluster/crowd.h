// Nodes with many replicas: how soon they serve after a start, and what they cost when nobody asks anything.
#pragma once
#include "tests/cluster/harness.h"
#include <string>
#include <vector>

namespace troupe::cluster_test {

// Since the nodes were started; below zero: not within the time given.
struct served {
  double first_ms = -1; // the first write through that node's router
  double all_ms = -1;   // every key was written and read again through it: all partitions, whoever leads them
  double follow_ms = -1; // all replicas of that node know a leader and have applied what it had
};

// Starts these nodes, which are down, and waits until the first of them serves the table: `keys` items, so
// many that every partition has some. A node alone comes back as a follower; when all start, it leads some.
// follow_ms is found out only if asked for: it takes as long as nodes take to report.
served start_and_serve(cluster& nodes, const std::vector<std::string>& down, const std::string& table,
                       int keys, milliseconds within, bool until_all_follow = true);

// All running nodes together.
struct cost {
  double cpu_percent = 0; // of one core
  double resident_mib = 0;
};
cost measure_idle(cluster& nodes, milliseconds time);

} // namespace troupe::cluster_test
