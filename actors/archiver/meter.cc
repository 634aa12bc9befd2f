#include "actors/archiver/meter.h"
#include "actors/kit/mailbox.h"

namespace troupe::archiver {

const char* name_of(alarm which) {
  static constexpr std::array<const char*, alarms> names{"none",     "stuck", "unsound",     "damaged",
                                                         "refusing", "gap",   "unreachable", "behind"};
  return names[static_cast<std::size_t>(which)];
}

meters::meters(kit::metrics& m)
    : uploads(m.counter("troupe_archive_uploads_total", "Objects put into the archive.")),
      upload_bytes(m.counter("troupe_archive_upload_bytes_total", "Bytes put into the archive.")),
      read_backs(m.counter("troupe_archive_read_backs_total",
                           "Objects of the archive that were read back and found right.")),
      snapshots(
          m.counter("troupe_archive_snapshots_total", "Snapshots of items that were archived by this node.")),
      failures(
          m.counter("troupe_archive_failures_total", "Work for the archive that failed and is tried again.")),
      damaged(m.counter("troupe_archive_damaged_total", "Objects of the archive that were found damaged.")),
      behind_bytes(m.gauge("troupe_archive_behind_bytes",
                           "Committed log that is not archived, of all replicas here.")),
      behind_seconds(m.gauge("troupe_archive_behind_seconds", "For how long the oldest of it has not been.")),
      mailbox(kit::mailbox_depth(m, "archiver")) {
  raised[0] = nullptr;
  for (std::size_t i = 1; i < alarms; ++i)
    raised[i] = &m.gauge("troupe_archive_alarms", "Replicas whose log has an alarm about the archive.",
                         {{"alarm", name_of(static_cast<alarm>(i))}});
}

} // namespace troupe::archiver
