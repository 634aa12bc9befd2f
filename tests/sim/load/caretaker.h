// The operator of the group: keeps its membership in the shape the run began with, through configuration
// entries proposed at the leader, one at a time. What comes next is decided by the same functions as in
// production, core/healing.
//
// A member that was removed keeps its disk until a quorum of the configuration without it has durably
// recorded that configuration: before that, an election may still need to ask it.
#pragma once
#include "actors/core/healing/planner.h"
#include "tests/sim/checkers/chosen.h"
#include "tests/sim/members/cluster.h"
#include <map>
#include <set>
#include <vector>

namespace troupe::sim {

class caretaker {
public:
  caretaker(cluster& c, const chosen_log& truth) : cluster_(c), truth_(truth) {}

  void start();
  // A voter is to be replaced although nothing is wrong with it.
  void vacate(member_id m) { unwanted_.insert(m); }
  // The configuration has its shape, everybody in it has a disk, nobody else has one.
  bool satisfied() const;
  // What must not stand still while the group is on its way back to its shape.
  struct standing {
    struct one {
      bool lacks = false; // something that is chosen
      bool has_items = false;
      std::uint64_t got = 0; // entries and pieces of snapshots
    };
    std::uint64_t epoch = 0;
    std::map<member_id, one> members; // that run
  };
  standing stands();
  // Since then the configuration has changed, or somebody has got what it lacked, or so much of it.
  bool moved(const standing& since, std::uint64_t so_much);
  // The group would survive the loss of this machine's disk.
  bool may_lose(const machine& m) const;

private:
  void look();
  bool improve(member& leader);
  healing::group_view seen(const msg::Configuration& now, const member* leader);
  healing::rules rules() const;
  void adopt(); // nobody leads
  void rebuild(member& grows);
  std::shared_ptr<items> another_history(log_index last);
  member* giver_for(const member& grows) const;
  bool propose(member& leader, const msg::Configuration& next);
  bool caught_up(const member& leader, member_id learner) const;
  bool holds_everything(member_id m) const;
  bool alive(member_id m) const { return cluster_.of(m) != nullptr; }
  machine* free_machine();
  member_id make(member& leader);
  void clean(const msg::Configuration& current);
  unsigned wanted(msg::MemberKind kind) const;

  cluster& cluster_;
  const chosen_log& truth_;
  std::set<member_id> unwanted_;
  std::map<member_id, instant> down_since_; // 0: it runs
  bool survives(const msg::Configuration& c, const machine& lost) const;
  std::vector<msg::Configuration> proposed_; // that may be chosen yet
  std::uint64_t proposed_epoch_ = 0;
  log_index length_seen_ = 0;
  instant proposed_at_ = 0;
  std::map<member_id, instant> made_; // members not yet seen in a configuration, and when they were made
};

} // namespace troupe::sim
