// One member of one replication group: the protocol of a partition, without I/O.
//
// Multi-Paxos with a stable, leased leader. `group` is given messages, the time and what became durable, and
// returns what to persist, what to send and what has been chosen. It includes no CAF, SQLite, clock, thread
// or source of randomness; the same object runs in production (actors/replica) and in the simulation
// (tests/sim). docs/paxos.md tells the whole protocol and argues why it is safe.
//
// The order the caller must keep, which is all it has to know: persist, then speak, then answer.
//
//   feed it (step, tick, propose ...)                       any number of times
//   while (g.has_ready()) {
//     ready r = g.take_ready();                             one may be outstanding at a time
//     send r.messages_now;                                  they promise nothing about this disk
//     write r.hard_state and r.entries durably (one sync);
//     send r.messages_after; g.persisted(r.id, now);
//   }
//   apply g.take_chosen() in order; g.applied(index, ...)
//
// Threads: none of its own; one caller at a time. Errors: a peer's malformed or impossible message is
// ignored and counted (counters().ignored); a broken invariant of ours aborts the process with its name.
#pragma once
#include "config/limits.h"
#include "messages/replication.pb.h"
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::paxos {

using member_id = std::uint64_t;
using log_index = std::uint64_t; // first entry is 1; 0 is "before the log"

// Microseconds on a clock that counts through suspend (CLOCK_BOOTTIME). Never compared between nodes.
using instant = std::int64_t;

struct options {
  std::uint64_t group = 0;
  member_id self = 0;
  instant lease = 1'500'000;
  instant heartbeat = 300'000;
  instant election_jitter = 300'000; // a campaign starts this much at most after the lease has ended
  instant drift = 50'000;            // subtracted from the leader's own lease
  bool strict_reads = false;         // reads take a quorum round instead of trusting the lease
  std::uint64_t seed = 0;            // for jitter; the only randomness there is

  // The simulation makes these small, so that short runs reach them.
  struct bounds {
    std::size_t append_entries = limits::append_entries;
    std::size_t follower_window_bytes = limits::follower_window_bytes;
    std::size_t promise_entries = limits::promise_entries;
    std::size_t inflight_entries = limits::inflight_entries;
    std::size_t cached_entry_bytes = limits::cached_entry_bytes;
  } bounds;

  // Deliberate bugs, for the simulation's test of its own checkers. All false in production.
  struct mutations {
    bool speak_before_persist = false;  // messages_after are handed out as messages_now
    bool truncate_above = false;        // an overwritten entry takes those above it along
    bool lease_from_receive = false;    // leader counts its lease from the reply's arrival
    bool promise_during_lease = false;  // voter ignores the lease it granted
    bool forget_restart_lease = false;  // a restarted voter promises at once
    bool commit_without_ballot = false; // follower commits whatever it has at the index
    bool serve_before_noop = false;     // a new leader reads before its own no-op is applied
    bool adopt_lowest_ballot = false;   // phase 1 takes the wrong value
    bool count_unsynced_self = false;   // the leader counts its own append before its sync
    bool skip_link_check = false;       // phase 1 adopts entries whose link does not fit
    bool quorum_of_one = false;         // commits on any single acknowledgement
  } mutations;
};

// What storage found when this member was opened. A group's first members are made fresh with its initial
// configuration (epoch 1, configuration_index 0). A member added later is made fresh with an empty log and no
// configuration, or with one whose configuration_index lies above base: it then knows whom it will belong to,
// but campaigns only once it has the log up to there. A commit hint above the last entry is cut to it.
struct restored {
  bool fresh = false; // made just now, by an order that can be given only once: it has promised nobody
  msg::HardState hard_state;
  log_index base = 0; // entries up to here are gone (applied, and truncated or inside a snapshot)
  std::uint64_t base_link = 0;
  msg::Ballot base_ballot;
  std::vector<msg::Entry> entries; // all of (base, last], ascending, without holes
  log_index applied = 0;           // what the item store holds; base for a log replica
  std::uint64_t items_link = 0; // there, by what the items say; 0: not known, and needed only above the log
  bool items = true; // false: a log replica that has none, and so is not to lead whatever it is called later
};

// Entry payloads of one configuration change, or of commands: see msg::Entry.
struct ready {
  std::uint64_t id = 0;
  std::optional<msg::HardState> hard_state;
  // Each replaces whatever the log holds at its index and leaves those above alone.
  std::vector<std::shared_ptr<const msg::Entry>> entries;
  std::vector<msg::PaxosMessage> messages_now;
  std::vector<msg::PaxosMessage> messages_after;
  // Storage must forget its log and take this base instead: a snapshot was installed (see restore()), or a
  // log replica was told where to begin.
  struct base {
    log_index index = 0;
    std::uint64_t link = 0;
    msg::Ballot ballot;
  };
  std::optional<base> reset_log;

  bool needs_disk() const { return hard_state.has_value() || !entries.empty() || reset_log.has_value(); }
};

enum class role { follower, candidate, leader };

// What became of a read-index round.
struct read_result {
  std::uint64_t token = 0;
  bool ok = false; // false: no longer the leader
};

struct progress_view {
  member_id member = 0;
  log_index match = 0;
  log_index applied = 0;
  instant heard = 0; // when it last answered; 0 never
  bool needs_snapshot = false;
};

struct counters {
  std::uint64_t elections_started = 0;
  std::uint64_t elections_won = 0;
  std::uint64_t pre_votes_dropped = 0; // a healthy answer stopped the attempt
  std::uint64_t stepped_down = 0;
  std::uint64_t leases_lost = 0;   // it ended before it was renewed
  std::uint64_t ignored = 0;       // messages that made no sense, or came from strangers
  std::uint64_t links_refused = 0; // an entry's link did not fit: corruption, or a stale tail
};

class deputy;

class group {
public:
  group(options opts, restored from, instant now);
  ~group();
  group(const group&) = delete;
  group& operator=(const group&) = delete;

  // --- what happens to it ---------------------------------------------------------------------------------

  void step(const msg::PaxosMessage& message, instant now);
  void step(msg::PaxosMessage&& message, instant now); // spares copying the entries' payloads

  // Call at or after next_deadline(); calling it at any other time is harmless.
  void tick(instant now);
  instant next_deadline() const;

  // Ask to lead without waiting out a silence: the placement named this member first. Still pre-votes.
  void campaign(instant now);

  // Leader: appends a command. Nothing when it does not serve, or the window of entries in flight is full
  // (see window_open), or a configuration entry is on its way.
  std::optional<log_index> propose(std::string payload, instant now);
  // Leader: appends a configuration whose epoch is one larger. One at a time; nothing when refused.
  std::optional<log_index> propose_configuration(const msg::Configuration& next, instant now);
  // Leader: stop serving, then hand leadership over. successor 0: the most up to date storage replica.
  // False when there is none to take it.
  bool hand_over(member_id successor, instant now);
  // The disk below has not completed an append for too long, or is full: lead no more, and do not campaign
  // until disk_healthy(true).
  void disk_healthy(bool healthy, instant now);

  // --- persist, then speak, then answer --------------------------------------------------------------------

  bool has_ready() const; // false while one is outstanding
  ready take_ready();
  // Messages that need not wait for an outstanding ready (heartbeats, their replies, a hand-off): a slow disk
  // need not silence its node. Optional: what is not taken here comes with the next ready's messages_now.
  std::vector<msg::PaxosMessage> take_messages();
  void persisted(std::uint64_t ready_id, instant now);

  // Entries newly known to be chosen, in order, each once. The caller applies them and says how far.
  std::vector<std::shared_ptr<const msg::Entry>> take_chosen();
  void applied(log_index index, instant now);         // applied in memory: what reads see
  void applied_durably(log_index index, instant now); // what a restart will find: bounds truncation

  // --- rest
  // -----------------------------------------------------------------------------------------------------

  // At the end of whatever was done: where nothing is under way and heartbeats are all that is left to do,
  // the deputy is put to work (deputy.h) and ticks are not needed until it wants waking; else it is
  // dismissed. Cheap. True: the deputy is at work.
  bool rest(deputy& to, instant now);
  // What a deputy did, before anything else is done: as if these heartbeats, and answers to ours, had just
  // come.
  void heartbeat_heard(const msg::Ballot& ballot, instant heard);
  void heartbeat_answered(const msg::Ballot& ballot, member_id by, instant sent, instant heard);

  // --- reads
  // -------------------------------------------------------------------------------------------------

  // True when a strong read may be answered at `now` from what is applied: leads, its own no-op is applied,
  // its lease is valid, and strict_reads is off.
  bool may_read(instant now) const;
  // With strict_reads: starts (or joins) a quorum round; the result comes through take_reads().
  void read_index(std::uint64_t token, instant now);
  std::vector<read_result> take_reads();

  // --- log, snapshots
  // ------------------------------------------------------------------------------------------

  // Highest index that may be deleted from the log as far as the other members are concerned: applied durably
  // here, and on every other member, or left behind by more than `keep_bytes` of log. A log replica has no
  // items: it keeps whatever some voter's items do not hold durably, as its log may be the second copy of
  // that.
  log_index truncatable(std::uint64_t keep_bytes) const;
  void truncated(log_index up_to); // the caller has deleted entries up to here
  // What is at or below can be had again should every copy here be lost: an archive holds it. Above, a log
  // replica that joins is given everything. Until somebody says otherwise all of it can.
  void archived(log_index index);
  // Entries of the log that are no longer in memory: the shell reads them from the log store when asked.
  // Called from inside step/tick/persisted/take_ready; returns entries of [from, to] up to max_bytes, or
  // fewer; none when they are not at hand now. Who they are for waits then until log_at_hand(), or until it
  // says something again. Nothing that must not wait depends on them: a promise is given from memory alone.
  using log_reader =
      std::function<std::vector<msg::Entry>(log_index from, log_index to, std::size_t max_bytes)>;
  void set_log_reader(log_reader reader);
  // Some of what the reader was asked for and did not have can be had now. Not to be called when reading
  // failed: whoever waits asks again by itself.
  void log_at_hand(instant now);

  // Set when this member's log cannot be continued from anybody's log: fetch a snapshot from that member.
  std::optional<member_id> wants_snapshot() const;
  // Where that member is, also when it is of a configuration that this member has only been told of; null
  // when nobody has said so.
  const msg::Member* snapshot_host() const;
  // That member is silent, or what it gives is of no use: another one is wanted, if there is another.
  void snapshot_refused(member_id by, instant now);
  // A verified snapshot has been published: continue from it. Refused (false) at or below the commit index.
  // The next ready has reset_log set.
  bool restore(const msg::SnapshotHeader& header, instant now);

  // --- looking at it
  // -----------------------------------------------------------------------------------------------

  bool serving(instant now) const; // leads, and its own no-op is applied, and its lease is valid
  bool window_open(std::size_t payload_bytes) const;
  enum role role() const;
  member_id leader() const;   // 0 when unknown
  msg::Ballot ballot() const; // promised
  log_index commit() const;
  log_index applied_index() const;
  log_index last_index() const;
  log_index first_index() const;                // oldest entry kept
  log_index durable_index() const;              // entries up to here are on this disk as they are in memory
  std::uint64_t link_at(log_index index) const; // 0 when not kept
  instant lease_until() const;                  // leader: own lease's end; 0 when none
  const msg::Configuration& configuration() const; // newest committed
  log_index configuration_index() const;
  // The leader's: proposed or found, and not known to be chosen. nullptr: none is. Good until the next call.
  const msg::Configuration* change_under_way() const;
  std::uint64_t
  durable_epoch() const; // of the newest committed configuration that a crash would leave known here
  // A committed configuration no longer has this member. It promises and accepts nothing any more; but it
  // still tells whoever asks what was chosen, as the news of its removal may be known to nobody else.
  bool removed() const;
  std::vector<progress_view> progress() const; // leader only
  const struct counters& counters() const;
  std::string describe() const; // one line, for people and failing tests

private:
  struct state;
  std::unique_ptr<state> state_;
};

// Checksum link of an entry, as messages/entry_link.h defines it.
std::uint64_t link_of(std::uint64_t group, const msg::Entry& entry, std::uint64_t previous);

inline bool before(const msg::Ballot& a, const msg::Ballot& b) {
  return a.round() != b.round() ? a.round() < b.round() : a.member() < b.member();
}

} // namespace troupe::paxos
