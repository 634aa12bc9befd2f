// A look over a whole archive, without the cluster: what lies there of each group, and whether all of it is
// sound and follows on itself. What `troupe archive list` and `verify` show.
//
// `names` believes the names of objects and reads one manifest per group, for its table; `bytes` reads every
// segment, computes every link, and compares segments where they overlap.
//
// Thread: one owner. Blocking, a group at a time; holds one segment, and the links of another.
#pragma once
#include "actors/core/archive/names.h"
#include "storage/archive/object_store.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::history {

enum class survey_depth { names, bytes };

struct group_survey {
  archive::place whose;
  bool named = false;  // the following four were read: in the newest segment that can be, or a snapshot
  std::string cluster; // its name, and
  std::string table;   // the table's
  std::string from;    // the partition's range of encoded keys
  std::string to;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0; // of the objects
  std::uint64_t first = 0; // of the entries that are there
  std::uint64_t last = 0;
  std::int64_t first_time_ms = 0; // of commands, Unix time; 0: not known
  std::int64_t last_time_ms = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t newest_snapshot = 0; // index of the newest that is sound; 0: there is none
  std::uint64_t damaged = 0;         // objects; another may hold the same
  std::vector<std::string> findings; // why it is not whole; at most findings_max of them
  std::vector<std::string> notes;    // damage that another segment makes good, and what is no segment

  // --- for who repairs it; `bytes` only, but for the holes' indexes
  // Entries that no sound segment holds, though one behind them does; ascending, at most holes_max of them.
  // The links are those that the archive has on both sides: what is put there must fit between them.
  struct hole {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::optional<std::uint64_t> before; // of the entry before the first
    std::optional<std::uint64_t> after;  // of the last
  };
  std::vector<hole> holes;
  std::optional<std::uint64_t> last_link;        // of entry `last`
  std::uint64_t foreign = 0;                     // segments of another history than what lies before them
  std::vector<archive::extent> damaged_segments; // ascending; at most holes_max
  std::uint64_t newest_damaged_snapshot = 0;     // index; 0: none is damaged

  bool whole() const { return findings.empty(); }
};
inline constexpr std::size_t findings_max = 20;
inline constexpr std::size_t holes_max = 1000;

class survey {
public:
  // The store outlives it. `within`: a group's folder, and only that one is looked at; empty: all.
  survey(storage::object_store& store, survey_depth depth, std::string within = {})
      : store_(store), depth_(depth), within_(std::move(within)) {}

  // The next group, in the order of clusters, tables and groups; nothing behind the last. Errors of the
  // store.
  storage::result<std::optional<group_survey>> next();
  std::uint64_t strangers() const { return strangers_; } // objects that lie in no group's folder

private:
  struct object {
    archive::extent what;
    std::string name;
    std::uint64_t bytes = 0;
  };
  storage::result<bool> more();
  struct marks; // links that snapshots have at their entries
  storage::result<void> look(group_survey& found, std::vector<object>& objects,
                             const std::vector<archive::snapshot_id>& snapshots);
  storage::result<void> look(group_survey& found, const archive::snapshot_id& snapshot, marks& links);
  storage::result<void> read_newest(group_survey& found, std::vector<object> objects,
                                    const std::vector<archive::snapshot_id>& snapshots);

  storage::object_store& store_;
  survey_depth depth_;
  std::string within_;
  std::vector<storage::object_info> page_;
  std::size_t at_ = 0; // in the page
  std::string after_;
  bool ended_ = false;
  std::uint64_t strangers_ = 0;
};

} // namespace troupe::history
