#include "actors/replica/meter.h"
#include "actors/kit/mailbox.h"

namespace troupe::replica {

meters::meters(kit::metrics& m)
    : write_seconds(m.histogram("troupe_replica_write_seconds",
                                "From a write's arrival at the leader to its answer.",
                                kit::latency_buckets())),
      read_seconds(m.histogram("troupe_replica_read_seconds",
                               "From a read's arrival at a replica to its answer.", kit::latency_buckets())),
      apply_seconds(m.histogram("troupe_replica_apply_seconds",
                                "One flush of applied effects into the item store.", kit::latency_buckets())),
      flush_items(
          m.histogram("troupe_replica_flush_items", "Items written by one flush.", kit::size_buckets())),
      mailbox(kit::mailbox_depth(m, "replica")),
      writes(m.counter("troupe_replica_writes_total", "Writes proposed by leaders on this node.")),
      reads(m.counter("troupe_replica_reads_total", "Reads answered by replicas on this node.")),
      scans(m.counter("troupe_replica_scans_total", "Scan pages answered by replicas on this node.")),
      refusals(
          m.counter("troupe_replica_refusals_total", "Requests refused: conditions, overload, a full disk.")),
      moved(m.counter("troupe_replica_moved_total", "Requests sent on because this replica does not lead.")),
      repeated(m.counter("troupe_replica_repeated_requests_total", "Writes that had taken effect before.")),
      chosen(m.counter("troupe_replica_entries_applied_total", "Log entries applied on this node.")),
      strangers(m.counter("troupe_replica_strangers_total",
                          "Protocol messages refused because their sender is not who its group knows.")),
      elections_started(
          m.counter("troupe_elections_started_total", "Campaigns begun by replicas on this node.")),
      elections_won(m.counter("troupe_elections_won_total", "Campaigns won by replicas on this node.")),
      pre_votes_dropped(
          m.counter("troupe_elections_dropped_total", "Campaigns dropped because a leader is healthy.")),
      stepped_down(m.counter("troupe_leaders_stepped_down_total", "Leaders on this node that stepped down.")),
      leases_lost(
          m.counter("troupe_leases_lost_total", "Leader leases that ended before they were renewed.")),
      ignored(m.counter("troupe_paxos_ignored_total",
                        "Protocol messages that made no sense or came from strangers.")),
      links_refused(
          m.counter("troupe_paxos_links_refused_total", "Entries whose checksum link did not fit.")),
      snapshots_installed(m.counter("troupe_snapshots_installed_total", "Snapshots installed on this node.")),
      snapshot_chunks_sent(
          m.counter("troupe_snapshot_chunks_sent_total", "Snapshot chunks sent by this node.")),
      replicas(m.gauge("troupe_replicas", "Replicas running on this node.")),
      leaders(m.gauge("troupe_leaders", "Replicas on this node that lead their group.")),
      overlay_bytes(m.gauge("troupe_overlay_bytes", "Applied items waiting to be written to item stores.")) {
  replicas.Increment();
}

void meters::count(const struct paxos::counters& now) {
  auto add = [](prometheus::Counter& counter, std::uint64_t before, std::uint64_t after) {
    if (after > before)
      counter.Increment(static_cast<double>(after - before));
  };
  add(elections_started, seen_.elections_started, now.elections_started);
  add(elections_won, seen_.elections_won, now.elections_won);
  add(pre_votes_dropped, seen_.pre_votes_dropped, now.pre_votes_dropped);
  add(stepped_down, seen_.stepped_down, now.stepped_down);
  add(leases_lost, seen_.leases_lost, now.leases_lost);
  add(ignored, seen_.ignored, now.ignored);
  add(links_refused, seen_.links_refused, now.links_refused);
  seen_ = now;
}

void meters::show(bool leads, std::size_t overlay_size) {
  if (leads != shown_leads_)
    leaders.Increment(leads ? 1 : -1);
  if (overlay_size != shown_overlay_)
    overlay_bytes.Increment(static_cast<double>(overlay_size) - static_cast<double>(shown_overlay_));
  shown_leads_ = leads;
  shown_overlay_ = overlay_size;
}

meters::~meters() {
  show(false, 0);
  replicas.Decrement();
}

} // namespace troupe::replica
