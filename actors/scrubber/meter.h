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
  archive,   // objects of the archive that are damaged or missing, or of another history
  reference, // members that agree with each other, and are not what the archive makes of their group
};
const char* name_of(finding what);

struct meters {
  explicit meters(kit::metrics& m);
  prometheus::Gauge& oldest_pass_seconds;
  prometheus::Gauge& oldest_comparison_seconds;
  prometheus::Gauge& oldest_proof_seconds;
  prometheus::Gauge& archive_troubles;
  prometheus::Gauge& progress;
  prometheus::Counter& item_bytes;
  prometheus::Counter& log_bytes;
  prometheus::Counter& archive_bytes;
  prometheus::Counter& passes;
  prometheus::Counter& passes_failed;
  prometheus::Counter& equal;
  prometheus::Counter& different;
  prometheus::Counter& inconclusive;
  prometheus::Counter& proved;
  prometheus::Counter& disproved;
  prometheus::Counter& unproved;
  std::map<finding, prometheus::Counter*> findings;
  prometheus::Counter& logs_mended;
  prometheus::Counter& members_condemned;
  prometheus::Counter& archives_mended;
  prometheus::Histogram& mailbox;
};

} // namespace troupe::scrubber
