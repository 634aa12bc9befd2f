// Keeps up the heartbeats of a quiet group for its member.
//
// When nothing is under way in a group, its leader and its followers have one thing left to say: I am still
// here. A thousand such groups need not run for that. Each member leaves what a heartbeat and its answer
// would say to a deputy and rests; whoever holds a node's deputies (actors/pulse, tests/sim) says it for all
// of them in one message per node. The protocol has no second set of rules for it: what deputies have heard
// is told to the core as the heartbeats they stand for (tell), and what they grant is what the core would
// have granted.
//
// That holds as long as a follower's deputy is dismissed (tell does it) before its member does anything else:
// a lease granted in the name of a promise that has been broken meanwhile would be a lie. A leader's deputy
// may be late to hear that its member leads no more: its pulse is then a heartbeat that was long on its way.
//
// Pure, and no lock of its own: holder and member must not use it at once.
#pragma once
#include "actors/core/paxos/group.h"
#include <vector>

namespace troupe::paxos {

class deputy {
public:
  // --- the member's side
  // ------------------------------------------------------------------------------------

  // Tells the core what was heard since. A follower's deputy is dismissed with it.
  void tell(group& core);
  void dismiss() { now_does_ = work::nothing; }
  void follow(const msg::Ballot& ballot, log_index commit, instant granted_until, instant lease);
  // answering: the followers that a leader may expect answers from, and when it last sent what they answered.
  struct answering {
    member_id member = 0;
    instant sent = 0;
    instant heard = 0; // 0: nothing that the core has not been told of
  };
  void lead(const msg::Ballot& ballot, log_index commit, std::vector<answering> followers, instant patience);

  // --- the holder's side
  // ------------------------------------------------------------------------------------

  bool follows() const { return now_does_ == work::following; }
  bool leads() const { return now_does_ == work::leading; }
  const msg::Ballot& ballot() const { return ballot_; }
  log_index commit() const { return commit_; }

  // The leader's heartbeat has come: true when it is granted what its own member would grant. Else that
  // member must be asked.
  bool beat(const msg::Ballot& ballot, log_index commit, instant now);
  // A follower has granted what was sent at `sent`. False when nothing was expected of it: its member has
  // been given up by ours, which should hear that it is back.
  bool answered(member_id by, instant sent, instant now);
  // The member must look for itself: it hears nobody, or is not answered.
  bool wants_waking(instant now) const;

private:
  enum class work { nothing, following, leading };
  work now_does_ = work::nothing;
  msg::Ballot ballot_;
  log_index commit_ = 0;
  // Following: the lease given, its length, and when it was last renewed here; 0: not since the core knows.
  instant granted_until_ = 0;
  instant lease_ = 0;
  instant heard_ = 0;
  // Leading.
  std::vector<answering> followers_;
  instant patience_ = 0;
};

} // namespace troupe::paxos
