// The log as the protocol sees it: entries (base, last] without a hole, the newest of them in memory, and
// which of them the disk has not got yet. What has been evicted is read back through the shell's log reader.
//
// It keeps three facts apart. Memory: entries at() can give at once; of the others it knows their size and
// link. Disk: everything up to durable() is on disk as it is in memory. Truncation: base() and below are gone
// for good.
#pragma once
#include "actors/core/paxos/group.h"
#include <deque>

namespace troupe::paxos {

using entry_ptr = std::shared_ptr<const msg::Entry>;

// What an entry counts against byte bounds: its payload and about what its envelope costs.
inline std::size_t entry_cost(const msg::Entry& entry) {
  return entry.payload().size() + 64;
}

class tail_log {
public:
  tail_log(log_index base, std::uint64_t base_link, std::vector<msg::Entry> entries);

  log_index base() const { return base_; }
  log_index last() const { return base_ + marks_.size(); }
  bool in_memory(log_index index) const { return index >= kept_from_ && index <= last(); }
  const entry_ptr& at(log_index index) const; // in_memory(index)

  // The link at an index of [base, last], in memory or not; nothing outside of it.
  std::optional<std::uint64_t> link(log_index index) const;

  // Entry costs of (after, up_to], both within [base, last].
  std::size_t bytes(log_index after, log_index up_to) const;
  // The highest index with at least `keep` bytes above it; base() when the whole log is shorter.
  log_index left_behind(std::uint64_t keep) const;

  // Adds one at last() + 1, or replaces the one at its index and leaves those above alone.
  void write(entry_ptr entry);
  // A deliberate bug needs it; nothing else does.
  void drop_above(log_index index);

  // Copies entries from `from` on into a message: at least one if there is one, then up to the bounds.
  // Returns the last index copied, which may be less than the bounds allow when the reader gives no more;
  // from - 1 when that part of the log cannot be read now (group::log_reader).
  log_index copy(log_index from, log_index to, std::size_t max_entries, std::size_t max_bytes,
                 google::protobuf::RepeatedPtrField<msg::Entry>& out) const;

  // Disk.
  log_index durable() const;
  bool dirty() const { return dirty_from_ != 0; }
  std::vector<entry_ptr> take_dirty(); // to be written now; persisted() says that they are
  void persisted() { written_from_ = 0; }

  // Memory: forget entries up to `up_to` while more than the bound is kept.
  void evict(log_index up_to, std::size_t keep_bytes);
  void set_reader(group::log_reader reader) { reader_ = std::move(reader); }

  // The log up to there was deleted by the caller.
  void truncated(log_index up_to);
  // The log now begins above a snapshot. Entries above it stay: they may be votes.
  void reset(log_index base, std::uint64_t base_link);

private:
  struct mark {
    std::uint64_t end = 0; // running total of costs
    std::uint64_t link = 0;
  };

  const mark& mark_at(log_index index) const; // of [base, last]
  std::uint64_t end(log_index index) const { return mark_at(index).end; }
  std::vector<msg::Entry> read(log_index from, log_index to, std::size_t max_bytes) const;

  log_index base_;
  mark at_base_;
  std::deque<mark> marks_; // at base_ + 1 ...
  log_index kept_from_;    // the first in memory; last() + 1 when none is
  std::deque<entry_ptr> kept_;
  log_index dirty_from_ = 0, dirty_to_ = 0; // written in memory since take_dirty(); 0: none
  log_index written_from_ = 0;              // the lowest on its way to disk; 0: none
  group::log_reader reader_;
};

} // namespace troupe::paxos
