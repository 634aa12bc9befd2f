// Nothing that was chosen is deleted from the last place that holds it. The items and logs on the disks that
// are left, taken together, always hold the whole chosen log. A member with items deletes entries from its
// log only when its items hold them durably. A log replica that deletes an entry gives up its copy for good,
// which it may only when every storage replica that voted then and still has a disk holds it: else a write
// that two disks were asked to keep might be left on one of them, and be lost with it.
#pragma once
#include "tests/sim/checkers/chosen.h"
#include "tests/sim/members/cluster.h"

namespace troupe::sim {

class coverage : public checker {
public:
  coverage(world& w, const cluster& c, const chosen_log& truth)
      : checker(w, "coverage"), cluster_(c), truth_(truth) {}

  void truncated(member_id m, log_index up_to) override;
  void opened(const member& m) override;
  void closed(member_id) override { check_whole(); }
  void lost(member_id) override { check_whole(); }
  void at_end() override { check_whole(); }

private:
  void check_whole();

  const cluster& cluster_;
  const chosen_log& truth_;
};

} // namespace troupe::sim
