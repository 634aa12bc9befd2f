#include "actors/core/paxos/deputy.h"
#include "actors/core/paxos/ballot.h"
#include <algorithm>

namespace troupe::paxos {

void deputy::tell(group& core) {
  if (follows()) {
    if (heard_ != 0)
      core.heartbeat_heard(ballot_, heard_);
    dismiss();
  } else if (leads()) {
    for (answering& f : followers_)
      if (f.heard != 0)
        core.heartbeat_answered(ballot_, f.member, f.sent, std::exchange(f.heard, 0));
  }
}

void deputy::follow(const msg::Ballot& ballot, log_index commit, instant granted_until, instant lease) {
  now_does_ = work::following;
  ballot_ = ballot;
  commit_ = commit;
  granted_until_ = granted_until;
  lease_ = lease;
  heard_ = 0;
}

void deputy::lead(const msg::Ballot& ballot, log_index commit, std::vector<answering> followers,
                  instant patience) {
  now_does_ = work::leading;
  ballot_ = ballot;
  commit_ = commit;
  followers_ = std::move(followers);
  patience_ = patience;
}

bool deputy::beat(const msg::Ballot& ballot, log_index commit, instant now) {
  // A lease that has ended is the member's to give again, not ours: it may be about to ask the others.
  if (!follows() || !same(ballot, ballot_) || commit != commit_ || now >= granted_until_)
    return false;
  heard_ = now;
  granted_until_ = std::max(granted_until_, now + lease_);
  return true;
}

bool deputy::answered(member_id by, instant sent, instant now) {
  if (!leads())
    return true;
  for (answering& f : followers_) {
    if (f.member != by)
      continue;
    if (sent > f.sent) {
      f.sent = sent;
      f.heard = now;
    }
    return true;
  }
  return false;
}

bool deputy::wants_waking(instant now) const {
  if (follows())
    return now >= granted_until_;
  return leads() && std::any_of(followers_.begin(), followers_.end(),
                                [&](const answering& f) { return now - f.sent > patience_; });
}

} // namespace troupe::paxos
