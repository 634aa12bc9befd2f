// What befalls a group: crashes, stops, partitions, slow links, stalled disks, lost disks, hand-overs and
// changes of membership, each at random moments of its own frequency, until rest() ends them all.
#pragma once
#include "tests/sim/load/caretaker.h"
#include "tests/sim/members/cluster.h"
#include <functional>

namespace troupe::sim {

struct fate_counters {
  std::uint64_t partitions = 0; // and other cuts
  std::uint64_t stalls = 0;
  std::uint64_t hand_overs = 0;
  std::uint64_t vacated = 0;
};

class fate {
public:
  fate(cluster& c, caretaker& keeper) : cluster_(c), world_(c.place()), keeper_(keeper) {}

  void start();
  void rest(); // everything is mended, everybody is started, nothing happens any more

  const fate_counters& counters() const { return counters_; }

private:
  void every(instant mean, std::function<void()> what);
  machine* somebody(bool running);
  machine* victim(); // half of the time the leader
  void crash(machine& m);
  void restart_later(machine& m);
  void cut(const std::vector<std::pair<node_id, node_id>>& directions);
  void partition();
  void isolate(const machine& m);
  void cut_one(bool both_ways);
  void slow_link();
  void damage();
  void change_membership();
  void strike(machine& m);

  cluster& cluster_;
  world& world_;
  caretaker& keeper_;
  bool resting_ = false;
  fate_counters counters_;
};

} // namespace troupe::sim
