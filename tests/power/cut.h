// The power cut: takes back, in a data directory whose processes are all dead, what no sync had made durable.
//
// A disk keeps of that what it likes: nothing, all, the first so many writes, or any of them, torn at the
// borders of sectors. The seed chooses, for each file by itself and for the entries of directories, of which
// those are at risk that no sync of their directory has followed. A rename happens or does not; a created
// file's entry needs its directory's sync.
#pragma once
#include <cstdint>
#include <string>

namespace troupe::power {

enum class loss {
  any,        // as the seed says
  everything, // all that was not synced
};

struct cut_report {
  std::uint64_t records = 0;     // in the journal
  std::uint64_t writes = 0;      // and changes of size, that were not synced
  std::uint64_t writes_lost = 0; // of them, wholly or in part
  std::uint64_t entries = 0;     // of directories, not synced
  std::uint64_t entries_lost = 0;
};

// Begins the journal anew afterwards. Throws std::runtime_error when something does not fit together: then
// the layer has missed something.
cut_report cut(const std::string& side, std::uint64_t seed, loss how = loss::any);

} // namespace troupe::power
