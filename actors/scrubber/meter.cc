#include "actors/scrubber/meter.h"
#include "actors/kit/mailbox.h"

namespace troupe::scrubber {

const char* name_of(finding what) {
  switch (what) {
  case finding::item:
    return "item";
  case finding::digest:
    return "digest";
  case finding::log:
    return "log";
  case finding::replica:
    return "replica";
  case finding::archive:
    return "archive";
  case finding::reference:
    return "reference";
  default:
    return "undecided";
  }
}

namespace {

prometheus::Counter& bytes_read(kit::metrics& m, const char* what) {
  return m.counter("troupe_scrub_read_bytes_total", "Bytes read again.", {{"what", what}});
}

prometheus::Counter& comparisons(kit::metrics& m, const char* result) {
  return m.counter("troupe_scrub_comparisons_total", "Comparisons of a group's members.",
                   {{"result", result}});
}

prometheus::Counter& proofs(kit::metrics& m, const char* result) {
  return m.counter("troupe_scrub_proofs_total",
                   "Comparisons of a group's members with what its archive makes of them.",
                   {{"result", result}});
}

prometheus::Counter& repairs(kit::metrics& m, const char* what) {
  return m.counter("troupe_scrub_repairs_total", "Repairs that findings led to.", {{"what", what}});
}

} // namespace

meters::meters(kit::metrics& m)
    : oldest_pass_seconds(m.gauge("troupe_scrub_oldest_pass_seconds",
                                  "For so long the replica that fares worst has not been read in full.")),
      oldest_comparison_seconds(
          m.gauge("troupe_scrub_oldest_comparison_seconds",
                  "For so long the group led here that fares worst has not had its members compared.")),
      oldest_proof_seconds(
          m.gauge("troupe_scrub_oldest_proof_seconds",
                  "For so long the group led here that fares worst has not been compared with its archive.")),
      archive_troubles(m.gauge("troupe_scrub_archive_troubles",
                               "Groups here whose archive is not whole, or that could not be proved by it.")),
      progress(m.gauge("troupe_scrub_progress", "Of the full pass under way, 0 to 1.")),
      item_bytes(bytes_read(m, "items")), log_bytes(bytes_read(m, "log")),
      archive_bytes(bytes_read(m, "archive")),
      passes(m.counter("troupe_scrub_passes_total", "Full passes over a replica that were completed.")),
      passes_failed(m.counter("troupe_scrub_passes_failed_total",
                              "Full passes over a replica that ended before all was read.")),
      equal(comparisons(m, "equal")), different(comparisons(m, "different")),
      inconclusive(comparisons(m, "none")), proved(proofs(m, "equal")), disproved(proofs(m, "different")),
      unproved(proofs(m, "none")), logs_mended(repairs(m, "log")), members_condemned(repairs(m, "replica")),
      archives_mended(repairs(m, "archive")), mailbox(kit::mailbox_depth(m, "scrubber")) {
  for (auto what : {finding::item, finding::digest, finding::log, finding::replica, finding::undecided,
                    finding::archive, finding::reference})
    findings[what] =
        &m.counter("troupe_scrub_findings_total", "Things found wrong.", {{"kind", name_of(what)}});
}

} // namespace troupe::scrubber
