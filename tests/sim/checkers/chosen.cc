#include "tests/sim/checkers/chosen.h"
#include <algorithm>

namespace troupe::sim {
namespace {

bool same(const msg::Ballot& a, const msg::Ballot& b) {
  return a.round() == b.round() && a.member() == b.member();
}

bool same_value(const msg::Entry& a, const msg::Entry& b) {
  return a.link() == b.link() && a.kind() == b.kind() && a.payload() == b.payload() &&
         a.previous_link() == b.previous_link();
}

std::string name(const msg::Entry& e) {
  return "entry " + std::to_string(e.index()) + " of ballot " + std::to_string(e.ballot().round()) + "." +
         std::to_string(e.ballot().member()) + " (link " + std::to_string(e.link()) + ")";
}

} // namespace

chosen_log::chosen_log(world& w, const msg::Configuration& initial) : checker(w, "chosen") {
  configurations_[0] = initial;
}

const msg::Configuration& chosen_log::governing(log_index index) const {
  return std::prev(configurations_.lower_bound(index))->second;
}

void chosen_log::durable(member_id m, const msg::Entry& e) {
  auto& all = votes_[e.index()];
  auto found = std::find_if(all.begin(), all.end(), [&](const ballot_votes& v) {
    return same(v.value.ballot(), e.ballot()) && same_value(v.value, e);
  });
  if (found == all.end()) {
    for (const auto& other : all)
      if (same(other.value.ballot(), e.ballot()))
        return find("m" + std::to_string(m) + " accepted a second value in one ballot: " + name(e) +
                    ", the first was " + name(other.value));
    found = all.insert(all.end(), {e, {}});
  }
  if (std::find(found->voters.begin(), found->voters.end(), m) != found->voters.end())
    return;
  found->voters.push_back(m);
  decide(e.index(), *found);
}

bool chosen_log::quorum(const ballot_votes& votes, log_index index) const {
  std::size_t voters = 0, for_it = 0;
  for (const auto& m : governing(index).members()) {
    if (m.kind() == msg::LEARNER)
      continue;
    ++voters;
    for_it += std::find(votes.voters.begin(), votes.voters.end(), m.id()) != votes.voters.end();
  }
  return for_it > voters / 2;
}

void chosen_log::decide(log_index index, const ballot_votes& votes) {
  if (index > length() + 1 || !quorum(votes, index))
    return;
  if (index <= length()) {
    if (!same_value(at(index), votes.value))
      find("two values are chosen at one index: " + name(at(index)) + " and " + name(votes.value));
    return;
  }
  if (votes.value.previous_link() != link_at(index - 1))
    return;
  entries_.push_back(votes.value);
  world_.note("chosen: {} in ballot {}.{} link {x}", index, votes.value.ballot().round(),
              votes.value.ballot().member(), votes.value.link());
  if (votes.value.kind() == msg::Entry::CONFIGURATION)
    configurations_[index].ParseFromString(votes.value.payload());
  if (const auto next = votes_.find(index + 1); next != votes_.end())
    for (const auto& waiting : next->second) {
      decide(index + 1, waiting);
      if (world_.found())
        return;
    }
}

void chosen_log::chosen(member_id m, const msg::Entry& e) {
  if (e.index() == 0 || e.index() > length())
    return find("m" + std::to_string(m) + " acts on " + name(e) +
                ", which no quorum holds durably; chosen are " + std::to_string(length()));
  if (!same_value(at(e.index()), e))
    find("m" + std::to_string(m) + " acts on " + name(e) + ", but chosen is " + name(at(e.index())));
}

void chosen_log::installed(member_id m, const msg::SnapshotHeader& h) {
  if (h.index() > length() || h.link() != link_at(h.index()))
    return find("m" + std::to_string(m) + " installed a snapshot at " + std::to_string(h.index()) +
                " which is not on the chosen log");
  const auto newest_there = std::prev(configurations_.upper_bound(h.index()));
  if (h.configuration_index() != newest_there->first ||
      h.configuration().epoch() != newest_there->second.epoch())
    find("m" + std::to_string(m) + " installed a snapshot at " + std::to_string(h.index()) +
         " with the configuration of epoch " + std::to_string(h.configuration().epoch()) + " at " +
         std::to_string(h.configuration_index()));
}

void chosen_log::archived(member_id m, log_index index, std::uint64_t link) {
  if (index > length() || link != link_at(index))
    find("m" + std::to_string(m) + " archived entries up to " + std::to_string(index) +
         " which are not on the chosen log");
}

} // namespace troupe::sim
