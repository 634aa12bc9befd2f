// Everything one member knows, and the table of contents of what it does. The functions live where they
// belong:
//
//   step.cc        where a message goes          acceptor.cc    answering leaders and candidates
//   election.cc    asking, preparing, leading    leader.cc      proposing, counting, committing
//   send.cc        Accepts, windows, heartbeats  reads.cc       read-index rounds
//   membership.cc  configurations                hand_over.cc   leaving politely
//   catch_up.cc    learning what was chosen      ready.cc       persist, then speak, then answer
//   rest.cc        when heartbeats are all there is to do
//
// Invariants, at every return to the caller:
//  - log.base() <= commit <= log.last(), and what is handed out is at most min(commit, log.durable()), except
//    after a restart that found items ahead of the log; then it does not lead before it has what they stand
//    for
//  - entries in (commit, agreed] carry the ballot `promised`
//  - leading or preparing implies that `promised` is a ballot of this member
#pragma once
#include "actors/core/paxos/ballot.h"
#include "actors/core/paxos/group.h"
#include "actors/core/paxos/invariant.h"
#include "actors/core/paxos/lease.h"
#include "actors/core/paxos/log.h"
#include "actors/core/paxos/quorum.h"
#include <limits>
#include <map>

namespace troupe::paxos {

inline constexpr instant never = std::numeric_limits<instant>::max();
inline constexpr instant long_ago = std::numeric_limits<instant>::min() / 2;

// A leader's knowledge of one other member.
struct follower {
  member_id id = 0;
  msg::MemberKind kind = msg::STORAGE_REPLICA;
  bool votes = false;      // in the configuration in force
  bool votes_next = false; // in the one being proposed

  log_index match = 0;  // durable there, in this leader's ballot
  log_index agreed = 0; // the best guess of how far its log fits; where sending starts again
  log_index next = 1;   // the next to send
  log_index commit = 0; // as it last said
  log_index applied = 0;
  instant heard = 0;        // when it last answered
  instant acked = long_ago; // the latest of our sending times that it has echoed
  std::uint64_t read_round = 0;
  bool reachable = true; // answered within a lease; others get heartbeats only
  bool needs_snapshot = false;
  bool waits_for_log = false; // what it is to be sent next is not at hand

  struct sent {
    log_index last = 0;
    std::size_t bytes = 0;
  };
  std::deque<sent> flight; // sent, not yet acknowledged, ascending
  std::size_t flight_bytes = 0;
  instant progressed = 0;     // when match last grew, or sending began
  instant patience = 0;       // how long without progress before sending again
  instant rewound = long_ago; // refusals of what was sent before that are old news
};

struct pending_configuration {
  log_index index = 0;
  msg::Configuration next;
  bool adopted = false; // found in phase 1, and not proposed here first
};

struct pending_read {
  std::uint64_t token = 0;
  std::uint64_t round = 0;
  log_index index = 0; // commit when it was asked
};

// What exists only while leading.
struct leadership {
  msg::Ballot ballot;
  log_index tail = 0; // the last proposed here; entries above it in the log are stale
  log_index noop = 0; // of this ballot; 0 while an adopted configuration comes first
  instant since = 0;
  instant serve_after = 0; // when leases that promises reported have ended
  instant lease_end = long_ago;
  instant next_heartbeat = 0;
  instant told = 0; // when heartbeats were last sent, and what they said
  log_index told_settled = 0;
  log_index told_held = 0;
  bool self_votes = true;
  bool self_votes_next = true;
  std::vector<follower> followers;
  std::optional<pending_configuration> pending;
  member_id successor = 0; // handing over to it; 0: not
  instant hand_over_until = 0;
  std::uint64_t round = 0; // the newest read-index round begun
  std::deque<pending_read> reads;
  mutable std::vector<instant> acked_scratch; // counted on every answer: no allocation each time
  mutable std::vector<log_index> match_scratch;
};

// What exists only while trying to lead.
struct attempt {
  bool preparing = false; // else only asking whether to
  msg::Ballot ballot;
  log_index above = 0; // asks for entries above this index
  std::vector<member_id> granted;
  struct promise {
    member_id from = 0;
    log_index commit = 0;
    std::vector<entry_ptr> entries;
  };
  std::vector<promise> promises;
  instant lease_left = 0; // the longest that a promise reported
  std::optional<msg::Ballot> handed_off;
  instant ask_again = never;
  instant give_up = never;
  instant earliest_retry = 0; // from refusals that said how long they bind
};

struct group::state {
  state(options opts, restored&& from, instant now);

