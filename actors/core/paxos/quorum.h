// Counting: who votes in a configuration, how many make a quorum, and what a quorum agrees on.
#pragma once
#include "actors/core/paxos/group.h"
#include <algorithm>

namespace troupe::paxos {

inline const msg::Member* find_member(const msg::Configuration& configuration, member_id id) {
  for (const msg::Member& member : configuration.members())
    if (member.id() == id)
      return &member;
  return nullptr;
}

inline bool is_member(const msg::Configuration& configuration, member_id id) {
  return find_member(configuration, id) != nullptr;
}

inline bool votes(const msg::Member& member) {
  return member.kind() != msg::LEARNER;
}

inline bool is_voter(const msg::Configuration& configuration, member_id id) {
  const msg::Member* member = find_member(configuration, id);
  return member && votes(*member);
}

// Whether this member may lead: it votes and has the items.
inline bool may_lead(const msg::Configuration& configuration, member_id id) {
  const msg::Member* member = find_member(configuration, id);
  return member && member->kind() == msg::STORAGE_REPLICA;
}

inline std::size_t voters(const msg::Configuration& configuration) {
  std::size_t count = 0;
  for (const msg::Member& member : configuration.members())
    count += votes(member);
  return count;
}

// Any two quorums of one configuration have a member in common.
inline std::size_t quorum(const msg::Configuration& configuration) {
  return voters(configuration) / 2 + 1;
}

// The largest number that at least `needed` of the voters have reached; `none` when there are fewer voters.
// Reorders `reached`.
template <class T>
T reached_by(std::vector<T>& reached, std::size_t needed, T none) {
  if (needed == 0 || reached.size() < needed)
    return none;
  auto nth = reached.begin() + static_cast<std::ptrdiff_t>(needed - 1);
  std::nth_element(reached.begin(), nth, reached.end(), std::greater<T>());
  return *nth;
}

} // namespace troupe::paxos
