// The items of one storage replica, in one SQLite file, together with the log index they stand at. A batch of
// changes and the index it brings them to are one transaction; it is synced lazily, because the log that
// produced it is durable and is truncated only below durable().index.
//
// Every record carries a checksum over key and value that is verified whenever it is read. docs/formats.md,
// "Item file".
//
// Threads: one owner. Blocking. Errors: see result.h; after `full` or `io` the store goes on from the state
// before the call. After `io_fatal` it must not be used.
#pragma once
#include "messages/replication.pb.h"
#include "storage/result.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::storage {

// How much a record counts as, to whoever asks how much there is. Must always say the same of the same bytes.
using record_size = std::uint64_t (*)(std::string_view key, std::string_view value);
// A record's entry in one of the file's indexes.
struct item_entry {
  std::uint32_t index = 0; // from 1
  std::string key;         // among those of the index
  std::string value;       // what it shows; empty: the record's own value
};

// By what the entries of records are made. The same record must have the same entries always, one in each
// index at most.
struct entry_rules {
  std::size_t indexes = 0; // 0: there are none
  std::string definitions; // names the rules: when others were in force before, all entries are made anew
  // Appends the record's entries, ascending by index. False: it is not such a record.
  std::function<bool(std::string_view key, std::string_view value, std::vector<item_entry>& into)> make;
  record_size size_of =
      nullptr; // of a key and what its entry shows, for entry_figures; without it, the latter's bytes
};

struct entry_figures {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0; // of what is shown, by entry_rules::size_of
  bool operator==(const entry_figures&) const = default;
};

// The items of a range of keys, added up (item_leaves.h). Equal items have equal digests, in whatever order
// they came.
struct leaf_digest {
  std::uint64_t sum = 0; // of the records' checksums
  std::uint64_t items = 0;
  bool operator==(const leaf_digest&) const = default;
};
inline constexpr std::size_t leaf_count = 1024;
using leaf_digests = std::vector<leaf_digest>; // leaf_count of them, in key order
// One digest of all of them.
std::uint64_t root_of(const leaf_digests& leaves);

struct item_options {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  // The keys it is for, cut evenly into leaves; an empty `to` is the end. The same in all replicas.
  std::string from;
  std::string to;
  bool create = false; // when there is no file; otherwise `missing`
  std::size_t cache_bytes = 1u << 20;
  std::uint64_t checkpoint_bytes = 2u << 20; // maintain() moves the WAL into the file past that
  std::uint64_t wal_bytes_max = 64u << 20;   // apply() does it itself past that
  std::size_t walk_bytes_max = 64u << 20;    // old values kept for a walk; past that the walk is given up
  std::string vfs;                           // a registered SQLite VFS; empty for the system's own
  record_size size_of = nullptr;             // counted in item_stats::sizes; without it that is 0
  entry_rules entries;
};

// Where in the log the items stand.
struct item_position {
  std::uint64_t index = 0;
  std::uint64_t link = 0;
  msg::Ballot ballot;
  msg::Configuration configuration; // newest committed at or below index
  std::uint64_t configuration_index = 0;
  std::int64_t time_ms = 0; // of the last command applied
};

// The views need to live only during the call.
struct item_change {
  std::string_view key; // not empty
  std::string_view value;
  bool remove = false;
};

struct item_batch {
  std::vector<item_change> changes;           // of one key, the last one counts
  item_position position;                     // after them; its index must not be smaller than before
  std::vector<msg::AppliedRequest> requests;  // to remember from now on, ascending by index
  std::int64_t forget_requests_before_ms = 0; // those whose time_ms is smaller may go
  // Keep a copy of the digests as they are after this batch, under its index; and the records of these
  // leaves.
  bool mark = false;
  std::vector<std::uint32_t> mark_leaves;
};

struct listed_record {
  std::string key;
  std::uint64_t check = 0; // its checksum, recomputed
};

// The items at one index, as far as comparing them goes.
struct item_mark {
  std::uint64_t index = 0;
  bool known = false;  // false: no full pass has counted the items since they came from an older version
  leaf_digests leaves; // when known
  std::vector<std::uint32_t> listed_leaves;
  std::vector<listed_record> listed; // of those leaves, in key order
  bool listed_all =
      true; // false: there were more than limits::scrub_listed_records, or scrub_listed_bytes of them
};