  const options opts;
  std::uint64_t random;
  instant clock; // the latest time it was told

  // Acceptor.
  msg::Ballot promised;
  msg::Ballot durable_promised;
  tail_log log;
  log_index commit = 0;
  log_index agreed = 0; // up to here the log is known to equal that of the leader of `promised`
  granted_leases leases;
  msg::Configuration config; // newest committed
  log_index config_index = 0;
  bool provisional = false; // config was only told, not yet committed as far as this log goes
  bool config_durable = true;
  std::uint64_t durable_epoch = 0;
  bool removed = false;

  // Learner.
  const bool has_items;           // false: a log replica, which has nothing but its log
  log_index handed = 0;           // given out by take_chosen
  const std::uint64_t items_link; // where the items stood when it began, which may be above the log
  log_index applied = 0;
  log_index applied_durably = 0;
  log_index settled = 0; // every member has applied up to here
  log_index held = 0;    // every voter with items holds up to here
  log_index archived = std::numeric_limits<log_index>::max();
  std::optional<member_id> snapshot_source;
  msg::Configuration told_of; // the newest one by whoever has cut its log; counts while newer than `config`
  instant caught_up_at = long_ago;           // when CatchUp was last sent
  std::map<member_id, log_index> unanswered; // CatchUps whose entries are not at hand: from where on

  // Elections.
  enum role role = role::follower;
  member_id leader = 0;
  std::uint64_t highest_round = 0; // seen anywhere
  instant election_deadline = 0;
  member_id courted_by = 0; // promised it lately: give it a moment before asking anew
  instant courted_until = 0;
  bool disk_ok = true;
  std::optional<attempt> trying;
  std::optional<leadership> leading;

  // Toward the caller.
  struct acknowledgement {
    member_id to = 0;
    msg::Ballot ballot;
    instant sent_us = 0;
  };
  std::optional<acknowledgement> owed; // one Accepted answers all Accepts since the last ready
  std::vector<msg::PaxosMessage> now_queue;
  std::vector<msg::PaxosMessage> after_queue;
  bool hard_dirty = false;
  std::optional<ready::base> reset_to; // the log begins anew above it
  log_index commit_hint = 0;           // as last written to disk
  std::uint64_t ready_id = 0;
  struct outstanding_ready {
    std::uint64_t id = 0;
    msg::Ballot promised;
    std::uint64_t epoch = 0; // of the configuration in it
    bool has_state = false;
  };
  std::optional<outstanding_ready> outstanding;
  std::vector<read_result> read_results;
  struct counters counters;

  // step.cc
  void step(msg::PaxosMessage& message);
  bool admit(const msg::PaxosMessage& message);
  msg::PaxosMessage to(member_id member) const;
  void ignore() { ++counters.ignored; }
  void note_round(const msg::Ballot& ballot) { highest_round = std::max(highest_round, ballot.round()); }

  // acceptor.cc
  void on_prepare(msg::PaxosMessage& message);
  void on_pre_vote(const msg::PaxosMessage& message);
  void on_accept(msg::PaxosMessage& message);
  void on_heartbeat(const msg::PaxosMessage& message);
  bool follow(const msg::Ballot& ballot, member_id from);
  void promise_to(const msg::Ballot& ballot);
  instant bound_to_others(member_id candidate) const;
  bool lags_behind_us(log_index asker_commit) const;
  void refuse_gap(const msg::PaxosMessage& message, log_index need);
  void put(entry_ptr entry);
  bool commit_to(log_index index); // true when a configuration took effect
  void follower_commit(log_index index);

