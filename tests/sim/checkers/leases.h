// Leases do not overlap: at every moment of global time, which no member knows, at most one member would
// answer a strong read by its lease. Members that are stopped count: they would answer as soon as they go on.
#pragma once
#include "tests/sim/members/cluster.h"

namespace troupe::sim {

class leases : public checker {
public:
  leases(world& w, const cluster& c) : checker(w, "leases"), cluster_(c) {}

  void after_event() override {
    member_id serving = 0;
    for (const auto& m : cluster_.machines()) {
      if (!m.running)
        continue;
      const paxos::group& g = m.running->group();
      if (g.role() != paxos::role::leader || !g.serving(m.running->clock()))
        continue;
      if (m.log_only)
        return find("m" + std::to_string(m.resident) + " is a log replica, and serves");
      if (serving != 0)
        return find("m" + std::to_string(serving) + " and m" + std::to_string(m.resident) + " both serve");
      serving = m.resident;
    }
  }

private:
  const cluster& cluster_;
};

} // namespace troupe::sim
