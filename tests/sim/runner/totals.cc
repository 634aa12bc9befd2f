#include "tests/sim/runner/run.h"

namespace troupe::sim {

void totals::add(const totals& more) {
  runs += more.runs;
  events += more.events;
  chosen += more.chosen;
  configurations += more.configurations;
  members.elections_started += more.members.elections_started;
  members.elections_won += more.members.elections_won;
  members.pre_votes_dropped += more.members.pre_votes_dropped;
  members.stepped_down += more.members.stepped_down;
  members.leases_lost += more.members.leases_lost;
  members.ignored += more.members.ignored;
  members.links_refused += more.members.links_refused;
  machines.crashes += more.machines.crashes;
  machines.opened += more.machines.opened;
  machines.lost_disks += more.machines.lost_disks;
  machines.damaged += more.machines.damaged;
  machines.snapshots += more.machines.snapshots;
  machines.grown += more.machines.grown;
  machines.rebuilt += more.machines.rebuilt;
  machines.given += more.machines.given;
  machines.refused += more.machines.refused;
  machines.truncations += more.machines.truncations;
  machines.messages += more.machines.messages;
  machines.pulses += more.machines.pulses;
  machines.beats += more.machines.beats;
  machines.pauses += more.machines.pauses;
  machines.disk_alarms += more.machines.disk_alarms;
  machines.rotten += more.machines.rotten;
  machines.compared += more.machines.compared;
  machines.outvoted += more.machines.outvoted;
  machines.arbitrated += more.machines.arbitrated;
  machines.undecided += more.machines.undecided;
  machines.put_back += more.machines.put_back;
  network.sent += more.network.sent;
  network.dropped += more.network.dropped;
  network.duplicated += more.network.duplicated;
  network.cut += more.network.cut;
  load.writes += more.load.writes;
  load.reads += more.load.reads;
  load.eventual_reads += more.load.eventual_reads;
  load.refused += more.load.refused;
  load.unknown += more.load.unknown;
  load.failed += more.load.failed;
  load.retries += more.load.retries;
  fates.partitions += more.fates.partitions;
  fates.stalls += more.fates.stalls;
  fates.hand_overs += more.fates.hand_overs;
  fates.vacated += more.fates.vacated;
  store.puts += more.store.puts;
  store.lies += more.store.lies;
  store.rotten += more.store.rotten;
}

std::string totals::text() const {
  const auto n = [](std::uint64_t number, const char* of) { return std::to_string(number) + " " + of; };
  return n(runs, "runs, ") + n(events, "events, ") + n(machines.messages, "messages between members (") +
         n(network.dropped, "lost, ") + n(network.duplicated, "repeated, ") +
         n(network.cut, "on cut links), ") + n(machines.pulses, "pulses (") +
         n(machines.beats, "granted)\n") + n(members.elections_won, "elections won of ") +
         n(members.elections_started, "begun, ") + n(members.pre_votes_dropped, "dropped at the question, ") +
         n(members.leases_lost, "leases lost, ") + n(members.stepped_down, "leaders stepped down\n") +
         n(chosen, "entries chosen, ") + n(configurations, "configurations, ") +
         n(machines.snapshots, "snapshots, ") + n(machines.grown, "grown (") +
         n(machines.rebuilt, "from the archive, ") + n(machines.refused, "refused, ") +
         n(machines.given, "asked of learners), ") + n(machines.truncations, "truncations, ") +
         n(members.links_refused, "links refused, ") + n(members.ignored, "messages ignored\n") +
         n(machines.crashes, "crashes, ") + n(machines.pauses, "pauses, ") + n(fates.partitions, "cuts, ") +
         n(fates.stalls, "stalled disks (") + n(machines.disk_alarms, "noticed), ") +
         n(machines.lost_disks, "lost disks (") + n(machines.damaged, "of them damaged), ") +
         n(fates.hand_overs, "hand-overs, ") + n(fates.vacated, "seats vacated\n") +
         n(machines.rotten, "items rotten, ") + n(machines.compared, "comparisons, ") +
         n(machines.outvoted, "wrong copies outvoted, ") + n(machines.arbitrated, "found by the archive, ") +
         n(machines.undecided, "undecided\n") + n(store.puts, "objects archived, ") +
         n(store.lies, "lies of the store, ") + n(store.rotten, "segments rotten, ") +
         n(machines.put_back, "put back\n") + n(load.writes, "writes acknowledged, ") +
         n(load.reads, "strong reads, ") + n(load.eventual_reads, "eventual reads, ") +
         n(load.refused, "refused, ") + n(load.unknown, "unknown, ") + n(load.failed, "failed, ") +
         n(load.retries, "retries");
}

} // namespace troupe::sim
