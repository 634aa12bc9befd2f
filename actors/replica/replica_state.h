// The replica's memory and the names of everything it does. replica_actor.cc is its door, start.cc brings it
// up, drain.cc keeps the order persist - speak - answer, failing.cc knows what a bad disk costs, writes.cc
// and reads.cc answer requests, index_reads.cc knows pages of local indexes, transfer.cc moves snapshots,
// rest.cc leaves a quiet group to the node's pulse, archiving.cc tells the node's archiver of the log,
// scrub.cc does what the scrubber asks.
#pragma once
#include "actors/core/dedup/remembered.h"
#include "actors/core/paxos/group.h"
#include "actors/kit/promise_table.h"
#include "actors/replica/meter.h"
#include "actors/replica/overlay.h"
#include "actors/replica/replica_actor.h"
#include "config/limits.h"
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::replica {

// Somebody who waits for an answer.
struct waiter {
  std::string node;
  msg::Parcel head; // the reply without its body
  std::int64_t since_us = 0;
};

// A write that is in the log and not yet applied.
struct proposed_write {
  msg::RequestId id;
  std::vector<waiter> waiters; // a repeated request joins the first
  msg::ReplicaReply reply;
};

// A request that waits for the item store.
struct pending_write {
  waiter who;
  msg::ReplicaRequest request;
  std::map<std::size_t, std::optional<std::string>> fetched; // mutation -> item in the store, nullopt: none
  std::size_t missing = 0;
  std::map<std::size_t, std::optional<std::string>>
      updated; // mutation -> what its update makes; nullopt: no item
};
struct pending_read {
  waiter who;
  std::string key;
  bool eventual = false;
};
struct pending_scan {
  waiter who;
  msg::ReplicaRequest::Scan scan;
};
struct pending {
  std::optional<pending_write> write;
  std::optional<pending_read> read;
  std::optional<pending_scan> scan;
  std::size_t part = 0; // write: which mutation was asked for
  std::uint64_t write_id = 0;
};

inline constexpr std::uint64_t the_archive = 0; // where a member would be named that gives items

// The follower's end of a snapshot transfer.
struct incoming_snapshot {
  std::uint64_t transfer = 0;
  std::uint64_t chunk = 0;
  std::uint64_t from = 0;     // member, or the_archive
  std::uint64_t snapshot = 0; // that the pieces before that one are of; 0: none is here
  std::int64_t ask_us = 0;    // when to ask for it
  int silences = 0;           // questions without an answer, in a row
  bool admitted = false;      // the bytes of the piece that is asked for count already
  bool given_up = false;      // the worker was told so
  bool storing =
      false; // the item worker has a piece, or looks what is left, and answers whatever comes of it
};

// The other end: the question of a member that the item worker has.
struct asked_piece {
  std::uint64_t token = 0;
  std::uint64_t transfer = 0;
  std::uint64_t chunk = 0;
  waiter who;
};

enum class phase { opening, repairing, running, broken, stopping };

inline constexpr std::int64_t tell_archiver_every_us = 1'000'000;

struct replica_state {
  static inline const char* name = "replica";

  replica_state() = default;
  replica_state(const replica_state&) = delete;
  replica_state& operator=(const replica_state&) = delete;
  ~replica_state(); // when the actor ends, for whatever reason: nobody speaks for it any more

  replica_pointer self = nullptr;
  replica_options options;
  std::unique_ptr<meters> meter;
  phase now_in = phase::opening;
  std::string trouble; // why it does not run
  std::string damage; // why this member must be replaced for good, whether it runs or not; empty: it need not
  // Why it must be replaced as long as that lasts: its log, its item file has taken nothing for long.
  std::string log_failing;
  std::string items_failing;
  bool items_there = false; // an item file was found that is this member's, whatever may be wrong with it
  bool holds_items = true;  // false: a log replica, which has nothing but its log
  std::int64_t flush_fails_us = 0; // since when every flush has, and not for a full disk; 0: none did
  bool items_fail = false;      // nothing more can be written into its item file: it votes, and leads no more
  bool items_lost = false;      // and that was too much to keep: what is applied is in the log alone
  bool probe_under_way = false; // then: whether the item file takes something again
  std::int64_t probe_us = 0;    // when to ask it next

  // --- the protocol and the log
  std::unique_ptr<paxos::group> core;
  std::optional<paxos::ready> outstanding; // handed to the disk
  bool disk_busy = false;
  std::string disk_refuses;         // why it does not take what is outstanding; empty: it has not said so
  bool disk_full = false;           // that is why
  std::int64_t disk_refuses_us = 0; // since when
  std::int64_t disk_since_us = 0;
  std::int64_t disk_retry_us = 0; // when to try the refused append again; 0: none was
  kit::deputy_seat_ptr seat;
  bool rests = false;                                      // and needs no ticks
  bool called = false;                                     // the pulse asks it to look for itself
  wire::log_loaded loaded;                                 // between opening and running
  std::vector<std::shared_ptr<const msg::Entry>> repaired; // of its damaged entries, on their way to the disk
  bool repair_under_way = false;                           // the disk has them, and has not answered
  // Pieces of the log fetched for slow followers, each without a hole; the one used last comes last.
  std::vector<std::vector<msg::Entry>> read_ahead;
  bool read_ahead_asked = false;
  std::int64_t read_ahead_used_us = 0; // the last time

  // --- where it begins with the items of another partition
  bool restored = false;                                          // all of them are there
  std::pair<std::uint64_t, std::uint64_t> clients_wrote_in{0, 0}; // the newest leadership: round, member

  // --- the state machine
  overlay items;
  std::shared_ptr<const item::local_indexes> indexes; // null when the table has none
  dedup::remembered requests;
  wire::items_opened opened;
  std::vector<msg::AppliedRequest> unflushed_requests;
  std::int64_t last_time_ms = 0;
  std::uint64_t applied = 0;
  std::uint64_t applied_link = 0;
  msg::Ballot applied_ballot;
  std::uint64_t flushed = 0;     // index the item store's file holds
  std::uint64_t durable = 0;     // and would hold after a power cut
  msg::Configuration configured; // newest at or below `applied`; epoch 0 when there was none
  std::uint64_t configured_at = 0;
  std::uint64_t stored_epoch = 0; // configuration the item store knows
  std::int64_t dirty_since_us = 0;
  std::int64_t flush_started_us = 0;
  std::uint64_t flush_job = 0; // of the newest flush
  bool flush_failed = false;   // the last one: the next comes after an interval, however much waits
  // A mark that came while a flush was under way: what brings the items to its index goes behind that flush.
  std::optional<wire::apply_items> marked_flush;
  std::vector<msg::AppliedRequest> marked_requests; // in it, and in no flush before
  std::uint64_t lineage = 0; // of its items, as the item worker said when it opened or replaced the file
  std::uint64_t items_bytes = 0;
  std::uint64_t items_held = 0; // in the item store, and their sizes by DynamoDB's rule
  std::uint64_t item_sizes = 0;
  std::vector<msg::IndexFigures> index_figures; // of the item file's entries

  // --- promises
  std::map<std::uint64_t, proposed_write> proposed; // by index
  std::unordered_map<dedup::request_key, std::uint64_t, dedup::request_key_hash> proposed_ids;
  std::multimap<std::uint64_t, std::pair<waiter, msg::ReplicaReply>> after_applied;
  kit::promise_table<pending> store_waits{limits::replica_inflight};
  std::unordered_map<std::uint64_t, pending_write> writes_waiting; // by write_id
  std::uint64_t next_write = 0;
  std::unordered_map<std::uint64_t, pending_read> quorum_reads; // strict_reads: by token
  std::unordered_map<std::uint64_t, pending_scan> quorum_scans;
  std::uint64_t next_token = 0;
  bool led = false; // at the last look
  msg::Ballot led_in;

  // --- the archive
  struct log_tail {
    std::uint64_t index = 0;
    std::uint64_t bytes = 0;
  };
  std::deque<log_tail>
      unsettled;    // applied, and not durable in this log yet: bounded by what may be in flight
  log_tail settled; // applied and durable; bytes of all payloads that this run has seen
  wire::log_standing told_standing;  // to the archiver
  std::int64_t standing_told_us = 0; // 0: never
  msg::ArchiveProgress archive;      // what it said

  std::optional<incoming_snapshot> incoming;
  std::uint64_t incoming_total = 0; // bytes of the snapshot that is coming; 0 when not known
  bool growing = false;             // a log replica that fetches the items, and votes on meanwhile
  std::int64_t told_to_grow_us = 0; // or restarted, since when it may have been
  bool reopens = false; // its item file was replaced under it: it opens again as soon as the disk is idle
  std::uint64_t grow_tries = 0;      // each asks another member
  std::int64_t archive_again_us = 0; // the archive is not asked for items before
  std::int64_t room_again_us = 0;    // nor is anything fetched, as there was no room for it
  // Who has not the snapshot any more whose pieces are here, and since when nobody has given more of it; 0:
  // it is not known that anybody refuses to.
  std::set<std::uint64_t> gone_sources;
  std::int64_t gone_since_us = 0;
  std::vector<std::pair<std::uint64_t, waiter>> changes; // epoch -> who waits until it is committed
  std::map<std::uint64_t, asked_piece> asked_pieces;     // by the member that asked: one each

  std::vector<std::uint64_t> mending; // log entries that are being fetched from the others, ascending
  bool condemned = false;             // its items are wrong: they serve nobody any more
  msg::ScrubReport scrubbed;          // as the scrubber said last

  std::map<std::uint64_t, std::string>
      strangers; // who is no member here and spoke since the last drain: its node
  wire::outbox outbox;
  std::vector<wire::read_item> reads_out; // one message for all reads of one inbox
  std::int64_t armed_us = 0;
  std::int64_t stop_by_us = 0;

  // --- door (replica_actor.cc)
  void receive(wire::inbox& mail);
  void on_paxos(wire::delivery& from);
  void on_request(wire::delivery& from);
  void on_tick(wire::tick_atom);
  void on_stop(wire::stop_atom);
  msg::ReplicaReport report() const;
  std::int64_t now() const { return options.clock->now_us(); }

  // --- start.cc
  void start();
  void on_loaded(wire::log_loaded& what);
  void on_opened(wire::items_opened& what);
  void on_prepared(const wire::appended& what);
  void write_repaired();
  void on_repaired(const wire::appended& what);
  bool items_fit_the_log() const;
  void run();
  void ask_for_chosen(std::uint64_t from); // all others, for chosen entries from this index on
  void ask_for_repair();
  void on_repair(const msg::PaxosMessage& message);
  void give_up(const std::string& why);
  void must_be_replaced(const std::string& why);
  void reopen();

  // --- drain.cc
  void drain();
  void persist(paxos::ready batch);
  void append_outstanding();
  void on_appended(const wire::appended& what);
  void apply_chosen();
  void apply(const msg::Entry& entry);
  void speak(std::vector<msg::PaxosMessage>& messages);
  void watch_leadership();
  void answer_applied();
  void leave();
  void release_waiters();
  void turn_readers_away();
  void flush();
  bool keeps_items() const { return holds_items && !items_lost; }
  void on_flushed(const wire::items_applied& what);
  void truncate();
  std::vector<msg::Entry> read_log(std::uint64_t from, std::uint64_t to, std::size_t max_bytes);
  void on_log_read(wire::log_read& what);
  void forget_read_ahead();
  void arm();
  void send_out();

  wire::apply_items take_flush();
  void send_flush(wire::apply_items job);

  // --- failing.cc
  void log_refused(const wire::disk_result& why);
  void log_taken();
  void items_refused(const wire::disk_result& why);
  void items_taken();
  void fails_for_long(std::string& failing, const std::string& why);
  bool passes(std::string& failing);  // false: it was not failing
  const std::string& must_go() const; // why this member must be replaced as things are; empty: it need not
  void watch_items();
  bool probes_items() const;
  void probe_items();

  // --- scrub.cc
  void mark(const msg::ScrubMark& what);
  wire::scrub_view view() const;
  wire::mark_proposed on_propose_mark(const wire::propose_mark& what);
  void on_mend(const wire::mend_log& what);
  void mend_from(const msg::PaxosMessage& message);
  bool on_condemn(const wire::condemn& what); // false: say it again
  void leave_items();

  // --- rest.cc
  void wake();
  void rest();

  // --- archiving.cc
  wire::log_standing standing();
  bool standing_changed();
  void tell_archiver();
  void on_archived(msg::ArchiveProgress& what);

  // --- writes.cc
  void on_write(waiter who, msg::ReplicaRequest& request);
  bool admits(const msg::ReplicaRequest::Write& write);
  bool answer_known(waiter& who, const msg::ReplicaRequest& request);
  void evaluate(pending_write write);
  bool tell_index_units(const pending_write& write, int i, std::optional<std::string_view> old,
                        msg::ReplicaReply& reply) const;
  void propose(pending_write& write, msg::ReplicaReply& reply);
  void remember_refusal(pending_write& write, msg::ReplicaReply& reply);
  void append(const msg::Command& command, pending_write& write, msg::ReplicaReply& reply);
  msg::Command command_for(const msg::RequestId& id);
  void on_change(waiter who, const msg::ReplicaRequest::Change& order);
  void answer_changes();
  void on_handover(waiter who, const msg::ReplicaRequest::Handover& order);

  // --- reads.cc
  void on_read(waiter who, const msg::ReplicaRequest::Read& read);
  void on_scan(waiter who, const msg::ReplicaRequest::Scan& scan);
  void look_up(pending_read read);
  void look_up(pending_scan scan);
  void on_items_read(wire::items_read& what);
  void on_scanned(wire::items_scanned& what);
  void on_quorum_reads();
  void answer_found(const pending_read& read, bool found, const std::string& item);
  void fetch(std::uint64_t token, const std::string& key);

  // --- index_reads.cc
  void drop_overlaid(std::uint32_t index, std::vector<msg::Record>& stored) const;
  std::string shown(const msg::ReplicaRequest::Scan& scan, const overlay::version& item) const;

  // --- transfer.cc
  void on_grow(wire::grow_atom);
  std::optional<std::uint64_t> snapshot_source();
  std::vector<std::uint64_t> snapshot_sources() const;
  bool may_grow_on() const;
  void drive_transfer();
  void try_another_source();
  void give_up_unwanted();
  void begin_transfer(std::uint64_t from);
  const msg::Member* host_of(std::uint64_t source) const;
  void ask_for_piece();
  void somebody_gives();
  void ask_archive();
  std::uint64_t snapshot_wanted() const; // its index at least
  wire::store_snapshot order_for(const incoming_snapshot& transfer);
  void on_snapshot_request(const wire::delivery& from);
  void on_snapshot_part(wire::snapshot_part& what);
  void on_snapshot_chunk(wire::delivery& from);
  void on_snapshot_stored(wire::snapshot_stored& what);
  void on_items_rebuilt(const wire::items_rebuilt& what);
  void transfer_failed(const std::string& why);
  void discard_pieces();

  // --- answers
  waiter waiter_of(const wire::delivery& from) const;
  void answer(const waiter& who, msg::ReplicaReply reply);
  void refuse(const waiter& who, msg::Code code, const std::string& why);
  void moved(const waiter& who);
  bool in_range(const std::string& key) const;
  const msg::Configuration& configuration() const;
  const msg::Member* member(std::uint64_t id) const; // of the newest committed configuration
  const msg::Member*
  newcomer(std::uint64_t id) const; // the leader's: enters with the change that is under way
  msg::MemberKind kind() const;     // as the newest configuration calls it
};

} // namespace troupe::replica
