// What the archiver counts, and what it should be looked at for.
#pragma once
#include "actors/kit/metrics.h"
#include <array>
#include <cstddef>

namespace troupe::archiver {

// The first that holds of a group is its alarm.
enum class alarm {
  none,
  stuck,       // the archive holds another history than the log
  unsound,     // what the log gave is no log; nothing was uploaded
  damaged,     // every copy of the next entries is damaged
  refusing,    // so much is not archived that writes are refused
  gap,         // the archive ends below where the log begins
  unreachable, // the store has failed several times in a row
  behind,      // much is not archived
};
inline constexpr std::size_t alarms = 8;
const char* name_of(alarm which);

struct meters {
  explicit meters(kit::metrics& m);
  prometheus::Counter& uploads;
  prometheus::Counter& upload_bytes;
  prometheus::Counter& read_backs;
  prometheus::Counter& snapshots;
  prometheus::Counter& failures;
  prometheus::Counter& damaged;
  prometheus::Gauge& behind_bytes;
  prometheus::Gauge& behind_seconds;
  std::array<prometheus::Gauge*, alarms> raised; // groups, by alarm; none's is null
  prometheus::Histogram& mailbox;
};

} // namespace troupe::archiver
