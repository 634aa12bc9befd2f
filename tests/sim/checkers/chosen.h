// Agreement: no two values are chosen at one index, and nobody acts on a value before it is chosen.
//
// What is chosen is worked out here from the disks alone: a value is chosen once the same ballot's acceptance
// of it has become durable on a quorum of the configuration that governs its index, and it continues the log
// that was chosen below it. Votes are never taken back, even when the disk is lost. Indexes are decided in
// order, because a configuration entry governs the ones after it.
//
// That a value must continue the chosen log is part of the definition: a newcomer may hold a stale entry of a
// leader that once hoped to add it; when it is added after all, by another leader at another index, that vote
// meets the quorum of a configuration it was never cast under. Nobody may act on such a value, and since its
// link does not fit, nobody can.
//
// The log it arrives at is the truth that other checkers measure members and clients against.
#pragma once
#include "tests/sim/checkers/checker.h"
#include <map>
#include <vector>

namespace troupe::sim {

class chosen_log : public checker {
public:
  chosen_log(world& w, const msg::Configuration& initial);

  void durable(member_id m, const msg::Entry& e) override;
  void chosen(member_id m, const msg::Entry& e) override;
  void installed(member_id m, const msg::SnapshotHeader& h) override;
  void archived(member_id m, log_index index, std::uint64_t link) override;

  // Everything up to here is chosen.
  log_index length() const { return entries_.size(); }
  const msg::Entry& at(log_index index) const { return entries_[index - 1]; } // index in [1, length()]
  std::uint64_t link_at(log_index index) const { return index == 0 ? 0 : at(index).link(); }
  // The configuration that governs `index`: the newest one chosen below it.
  const msg::Configuration& governing(log_index index) const;
  const msg::Configuration& newest() const { return configurations_.rbegin()->second; }
  std::uint64_t configuration_changes() const { return configurations_.size() - 1; }

private:
  struct ballot_votes { // for one value in one ballot
    msg::Entry value;
    std::vector<member_id> voters;
  };
  bool quorum(const ballot_votes& votes, log_index index) const;
  void decide(log_index index, const ballot_votes& votes);

  std::map<log_index, std::vector<ballot_votes>> votes_;
  std::vector<msg::Entry> entries_;
  std::map<log_index, msg::Configuration> configurations_; // by the index they were chosen at
};

} // namespace troupe::sim
