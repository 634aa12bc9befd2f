// What a voter owes: the leases it has granted, and how long it must refuse its promise because of them. Uses
// this member's clock alone. docs/paxos.md, "Leases", argues why this is enough.
#pragma once
#include "actors/core/paxos/group.h"

namespace troupe::paxos {

class granted_leases {
public:
  explicit granted_leases(instant length) : length_(length) {}

  // A restarted voter has forgotten what it granted: it promises nobody before `until`.
  void withhold(instant until) { withhold_until_ = until; }

  // The leader of `ballot` was heard at `now`.
  void grant(const msg::Ballot& ballot, instant now);
  // The leader of `ballot` has stopped serving for good: what was granted to it binds no longer.
  void abdicate(const msg::Ballot& ballot);

  // Whatever was forgotten with the restart has been given up since.
  void stop_withholding() { withhold_until_ = 0; }

  // Microseconds for which this voter must refuse to promise `candidate`; 0 when it may.
  instant refuses(member_id candidate, instant now) const;
  // Microseconds that leases granted to members other than the present holder still run. They do not refuse
  // the holder a further promise, but it must wait them out before it serves.
  instant others_left(instant now) const { return others_until_ > now ? others_until_ - now : 0; }
  // Until when the leader of `ballot` may count on this voter; 0 when it may not.
  instant granted_until(const msg::Ballot& ballot) const;
  // Why it refuses: a living leader, and not a restart.
  bool hears_other_than(member_id candidate, instant now) const;

private:
  instant length_;
  msg::Ballot ballot_;       // of the newest grant
  instant until_ = 0;        // of the newest grant; its holder is ballot_.member()
  instant others_until_ = 0; // the longest of the grants to earlier holders
  instant withhold_until_ = 0;
  msg::Ballot abdicated_; // a late heartbeat of that ballot grants nothing
};

} // namespace troupe::paxos