  // election.cc
  instant jitter(instant span);
  void wait_for_leader(instant at_least);
  bool may_campaign() const;
  void ask();
  void drop_attempt(instant retry_in);
  void on_pre_vote_reply(const msg::PaxosMessage& message);
  void prepare(std::optional<msg::Ballot> handed_off);
  void send_prepares();
  void on_promise(msg::PaxosMessage& message);
  log_index stood_for_by_items(const std::vector<entry_ptr>& entries) const;
  void try_to_lead();
  void lead();
  void step_down();

  // leader.cc
  void append(msg::Entry::Kind kind, std::string payload);
  void append_adopted(const entry_ptr& entry);
  std::optional<log_index> propose(std::string payload);
  bool window_open(std::size_t payload_bytes) const;
  bool lease_valid(instant now) const { return leading && leading->lease_end > now; }
  bool serves(instant now) const;
  follower* find_follower(member_id id);
  void on_accepted(const msg::PaxosMessage& message);
  void on_heartbeat_reply(const msg::PaxosMessage& message);
  void heard_from(follower& f, instant sent_us);
  void matched(follower& f, log_index match);
  void renew_lease();
  void advance_commit();
  log_index quorum_match(bool next) const;
  void lead_on(); // the leader's part of tick

  // send.cc
  void rewind(follower& f);
  bool can_send(const follower& f) const;
  void send_accepts();
  void send_accept(follower& f);
  void send_heartbeats();
  void look_after_slow_ones();
  log_index everywhere_applied() const;
  log_index held_in_items() const;
  log_index beginning_of(const follower& f) const;

  // reads.cc
  void read_index(std::uint64_t token);
  void begin_round();
  void finish_reads();
  void fail_reads();

  // rest.cc
  bool resting() const;
  bool leader_rests() const;

  // membership.cc
  bool seated() const;
  bool stands_in() const;
  std::uint64_t epoch() const { return provisional ? 0 : config.epoch(); }
  bool acceptable(const msg::Configuration& next) const;
  std::optional<log_index> propose_configuration(const msg::Configuration& next);
  void arrange_followers();
  void take_effect(const msg::Entry& entry);
  void configuration_changed(); // the leader's part, after commit
  void tell_removed(msg::Removed& into) const;
  void on_removed(const msg::PaxosMessage& message);
  void leave();

  // hand_over.cc
  member_id best_successor(const msg::Configuration& among) const;
  bool hand_over(member_id successor);
  bool may_hand_off() const;
  void maybe_hand_off();
  void send_hand_off(member_id successor);
  void on_abdication(const msg::Ballot& ballot);
  void on_hand_off(const msg::PaxosMessage& message);

  // catch_up.cc
  void ask_catch_up(member_id from, bool at_once);
  void on_catch_up(const msg::PaxosMessage& message);
  msg::PaxosMessage gone(member_id member) const;
  const msg::Member* known_member(member_id id) const; // here, or in the configuration it was told of
  void tell_chosen(member_id to, log_index from);
  void log_at_hand();
  void look_for_snapshot(member_id told_by);
  void look_past(member_id one);
  void tell_as_removed(const msg::PaxosMessage& message);
  void continue_from(const ready::base& base, const msg::Configuration& known, log_index known_at);
  void on_chosen(msg::PaxosMessage& message);
  bool learn(std::vector<entry_ptr>& entries, log_index up_to);
  bool restore(const msg::SnapshotHeader& header);

  // ready.cc
  bool has_ready() const;
  ready take_ready();
  void persisted(std::uint64_t id);
  std::vector<entry_ptr> take_chosen();
  void forget_applied();

  void tick();
};

} // namespace troupe::paxos
