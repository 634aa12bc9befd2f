// When the items of a group are worth archiving whole, so that a rebuild need not begin with the first entry
// ever written: when more of the log has been archived since the last snapshot than the items are large.
// Reading a snapshot and the log behind it then costs at most about twice the items, and writing snapshots at
// most about doubles what is uploaded.
//
// A follower makes it, as the leader has enough to do. Followers begin at different times, drawn by chance,
// and look again before they begin; the leader begins when for a long time nobody has.
//
// Threads: one owner. Times are microseconds on one clock.
#pragma once
#include "actors/core/archive/keeper.h"
#include <algorithm>
#include <cstdint>

namespace troupe::archive {

struct snapshot_options {
  std::uint64_t least_bytes = 64u << 20; // of archived log, below which no snapshot is worth it
  instant stagger = 60'000'000;          // followers begin within that
  instant leader_waits = 1'800'000'000;  // and the leader after that
  instant retry_first = 60'000'000;      // after a failure; doubles
  instant retry_most = 3'600'000'000;
};

class snapshot_planner {
public:
  // `chance`: a random number, by which this member begins earlier or later than others.
  snapshot_planner(snapshot_options o, std::uint64_t chance) : options_(o), chance_(chance) {}

  enum class act { wait, look, make };
  struct step {
    act what = act::wait;
    instant until = never;
  };
  step next(instant now);

  // --- what happened
  void told(bool leads, bool holds_items, std::uint64_t item_bytes);
  // The archive has a hole below this index, 0: none is known. A snapshot at it or above bridges it.
  void gap_below(std::uint64_t index) { gap_below_ = index; }
  // One at this index or above is wanted at once, whoever leads and however little log there is: what lies
  // before cannot be rebuilt from any more.
  void want(std::uint64_t index) { wanted_ = std::max(wanted_, index); }
  // So many bytes of segments were read back and are archived now.
  void archived(std::uint64_t bytes);
  // The archive's newest snapshot stands at `index`, 0: there is none; so many bytes of segments lie behind
  // it.
  void looked(std::uint64_t index, std::uint64_t bytes_behind, instant now);
  void made(std::uint64_t index, instant now);
  void failed(instant now);

  std::uint64_t newest() const { return newest_; } // index of the newest snapshot that is known
  std::uint64_t wanted() const { return wanted_; }
  std::uint64_t item_bytes() const { return item_bytes_; } // as told last

private:
  bool worth() const;
  bool urgent() const { return wanted_ > newest_; }

  snapshot_options options_;
  std::uint64_t chance_;
  bool leads_ = false;
  bool holds_items_ = false;
  std::uint64_t item_bytes_ = 0;
  bool known_ = false; // it has looked once; what came since is added up
  std::uint64_t gap_below_ = 0;
  std::uint64_t wanted_ = 0;
  bool fresh_ = false; // it has looked since it became worth it
  std::uint64_t newest_ = 0;
  std::uint64_t bytes_behind_ = 0;
  instant worth_since_ = never;
  instant not_before_ = 0;
  int looks_failed_ = 0; // in a row
  int makes_failed_ = 0;
};

} // namespace troupe::archive
