// The log of every replica on a node, in one SQLite file, so that one sync serves all groups that have
// something to say. It keeps what an acceptor must not forget: hard states, entries, and a mark of how far
// each log once reached, by which a log that lost its end is told from one that never had it.
//
// Entries lie in runs: one row holds what one append brought for one group (docs/decisions/010-log-layout.md,
// docs/formats.md "Log file"). Which run holds an index is known in memory and read from the rows at open.
//
// Threads: one owner. Blocking. Errors: see result.h; after `full` or `io` the store goes on from the state
// before the call. After `io_fatal` it must not be used.
#pragma once
#include "messages/replication.pb.h"
#include "storage/result.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

struct log_options {
  std::uint64_t checkpoint_bytes = 8u << 20; // maintain() moves the WAL into the file past that
  std::uint64_t wal_bytes_max = 32u << 20;   // append() does it itself past that
  std::size_t cache_bytes = 8u << 20;
  std::string vfs; // a registered SQLite VFS; empty for the system's own
};

// What lies just before a log's first entry: that entry and those before it are gone.
struct log_base {
  std::uint64_t index = 0;
  std::uint64_t link = 0;
  msg::Ballot ballot;
};

// What one group wants written. Parts take effect in the order in which they stand here.
struct log_write {
  std::uint64_t group = 0;
  bool create = false;           // the group must not be here yet; without it, it must
  std::optional<log_base> reset; // forget all entries, continue after this base
  std::optional<msg::HardState> hard_state;
  // Ascending, without holes, beginning at or below last + 1 and above the base. Each replaces what is at its
  // index; those above stay. Links must be right: a wrong one is a broken invariant.
  std::vector<std::shared_ptr<const msg::Entry>> entries;
  // As truncate(), but when the entry there is unreadable nothing is truncated and the rest is written.
  std::optional<std::uint64_t> truncate_up_to;
};

enum class log_verdict {
  whole,   // everything that was ever acknowledged is here
  damaged, // some entries are unreadable, everything else is here: fetch those from peers, append them again
  lost,    // entries or promises are gone: this member must not vote under its identity again
};

struct loaded_log {
  log_verdict verdict = log_verdict::whole;
  std::string what; // for people, when not whole
  msg::HardState hard_state;
  log_base base;
  std::vector<msg::Entry> entries;    // of (base, mark], ascending; holes exactly at `damaged` unless lost
  std::vector<std::uint64_t> damaged; // indices, ascending
  std::uint64_t mark = 0;             // the highest index ever accepted since the base; the base when none
};

struct log_stats {
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t groups = 0;
  std::uint64_t entries = 0;
  std::uint64_t entry_bytes = 0; // of runs that hold at least one live entry
  std::uint64_t runs = 0;
  std::uint64_t garbage_runs = 0; // dead, not yet deleted
  std::uint64_t garbage_bytes = 0;
  std::uint64_t damaged_runs = 0; // unreadable rows, left where they are
  std::uint64_t syncs = 0;        // since open, as are those below
  std::uint64_t appended_entries = 0;
  std::uint64_t appended_bytes = 0;
  std::uint64_t checkpoints = 0;
};

// One slice of reading a group's log again.
struct log_slice {
  std::uint64_t next = 0; // go on from there; 0: the end was reached
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  std::vector<std::uint64_t> damaged; // indices of entries that are unreadable, ascending
  bool rows_put_back = false; // what the file said of the group was not what this store knows, and is again
};

class log_store {
public:
  // Opens or creates. `corrupt` when SQLite cannot read the file, or when its write-ahead log has lost
  // transactions that had been synced: then all groups in it are lost, see docs/formats.md.
  static result<std::unique_ptr<log_store>> open(const std::string& path, const log_options& options = {});
  ~log_store();
  log_store(const log_store&) = delete;
  log_store& operator=(const log_store&) = delete;

  // All of it in one transaction and one sync, or nothing of it. Durable when it returns success.
  // `missing`: a group that is not here (check holds() when writes may outlive their group).
  // `refused`: create of a group that is here, or truncation past its last entry.
  result<void> append(const std::vector<log_write>& batch);

  // Entries of [from, to], verified, as many as fit into max_bytes of payload but at least one; empty when
  // `from` is past the last. `missing` at or below the base, `corrupt` when the first wanted entry is
  // unreadable.
  result<std::vector<msg::Entry>> read(std::uint64_t group, std::uint64_t from, std::uint64_t to,
                                       std::size_t max_bytes);

  // Reads entries from `from` on (or from the first one above it) and verifies them, as load() does; at least
  // those of one run, and past max_bytes no further one. Past the last entry: nothing.
  result<log_slice> check(std::uint64_t group, std::uint64_t from, std::size_t max_bytes);
  // What SQLite has in memory is no proof of what lies on the disk: call it before a pass of check().
  result<void> forget_cached();

  // Puts chosen entries, consecutive and unreadable here, back where they were. `refused` when they do not
  // follow from the entry before them or are not of this log.
  result<void> mend(std::uint64_t group, const std::vector<std::shared_ptr<const msg::Entry>>& entries);

  // Everything of one group, verified. `missing` when there is no such group.
  result<loaded_log> load(std::uint64_t group);

  // Forgets entries up to there, inclusive; the base moves to it. At or below the base: does nothing.
  // Above the last entry: refused. `corrupt` when the entry there is unreadable, as its link is needed. One
  // transaction, one sync; cheaper as a part of append().
  result<void> truncate(std::uint64_t group, std::uint64_t up_to);

  // Forgets the group. Does nothing when it is not here.
  result<void> remove_group(std::uint64_t group);

  bool holds(std::uint64_t group) const;
  std::vector<std::uint64_t> list_groups() const;       // ascending
  std::uint64_t last_index(std::uint64_t group) const;  // 0 when it is not here
  std::uint64_t entry_bytes(std::uint64_t group) const; // about, of its live entries

  // Housekeeping that no answer waits for: moves the WAL into the file and deletes dead runs, scattered ones
  // too (log_garbage.h). Does one bounded slice and says whether more is due. Call it when maintenance_due()
  // and there is nothing to append.
  bool maintenance_due() const;
  result<bool> maintain();

  // Moves all of the WAL into the file now.
  result<void> checkpoint();

  log_stats stats() const;

private:
  struct state;
  explicit log_store(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace troupe::storage
