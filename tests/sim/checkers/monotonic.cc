#include "tests/sim/checkers/monotonic.h"
#include "tests/sim/members/member.h"
#include <algorithm>

namespace troupe::sim {

using paxos::before;

void monotonic::durable(member_id m, const msg::Entry& e) {
  kept& disk = disks_[m];
  if (e.index() <= disk.base)
    return;
  const auto [at, first] = disk.votes.try_emplace(e.index(), vote{e.ballot(), e.link()});
  const bool settled = e.index() <= truth_.length() && truth_.link_at(e.index()) == e.link();
  // An entry learned as chosen may carry an older ballot than a losing one that it replaces.
  if (!first && before(e.ballot(), at->second.ballot) && !settled)
    return find(name(m) + " replaced its entry " + std::to_string(e.index()) + " by one of an older ballot");
  if (e.index() > disk.base + 1 && !disk.votes.contains(e.index() - 1))
    return find(name(m) + " left a hole before entry " + std::to_string(e.index()));
  at->second = {e.ballot(), e.link()};
  if (const auto old = forgotten_.find(m); old != forgotten_.end())
    old->second.erase(e.index());
}

void monotonic::durable_state(member_id m, const msg::HardState& s) {
  msg::HardState& old = disks_[m].state;
  if (before(s.promised(), old.promised()))
    return find(name(m) + " took back a promise");
  if (s.commit() < old.commit())
    return find(name(m) + " took back its commit index: " + std::to_string(old.commit()) + " to " +
                std::to_string(s.commit()));
  if (s.commit() > truth_.length())
    return find(name(m) + " recorded commit index " + std::to_string(s.commit()) + "; chosen are " +
                std::to_string(truth_.length()));
  if (s.configuration().epoch() < old.configuration().epoch())
    return find(name(m) + " went back to an older configuration");
  old = s;
}

void monotonic::truncated(member_id m, log_index up_to) {
  kept& disk = disks_[m];
  if (up_to > truth_.length())
    return find(name(m) + " deleted entries up to " + std::to_string(up_to) + "; chosen are " +
                std::to_string(truth_.length()));
  disk.base = std::max(disk.base, up_to);
  disk.votes.erase(disk.votes.begin(), disk.votes.upper_bound(up_to));
}

void monotonic::reset(member_id m, log_index base) {
  kept& disk = disks_[m];
  if (base < disk.base)
    return find(name(m) + " reset its log to an earlier index");
  disk.votes.erase(disk.votes.begin(), disk.votes.upper_bound(base));
  forgotten_[m] = disk.votes;
  disk.votes.clear();
  disk.base = base;
}

void monotonic::opened(const member& m) {
  const kept& disk = disks_[m.id()];
  const paxos::group& g = m.group();
  if (g.last_index() < disk.last())
    find(name(m.id()) + " opens with a log up to " + std::to_string(g.last_index()) +
         ", but had accepted up to " + std::to_string(disk.last()));
  if (g.commit() < disk.state.commit())
    find(name(m.id()) + " opens with an older commit index");
  if (before(g.ballot(), disk.state.promised()))
    find(name(m.id()) + " opens and has forgotten a promise");
  running_[m.id()] = {};
  running_[m.id()].ahead = g.applied_index();
  if (g.applied_index() > truth_.length())
    find(name(m.id()) + " opens with items of what was not chosen");
}

void monotonic::touched(const member& m) {
  const paxos::group& g = m.group();
  shown& last = running_[m.id()];
  const shown now{g.commit(), g.applied_index(), g.configuration().epoch(), g.ballot(), last.ahead};
  if (now.commit < last.commit || now.applied < last.applied || now.epoch < last.epoch ||
      before(now.promised, last.promised))
    find(name(m.id()) + " went back: " + g.describe());
  if (now.applied > std::max(now.commit, now.ahead) || now.commit > g.last_index())
    find(name(m.id()) + " has applied <= commit <= last out of order: " + g.describe());
  last = now;
}

void monotonic::after_event() {
  for (const auto& [m, votes] : forgotten_)
    for (const auto& [index, v] : votes)
      if (index > truth_.length() || truth_.link_at(index) == v.link)
        find(name(m) + " forgot entry " + std::to_string(index) +
             ", which it had accepted, with a reset of its log");
  forgotten_.clear();
}

} // namespace troupe::sim
