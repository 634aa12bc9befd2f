#include "actors/core/paxos/lease.h"
#include "actors/core/paxos/ballot.h"
#include <algorithm>

namespace troupe::paxos {

void granted_leases::grant(const msg::Ballot& ballot, instant now) {
  if (!is_zero(abdicated_) && !before(abdicated_, ballot))
    return;
  if (ballot.member() != ballot_.member()) {
    // The earlier holder may still count on this voter: its grant ends when it was going to.
    others_until_ = std::max(others_until_, until_);
    until_ = 0;
  }
  ballot_ = ballot;
  until_ = std::max(until_, now + length_);
}

void granted_leases::abdicate(const msg::Ballot& ballot) {
  if (before(abdicated_, ballot))
    abdicated_ = ballot;
  // Bound to the ballot: an abdication of an older one frees nobody from the lease of a newer one.
  if (same(ballot, ballot_))
    until_ = 0;
}

instant granted_leases::refuses(member_id candidate, instant now) const {
  instant until = withhold_until_;
  if (candidate != ballot_.member())
    until = std::max(until, until_);
  return until > now ? until - now : 0;
}

instant granted_leases::granted_until(const msg::Ballot& ballot) const {
  return same(ballot, ballot_) ? until_ : 0;
}

bool granted_leases::hears_other_than(member_id candidate, instant now) const {
  return candidate != ballot_.member() && until_ > now;
}

} // namespace troupe::paxos
