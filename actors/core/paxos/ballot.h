// Words for ballots. A ballot is (round, member); its owner is the only one who ever proposes in it.
#pragma once
#include "actors/core/paxos/group.h"
#include <string>

namespace troupe::paxos {

inline msg::Ballot make_ballot(std::uint64_t round, member_id member) {
  msg::Ballot ballot;
  ballot.set_round(round);
  ballot.set_member(member);
  return ballot;
}

inline bool same(const msg::Ballot& a, const msg::Ballot& b) {
  return a.round() == b.round() && a.member() == b.member();
}

inline bool is_zero(const msg::Ballot& ballot) {
  return ballot.round() == 0 && ballot.member() == 0;
}

inline std::string text(const msg::Ballot& ballot) {
  return std::to_string(ballot.round()) + "." + std::to_string(ballot.member());
}

} // namespace troupe::paxos
