// The scrub of the group: has a mark put into the log again and again, compares what the members kept at it,
// and has those replaced that are wrong. Who is wrong is decided by the same functions as in production,
// core/scrub.
//
// It knows, as the scrubbers of production do, which copies were equal once, as long as one of those who were
// told has not been restarted. What cannot be decided so the archive decides, where there is one and it
// reaches that far.
#pragma once
#include "tests/sim/checkers/chosen.h"
#include "tests/sim/load/caretaker.h"
#include "tests/sim/members/cluster.h"
#include <map>
#include <vector>

namespace troupe::sim {

class scrubber {
public:
  scrubber(cluster& c, caretaker& keeper, const chosen_log& truth)
      : cluster_(c), world_(c.place()), keeper_(keeper), truth_(truth) {}

  void start();
  // A comparison has come to an end since: all members agree, or it is for people to decide. (They may agree
  // and be wrong, where all are copies of one that was.)
  bool settled_since(instant then) const { return cluster_.how().scrub == 0 || settled_ > then; }

private:
  struct copy {
    std::uint64_t lineage = 0;
    bool rotten = false; // for the checker
  };
  using copies = std::map<member_id, copy>;
  void begin();
  void look(log_index mark, const msg::Configuration& under);
  struct comparison {
    log_index mark = 0;
    msg::Configuration under;
    std::vector<scrub::opinion> opinions;
    copies asked;
  };
  std::vector<member_id> unlike_the_leader(const comparison& seen) const;
  void ask_archive(const comparison& seen, int tries = 0);
  void mend_archive();
  void put_back(const std::vector<msg::Entry>& entries);
  void condemn(const comparison& seen, const std::vector<member_id>& wrong,
               std::uint64_t cluster_counters::*by);
  void sentence(member_id guilty, const comparison& seen, const std::vector<member_id>& wrong,
                std::uint64_t cluster_counters::*by);
  bool others_can_lead(const std::vector<member_id>& wrong, const msg::Configuration& under) const;
  void remember(const copies& equal);
  bool were_equal(const copies& asked) const;

  cluster& cluster_;
  world& world_;
  caretaker& keeper_;
  const chosen_log& truth_;
  struct memory {
    std::vector<scrub::witness> copies;
    std::map<node_id, std::uint64_t> told; // machine -> its boot
  };
  memory equal_;
  instant settled_ = 0;
  bool asks_archive_ = false; // one comparison at a time
};

} // namespace troupe::sim
