// What the scrubber counts: docs/metrics.md.
#pragma once
#include "actors/kit/metrics.h"
#include <map>
#include <string>

namespace troupe::scrubber {

enum class finding {
  item,      // records or index entries that do not fit their checksums, or are not where they should be
  digest,    // items that are not those that were written, though each is sound
  log,       // unreadable log entries
  replica,   // a member that disagrees with the others, who agree
  undecided, // members that disagree, and nobody can say who is right
};
const char* name_of(finding what);

struct meters {
  explicit meters(kit::metrics& m);
  prometheus::Gauge& oldest_pass_seconds;
  prometheus::Gauge& oldest_comparison_seconds;
  prometheus::Gauge& progress;
  prometheus::Counter& item_bytes;
  prometheus::Counter& log_bytes;
  prometheus::Counter& passes;
  prometheus::Counter& equal;
  prometheus::Counter& different;
  prometheus::Counter& inconclusive;
  std::map<finding, prometheus::Counter*> findings;
  prometheus::Counter& logs_mended;
  prometheus::Counter& members_condemned;
  prometheus::Histogram& mailbox;
};

} // namespace troupe::scrubber
