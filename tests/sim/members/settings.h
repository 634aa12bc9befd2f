// What kind of run it is: the group, its surroundings and its misfortunes. Drawn from the seed by
// runner/characters.cc, or written out by a targeted test.
#pragma once
#include "actors/core/archive/keeper.h"
#include "actors/core/archive/snapshots.h"
#include "actors/core/paxos/group.h"
#include "tests/sim/archive/shelf.h"
#include "tests/sim/members/disk.h"
#include "tests/sim/world/network.h"
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::sim {

// Deliberate bugs in the shell, for the test of the checkers, as paxos::options::mutations are in the core.
struct shell_mutations {
  bool rejoin_with_lost_log = false;     // a log shorter than its mark is opened as if nothing had happened
  bool read_without_lease = false;       // whoever believes to lead answers strong reads
  bool forget_duplicates = false;        // a retried request takes effect again
  bool ignore_in_flight = false;         // conditions see only what is applied
  bool truncate_greedily = false;        // the log is deleted up to the commit index, items or not
  bool diverge = false;                  // a replica's state silently changes
  bool forget_promises = false;          // hard state is not written
  bool overwrite_clears = false;         // the log store drops what is above an entry it replaces
  bool deputy_stays = false;             // a follower's deputy works on while its member is awake
  bool truncate_while_growing = false;   // a log replica goes on cutting its log while it fetches items
  bool newcomers_ignore_archive = false; // a log replica's log begins where items are, archived or not
  bool believe_uploads = false;          // what the store has acknowledged counts as archived
  bool condemn_by_guess = false;         // the scrub takes the leader's copy for the right one
  bool trust_echoes = false;             // and a copy of a copy for a witness of its own
  bool trust_archive = false;            // its items are taken whatever the log says
  bool heals_in_quiet = false;           // nobody heals the group while clients write
  bool deaf = false;                     // nobody hears anything once the faults are over
};

// How often something befalls the group: the mean time between two of them; 0: never.
struct misfortunes {
  instant crash = 0; // one machine, back after down_mean
  instant crash_all = 0;
  instant down_mean = 2 * second;
  instant pause = 0;
  instant pause_max = 4 * second;
  instant partition = 0; // into two sides, both directions
  instant isolate = 0;   // one machine from all others; half of the time the leader
  instant one_way = 0;   // one direction of one link
  instant cut_link = 0;  // both directions of one link
  instant cut_mean = 2 * second;
  instant slow_link = 0;
  instant stall_disk = 0;
  instant lose_disk = 0;   // whole, or a flipped bit, or a forgotten tail
  instant rot = 0;         // of an item in one member's store, while nobody's has
  instant rot_archive = 0; // of a segment
  instant hand_over = 0;
  unsigned strike = 0; // per mille of new leaders that crash, stop or are cut off within strike_within
  instant strike_within = 30 * millisecond;
  instant campaign = 0;   // somebody is told to lead though nobody asked for it
  instant membership = 0; // an operator replaces, adds or removes a member
};

struct settings {
  std::uint64_t seed = 0;
  std::string character;
  std::vector<msg::MemberKind> members; // the first configuration, on machines 1, 2, ...
  unsigned spare_machines = 2;          // empty, for members to come
  paxos::options options;               // group, self and seed are filled in for each member
  shell_mutations shell;

  link_quality links;
  disk_speed disks;
  misfortunes faults;
  instant fault_time = 25 * second; // then a quiet period
  std::int64_t clock_ppm = 0;       // clocks run this much fast or slow at most
  instant tick_lateness = 2 * millisecond;
  bool never_rests = false;         // heartbeats are left to no deputy
  bool speaks_while_writing = true; // what need not wait for the disk does not
  unsigned slow_apply = 0;          // per mille of batches applied only after up to 20 ms
  instant housekeeping = 250 * millisecond;
  instant scrub = 0;                  // how often the members are compared; 0: never
  std::uint64_t keep_bytes = 1 << 20; // of log, for slow members
  std::size_t chunk_bytes = 200;      // of a snapshot
  bool archive = false;               // logs are archived, and who has items may all be lost, one by one
  archive::options archive_rules;
  archive::snapshot_options archive_snapshots;
  store_faults store;

  unsigned clients = 3;
  unsigned keys = 4;
  instant think_mean = 100 * millisecond;
  unsigned reads = 35; // per cent of operations that read
};

} // namespace troupe::sim
