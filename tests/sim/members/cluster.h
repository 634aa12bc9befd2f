// The machines of one run, the members that live or lived on them, and what can be done to them.
//
// A machine keeps its clock and disk through crashes of its process. It holds one member at a time. A member
// id is never used twice: a machine whose disk was lost, or whose member was removed, is empty, and may be
// given a new member with a new id.
#pragma once
#include "tests/sim/archive/shelf.h"
#include "tests/sim/checkers/checker.h"
#include "tests/sim/members/member.h"
#include "tests/sim/members/settings.h"
#include "tests/sim/world/clock.h"
#include "tests/sim/world/network.h"
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace troupe::sim {

inline constexpr std::uint64_t group_number = 7;

struct machine {
  node_id id = 0;
  local_clock clock;
  member_id resident = 0;          // 0: empty
  bool log_only = false;           // the resident is a log replica
  bool condemned = false;          // the resident's items are wrong, and serve nobody
  bool damaged = false;            // something was done to its disk, and nobody may have noticed yet
  std::unique_ptr<disk> storage;   // of the resident
  std::unique_ptr<member> running; // none while it is down
  std::uint64_t boot = 0;          // changes with every start and crash
};

struct cluster_counters {
  std::uint64_t crashes = 0;
  std::uint64_t opened = 0;
  std::uint64_t lost_disks = 0;
  std::uint64_t damaged = 0;   // of those: noticed when the disk was opened or read
  std::uint64_t snapshots = 0; // installed
  std::uint64_t grown = 0;     // log replicas that got items
  std::uint64_t rebuilt = 0;   // of those: from the archive, as nobody had any more
  std::uint64_t given = 0;     // where nobody led: by a learner
  std::uint64_t refused = 0;   // what the archive gave, and was not what the log says
  std::uint64_t truncations = 0;
  std::uint64_t messages = 0; // delivered between members
  std::uint64_t pulses = 0;   // sent for members that rested
  std::uint64_t beats = 0;    // of them granted by deputies
  std::uint64_t pauses = 0;
  std::uint64_t disk_alarms = 0; // an append took longer than the lease
  std::uint64_t rotten = 0;      // items that changed by themselves
  std::uint64_t compared = 0;    // members, with each other
  std::uint64_t outvoted = 0;    // of them, found wrong by the others
  std::uint64_t arbitrated = 0;  // and by what the archive makes of the log
  std::uint64_t put_back = 0;    // stretches of the log, into the archive
  std::uint64_t undecided = 0;   // comparisons that differed, and nobody could be told to be wrong
};

class cluster {
public:
  cluster(world& w, settings how, panel& checks);
  ~cluster();

  world& place() { return world_; }
  network& net() { return network_; }
  panel& checks() { return checks_; }
  const settings& how() const { return how_; }
  cluster_counters& counters() { return counters_; }
  const cluster_counters& counters() const { return counters_; }

  void start(); // the first members, all at once, in any order
  const msg::Configuration& initial() const { return initial_; }

  // --- machines
  // ----------------------------------------------------------------------------------------------
  std::vector<machine>& machines() { return machines_; }
  const std::vector<machine>& machines() const { return machines_; }
  machine& on(node_id id) { return machines_[id - 1]; }
  machine* of(member_id id); // where it lives; nothing once it is gone
  const machine* of(member_id id) const;
  member* running(member_id id); // nothing while it is down
  member* leader();              // who serves now; nothing when nobody does
  void on_new_leader(std::function<void(machine&)> what) { new_leader_ = std::move(what); }
  void lead(machine& m) {
    if (new_leader_)
      new_leader_(m);
  }
  void crash(machine& m, bool power_lost);
  void restart(machine& m); // opens the disk; a damaged one makes its member a lost one
  void lose_disk(machine& m, const char* why);
  // A new member on an empty machine: it has promised nobody. Gives its id.
  member_id create(machine& m, msg::MemberKind kind, const msg::Configuration& known, log_index known_at);
  void retire(machine& m); // its member was removed: stop it and wipe the disk
  msg::Member describe(member_id id, msg::MemberKind kind) const;

  // --- messages
  // ----------------------------------------------------------------------------------------------
  void carry(node_id from, member_id to, std::string bytes);
  void ask(const request& r, node_id at);
  void answer(const request& to, node_id from, const reply& what);
  void on_reply(node_id client, std::function<void(const reply&)> handler) {
    clients_[client] = std::move(handler);
  }

  // --- the archive
  // ----------------------------------------------------------------------------------------------
  shelf& store() { return store_; }
  const shelf& store() const { return store_; }
  // A member was given a snapshot: its log begins above that.
  void given(log_index index) { given_ = std::max(given_, index); }
  // Somebody has seen that the archive reaches to where every member's log began. Until then a newcomer's log
  // may begin above the archive's end (docs/decisions/018-items-from-the-archive.md).
  bool archive_reaches_logs() const;

  // --- copies of the items
  std::shared_ptr<items> nothing_yet(); // those before the first entry
  std::uint64_t next_lineage() { return ++lineages_; }

  paxos::counters totals() const; // over all members that ever ran

private:
  void open(machine& m, bool fresh, const msg::HardState& first);
  void reconcile(machine& m, disk::contents& found);
  void wipe(machine& m);
  member_id next_member_id(const machine& m);

  world& world_;
  const settings how_;
  panel& checks_;
  network network_;
  shelf store_;
  log_index given_ = 0; // the newest snapshot that somebody was given
  std::vector<machine> machines_;
  std::map<member_id, node_id> homes_;
  std::map<node_id, std::function<void(const reply&)>> clients_;
  std::function<void(machine&)> new_leader_;
  msg::Configuration initial_;
  member_id next_member_ = 1;
  std::uint64_t lineages_ = 0;
  std::set<node_id> started_; // of the first machines: those that have had their first member
  std::vector<std::unique_ptr<disk>> retired_disks_; // events may still refer to them
  cluster_counters counters_;
  paxos::counters ended_;
};

} // namespace troupe::sim
