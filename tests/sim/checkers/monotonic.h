// What only grows, for one identity over all its restarts: the promised ballot, the ballot accepted at an
// index, the commit index, the applied index, the configuration's epoch. And what is ordered at every moment:
// applied <= commit <= last, but for items that were ahead of the log when the member opened: those it got
// from somebody else, and no more. An acceptor that forgets an entry it had accepted durably is found here at
// once, long before anybody misses the entry.
#pragma once
#include "tests/sim/checkers/chosen.h"
#include <map>
#include <set>

namespace troupe::sim {

class monotonic : public checker {
public:
  monotonic(world& w, const chosen_log& truth) : checker(w, "monotonic"), truth_(truth) {}

  void durable(member_id m, const msg::Entry& e) override;
  void durable_state(member_id m, const msg::HardState& s) override;
  void truncated(member_id m, log_index up_to) override;
  void reset(member_id m, log_index base) override;
  void opened(const member& m) override;
  void closed(member_id m) override { running_.erase(m); }
  void touched(const member& m) override;
  void after_event() override;

private:
  struct vote {
    msg::Ballot ballot;
    std::uint64_t link = 0;
  };
  struct kept { // on the disk of one identity
    msg::HardState state;
    log_index base = 0;
    std::map<log_index, vote> votes;
    log_index last() const { return votes.empty() ? base : votes.rbegin()->first; }
  };
  struct shown { // by one process
    log_index commit = 0;
    log_index applied = 0;
    std::uint64_t epoch = 0;
    msg::Ballot promised;
    log_index ahead = 0; // so far its items were given to it
  };
  static std::string name(member_id m) { return "m" + std::to_string(m); }

  const chosen_log& truth_;
  std::map<member_id, kept> disks_;
  std::map<member_id, shown> running_;
  std::map<member_id, std::map<log_index, vote>> forgotten_; // by a reset, unless written again in one batch
};

} // namespace troupe::sim
