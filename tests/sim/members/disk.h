// One member's disk: what the log store and the item store hold for it, what of that would survive a loss of
// power, and the ways in which disks fail.
//
// The log is written in batches, one transaction each: a batch is seen by its process at once, becomes
// durable some time later and in order, and is atomic. Items are written back lazily, whole states at a time.
// Beside the log stands a mark of the highest index ever made durable, kept apart so that it survives when
// the tail of the log does not. Every stored entry carries a checksum of this disk's own.
//
// A crash keeps an arbitrary prefix of what had not been synced. Opening tells a good disk from a damaged
// one; a damaged disk is never repaired by cutting: its member is lost, and returns under a new id.
#pragma once
#include "messages/replication.pb.h"
#include "tests/sim/checkers/checker.h"
#include "tests/sim/members/items.h"
#include "tests/sim/world/world.h"
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::sim {

struct disk_speed {
  instant sync_min = 80;
  instant sync_mean = 300;
  unsigned slow = 0; // per mille of syncs that take up to slow_max
  instant slow_max = 0;
};

struct log_base {
  log_index index = 0;
  std::uint64_t link = 0;
  msg::Ballot ballot;
};

// One transaction on the log.
struct log_write {
  std::optional<log_base> reset; // first: forget all entries, continue from here
  std::optional<msg::HardState> hard_state;
  std::vector<std::shared_ptr<const msg::Entry>> entries; // each replaces what is at its index
  std::optional<log_base> truncate;                       // delete entries up to and including this one
  bool clear_above = false; // a deliberate bug: what lies above the last of `entries` is dropped
};

class disk {
public:
  disk(world& w, panel& checks, member_id owner, const disk_speed& speed)
      : world_(w), checks_(checks), owner_(owner), speed_(speed) {}

  // --- what the process does -----------------------------------------------------------------------------
  void write(log_write what, std::function<void()> durable);
  void write_items(std::shared_ptr<const items> state, std::function<void()> durable);
  // A verified snapshot takes the place of the items, durably and atomically (fsync, rename, fsync).
  void publish_items(std::shared_ptr<const items> state);
  // Entries of [from, to] up to max_bytes, as the process sees the log. Nothing when a checksum is wrong.
  std::optional<std::vector<msg::Entry>> read(log_index from, log_index to, std::size_t max_bytes) const;
  std::optional<log_base> base_at(log_index index) const; // link and ballot of the entry at index
  log_index first() const { return seen_.base.index + 1; }

  // What opening finds after a crash; nothing when the disk is damaged or its log is shorter than its mark.
  struct contents {
    msg::HardState hard_state;
    log_base base;
    std::vector<msg::Entry> entries;
    std::shared_ptr<const items> state; // nothing when none was ever written
  };
  std::optional<contents> open();
  // Writes as part of opening, before the process does anything else: durable on return.
  void write_now(const log_write& what);

  // --- what happens to it
  // ------------------------------------------------------------------------------------
  void crash(bool power_lost);
  void stall(instant until) { stalled_until_ = std::max(stalled_until_, until); }
  void flip_a_bit();                                    // in a stored entry
  void forget_tail(std::size_t entries, bool mark_too); // durable writes that turn out not to have been
  bool writing() const { return !log_waiting_.empty(); }

  // --- for checkers
  // ----------------------------------------------------------------------------------------------
  const std::shared_ptr<const items>& durable_items() const { return durable_items_; }
  log_index durable_base() const { return durable_.base.index; }
  bool durably_holds(log_index index, std::uint64_t link) const;
  std::uint64_t durable_epoch() const { return durable_.hard_state.configuration().epoch(); }
  log_index durable_last() const { return durable_.last(); }

private:
  struct row {
    std::string bytes;
    std::uint64_t checksum = 0;
    std::uint64_t link = 0; // what bytes say, for quick looking
    msg::Ballot ballot;
  };
  struct image {
    msg::HardState hard_state;
    log_base base;
    std::map<log_index, std::shared_ptr<const row>> entries;
    log_index last() const { return entries.empty() ? base.index : entries.rbegin()->first; }
  };
  struct transaction {
    log_write what;
    std::vector<std::shared_ptr<const row>> rows; // of what.entries
    std::function<void()> durable;
  };

  static transaction prepare(log_write what, std::function<void()> durable);
  static void put(image& into, const transaction& t);
  void settle(const transaction& t); // into the durable image, and tell the checkers
  void complete_later();
  instant completion();
  static bool intact(const row& r);

  world& world_;
  panel& checks_;
  const member_id owner_;
  const disk_speed& speed_;
  image seen_;    // by the process
  image durable_; // after a loss of power
  log_index mark_ = 0;
  std::deque<transaction> log_waiting_;
  std::shared_ptr<const items> durable_items_;
  std::shared_ptr<const items> items_waiting_;
  instant busy_until_ = 0;
  instant stalled_until_ = 0;
  std::uint64_t boot_ = 0; // completions from before a crash are void
};

} // namespace troupe::sim