// One slice of a full pass.
struct audit_slice {
  std::uint64_t bytes = 0; // read
  bool done = false;       // the pass has ended with this slice, and what follows is of all of it
  std::uint64_t records = 0;
  std::uint64_t damaged = 0;      // records whose checksum does not fit, or that lie where they should not
  std::uint64_t wrong_leaves = 0; // whose kept digests were not those of the items; put right
  bool wrong_figures = false;     // likewise the numbers of items and bytes
  std::string what;               // the first of these, for people
};

struct item_page {
  std::vector<std::pair<std::string, std::string>> records; // key, value; in the order walked
  bool more = false;                                        // the range goes on behind the last record
};

struct item_stats {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0; // of keys and values
  std::uint64_t sizes = 0; // of all records by item_options::size_of
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t syncs = 0; // since open, as are those below
  std::uint64_t batches = 0;
  std::uint64_t changes = 0;
  std::uint64_t checkpoints = 0;
};

class item_store {
public:
  // `refused` when the file is another group's or member's. Removes what an unfinished install left beside
  // the path.
  static result<std::unique_ptr<item_store>> open(const std::string& path, const item_options& options);
  ~item_store(); // moves the WAL into the file, as close() does, but tells nobody when that fails
  item_store(const item_store&) = delete;
  item_store& operator=(const item_store&) = delete;

  // One transaction. Not durable when it returns: see durable().
  result<void> apply(const item_batch& batch);

  result<std::optional<std::string>> get(std::string_view key);

  // Records with keys in [from, to), an empty `to` being the end. At most max_items and, past the first,
  // max_bytes of keys and values.
  result<item_page> scan(std::string_view from, std::string_view to, bool backward, std::size_t max_items,
                         std::size_t max_bytes);

  // Entries of one index with keys in [from, to), an empty `to` being the end: their keys, and what they
  // show, or with `whole` the values of their records. Bounds as in scan().
  result<item_page> scan_entries(std::uint32_t index, std::string_view from, std::string_view to,
                                 bool backward, bool whole, std::size_t max_items, std::size_t max_bytes);

  std::uint64_t group() const;
  std::uint64_t member() const;
  const item_position& applied() const;                // what reads see
  std::uint64_t durable_applied() const;               // the index a power cut leaves
  result<std::vector<msg::AppliedRequest>> requests(); // remembered, ascending by index

  // Makes all that was applied durable: one sync of the WAL.
  result<void> sync();

  // As in log_store: a bounded slice of what no answer waits for. A checkpoint takes about 5 us a page and
  // two syncs, and nothing else meanwhile; it costs the same in small pieces, so checkpoint_bytes is small.
  bool maintenance_due() const;
  result<bool> maintain();
  result<void> checkpoint(); // all of the WAL into the file; syncs too

  // XXH3-64 over all records in key order; equal items have equal digests whatever file they lie in. Reads
  // everything.
  result<std::uint64_t> digest();

  // SQLite's own check of the file, then every record's checksum, then the counts. Reads everything.
  result<void> integrity_check();

  item_stats stats() const;
  const std::vector<entry_figures>& entry_stats() const; // by index; none without entry_rules

  // Which copy of the items this is: the same for as long as a file has come to what it holds by batches
  // alone, another one in every file that was made anew or from a snapshot. 0: not known.
  std::uint64_t lineage() const;
  // Digests as of applied(); none while they are unknown.
  std::optional<leaf_digests> digests() const;
  // Of a batch that was to be marked; null: it is not one of the newest two, or the file was opened since.
  const item_mark* mark(std::uint64_t index) const;

  // The full pass: reads every record with its checksum, every key of the index by key, every index entry and
  // every other row, in slices of about max_bytes between which batches may be applied. The first slice
  // begins a pass. Kept digests and figures that differ from what was read are put right. `corrupt`: SQLite
  // cannot read the file, or a row that has no copy is damaged; the pass has ended.
  result<audit_slice> audit(std::size_t max_bytes);
  // How far the pass under way is, in thousandths; 0: none is.
  std::uint32_t audit_progress() const;

  // A walk sees all records as they were when it began, in key order, while batches go on being applied:
  // values that change before the walk reaches them are kept aside. One at a time (`busy`). Given up (walk()
  // returns `full`) when what is kept aside passes walk_bytes_max.
  result<void> begin_walk();
  result<item_page> walk(std::size_t max_items, std::size_t max_bytes);
  const item_position& walk_position() const;
  const std::vector<msg::AppliedRequest>& walk_requests() const;
  void end_walk(); // harmless when there is none

private:
  struct state;
  explicit item_store(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace troupe::storage
