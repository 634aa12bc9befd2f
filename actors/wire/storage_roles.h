// What replicas ask of the actors that own files: the disk (one log per node, shared by all its replicas) and
// the item workers (a few threads, each owning many item stores). Both may block; a replica never does.
//
// Everything here is one-way: a request that names a replica is answered to it, exactly once. An item worker
// answers one after the other, so what it says of a file was so after all that was asked before, and before
// all that was asked later; beside the answers it tells, unasked, what has become durable and what it found
// damaged (items_applied of job 0). The disk answers appends in their order; what it only reads may come
// before appends that wait for their sync, but for load_log. Plain C++ values, never leaving the process.
#pragma once
#include "actors/wire/interfaces.h"
#include "messages/replication.pb.h"
#include "messages/scrub.pb.h"
#include "messages/table.pb.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::wire {

// What became of work on files. `full` passes when there is room again, `failed` may pass or not: the caller
// must not go on as if anything had been written. `refused`: what lies there belongs to somebody else.
// `exists`: what was to be made is there already.
enum class disk_outcome { ok, full, corrupt, missing, exists, refused, failed };

struct disk_result {
  disk_outcome outcome = disk_outcome::ok;
  std::string text; // for people; empty when ok
  bool ok() const { return outcome == disk_outcome::ok; }
};

// --- answers to a replica
// -----------------------------------------------------------------------------------

struct log_loaded {
  disk_result result;
  bool exists = false; // false: nothing of this group is in the log
  msg::HardState hard_state;
  std::uint64_t base = 0;
  std::uint64_t base_link = 0;
  msg::Ballot base_ballot;
  std::vector<msg::Entry> entries;    // ascending; holes exactly where `damaged` says
  std::vector<std::uint64_t> damaged; // indexes of entries that are there and unreadable
};
struct appended {
  disk_result result;
  std::uint64_t job = 0;
};
struct log_read {
  disk_result result;
  std::uint64_t from = 0;
  std::vector<msg::Entry> entries;
};
// What an item store says of itself when it is opened or replaced.
struct items_opened {
  disk_result result;
  std::uint64_t applied = 0;
  std::uint64_t durable = 0; // <= applied
  std::uint64_t applied_link = 0;
  msg::Ballot applied_ballot;
  msg::Configuration configuration; // epoch 0 when none was stored
  std::uint64_t configuration_index = 0;
  std::int64_t last_time_ms = 0; // of the newest command applied
  std::vector<msg::AppliedRequest> requests;
  std::uint64_t bytes = 0;
  std::uint64_t items = 0;
  std::uint64_t item_sizes = 0; // together, by DynamoDB's rule
  std::vector<msg::IndexFigures> local_indexes;
  std::uint64_t lineage = 0; // which copy it is (storage::item_store::lineage); 0: not known
};
// To an apply_items; and unasked, when more has become durable or the file was found damaged.
struct items_applied {
  disk_result result;
  std::uint64_t job = 0;     // of the apply_items that it answers; 0: none
  std::uint64_t applied = 0; // in the file
  std::uint64_t durable = 0; // survives a power cut
  std::uint64_t bytes = 0;
  std::uint64_t items = 0;
  std::uint64_t item_sizes = 0;                 // together, by DynamoDB's rule
  std::vector<msg::IndexFigures> local_indexes; // in their order
};
struct item_found {
  disk_result result;
  std::uint64_t token = 0;
  bool found = false;
  std::string item;
};
struct items_read { // to a read_items
  std::vector<item_found> items;
};
struct items_scanned {
  disk_result result;
  std::uint64_t token = 0;
  std::vector<msg::Record> records; // in walking order
  bool more = false;                // the walk stopped before the range ended
};
struct snapshot_part { // to a read_snapshot
  disk_result result;
  std::uint64_t token = 0;
  bool being_cut = false; // there is no piece yet: ask again
  bool ended = false;     // refused: the snapshot that the transfer began with is not here any more
  msg::SnapshotChunk chunk;
};
struct snapshot_stored { // to a store_snapshot
  disk_result result;
  std::uint64_t transfer = 0;
  std::uint64_t next_chunk = 0; // the one wanted now
  std::uint64_t snapshot = 0;   // of this one (SnapshotChunk.snapshot); 0: of any, or it is known
  // The item file stands at the snapshot's index, or above: the last piece was stored, verified and
  // published, or no piece was needed. `opened` is its state, `header` says where it stands.
  bool installed = false;
  msg::SnapshotHeader header;
  items_opened opened;
};
// To a rebuild_items (archive_roles.h): how far it is, again and again, and then what came of it.
struct items_rebuilt {
  std::uint64_t transfer = 0;
  bool waits = false;  // others are before it: to be asked again, and its place in line is kept meanwhile
  std::string trouble; // not empty: it came to nothing
  std::string file;    // not empty: a snapshot of these items lies there, and belongs to who asked for it
  std::uint64_t index = 0;
  std::uint64_t link = 0; // of the entry at the index, as the archive has it
  std::uint64_t bytes = 0;
  std::uint64_t total = 0; // bytes there will be, about; 0: not known
};

// What the node's archiver has to know of a replica's log (archive_roles.h). All of it is of one moment:
// `bytes` are those of the payloads of the entries up to `committed` that this run of the replica has seen.
struct log_standing {
  bool leads = false;
  bool serves = false;
  std::uint64_t base = 0;      // the log begins behind it
  std::uint64_t committed = 0; // chosen, and durable here
  std::uint64_t bytes = 0;
  std::uint64_t applied = 0; // chosen; what was acknowledged is below
  bool holds_items = false;
  std::uint64_t item_bytes = 0;
};

using report_atom = caf::atom_constant<caf::atom("report")>;
// A log replica is to fetch the items, and to keep them from then on. Harmless when it has, or does already.
using grow_atom = caf::atom_constant<caf::atom("grow")>;

using standing_atom = caf::atom_constant<caf::atom("standing")>;

// A replica's whole interface. It is ended with stop_atom: it hands over, answers everybody, and quits.
using replica_actor = role_actor::extend<
    caf::reacts_to<log_loaded>, caf::reacts_to<appended>, caf::reacts_to<log_read>,
    caf::reacts_to<items_opened>, caf::reacts_to<items_applied>, caf::reacts_to<items_read>,
    caf::reacts_to<items_scanned>, caf::reacts_to<snapshot_part>, caf::reacts_to<snapshot_stored>,
    caf::reacts_to<items_rebuilt>, caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>,
    caf::reacts_to<grow_atom>,
    caf::reacts_to<msg::ArchiveProgress>, // how far its log is archived, from the node's archiver
    caf::replies_to<standing_atom>::with<log_standing>,
    caf::replies_to<report_atom>::with<msg::ReplicaReport>>;

// --- what the scrubber of the node asks a replica
// ------------------------------------------------------------

// What it is now.
struct scrub_view {
  bool running = false;
  bool holds_items = false;
  bool serves = false;     // leads, and may
  std::uint64_t epoch = 0; // of its configuration
  struct member {
    std::uint64_t id = 0;
    std::string node;
  };
  std::vector<member> storage; // the storage replicas of that configuration, itself among them
  std::string leader_node;     // empty: not known
};
using scrub_view_atom = caf::atom_constant<caf::atom("scrubview")>;
// As the leader: put a mark into the log (msg::ScrubMark).
struct propose_mark {
  std::vector<std::uint32_t> leaves;
};
struct mark_proposed {
  bool leads = false;
  std::uint64_t index = 0; // 0: not now
};
// These entries of its log are unreadable on the disk: fetch them from the others. Asked again until they
// are.
struct mend_log {
  std::vector<std::uint64_t> damaged; // ascending
};
// Its items are not what they should be. `compared`: the others agree with each other and not with it, under
// the configuration of this epoch; else its file has rotten records, and the sound ones may be served until
// it has been replaced. Compared was the copy of this lineage: another one is innocent. Answered: it need not
// be told again; false: it is not running yet, or cannot tell yet which copy it has.
struct condemn {
  bool compared = false;
  std::uint64_t epoch = 0;
  std::string why;
  std::uint64_t lineage = 0;
};
using scrubbed_replica_actor =
    replica_actor::extend<caf::replies_to<scrub_view_atom>::with<scrub_view>,
                          caf::replies_to<propose_mark>::with<mark_proposed>, caf::reacts_to<mend_log>,
                          caf::replies_to<condemn>::with<bool>, caf::reacts_to<msg::ScrubReport>>;

// --- the disk: one log file per node
// -------------------------------------------------------------------------

struct load_log {
  std::uint64_t group = 0;
  replica_actor who;
};
// Durable together, or not at all; answered after the sync that covers it.
struct append_log {
  std::uint64_t group = 0;
  std::uint64_t job = 0;
  bool create = false; // the log must hold nothing of the group yet; without it, it must
  std::optional<msg::HardState> hard_state;
  std::vector<std::shared_ptr<const msg::Entry>> entries; // each replaces at its index
  struct base {
    std::uint64_t index = 0;
    std::uint64_t link = 0;
    msg::Ballot ballot;
  };
  std::optional<base> reset;     // forget all entries of the group, start above this base
  std::uint64_t truncate_to = 0; // forget entries up to here, 0: none
  replica_actor who;             // may be null: nobody waits
};
struct read_log {
  std::uint64_t group = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t max_bytes = 0;
  replica_actor who;
};
// For whoever reads logs at leisure: what replicas ask for goes first.
struct page_log {
  std::uint64_t group = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t max_bytes = 0; // of payloads; one entry at least
};
struct log_page {
  disk_result result;
  std::vector<msg::Entry> entries; // from `from` on, without holes; none when it is behind the last
};
struct drop_log {
  std::uint64_t group = 0;
};
using page_atom = caf::atom_constant<caf::atom("page")>;
using commit_atom = caf::atom_constant<caf::atom("commit")>;

using disk_actor =
    caf::typed_actor<caf::reacts_to<load_log>, caf::reacts_to<append_log>, caf::reacts_to<read_log>,
                     caf::reacts_to<drop_log>, caf::replies_to<page_log>::with<log_page>,
                     caf::reacts_to<page_atom>, caf::reacts_to<commit_atom>, caf::reacts_to<tick_atom>,
                     caf::reacts_to<stop_atom>>;

// One slice of reading a group's log again (storage::log_store::check).
struct check_log {
  std::uint64_t group = 0;
  std::uint64_t from = 0; // 0: a pass begins
  std::uint64_t max_bytes = 0;
};
struct log_checked {
  disk_result result;
  std::uint64_t next = 0; // 0: the end was reached
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> damaged;
  bool rows_put_back = false; // what the file said of the group was wrong, and is right again
};
// Chosen entries, to be put where they are unreadable.
struct mend_entries {
  std::uint64_t group = 0;
  std::vector<std::shared_ptr<const msg::Entry>> entries;
};
using scrubbed_disk_actor =
    disk_actor::extend<caf::replies_to<check_log>::with<log_checked>, caf::reacts_to<mend_entries>>;

// --- item workers
// --------------------------------------------------------------------------------------------

struct open_items {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  bool create = false; // an order that can be given only once; otherwise a missing file is disk loss
  replica_actor who;
  msg::LocalIndexes local_indexes; // whose entries the file keeps beside the items
  std::string from;                // the keys it is for, [from, to)
  std::string to;
};
// One transaction: effects (coalesced, each key at most once) and how far they go.
struct apply_items {
  std::uint64_t group = 0;
  std::uint64_t job = 0; // comes back with the answer; not 0
  std::vector<msg::Effect> effects;
  std::uint64_t applied = 0;
  std::uint64_t applied_link = 0;
  msg::Ballot applied_ballot;
  std::optional<msg::Configuration> configuration; // when it changed
  std::uint64_t configuration_index = 0;
  std::int64_t last_time_ms = 0;
  std::vector<msg::AppliedRequest> requests;  // new since the last one
  std::int64_t forget_requests_before_ms = 0; // older ones are no longer needed
  bool mark = false;                          // keep the digests as they are then
  std::vector<std::uint32_t> mark_leaves;     // and the records of these leaves
  bool stay = false; // write the place the items have, and nothing else: whether the file takes anything
  replica_actor who;
};
struct read_item {
  std::uint64_t token = 0;
  std::string key;
};
struct read_items {
  std::uint64_t group = 0;
  std::vector<read_item> reads;
  replica_actor who;
};
struct scan_items {
  std::uint64_t group = 0;
  std::uint64_t token = 0;
  std::string from;
  std::string to; // empty: to the end
  bool backward = false;
  std::uint64_t max_items = 0;
  std::uint64_t max_bytes = 0;
  replica_actor who;
  std::uint32_t index = 0; // entries of this local index instead of items
  bool whole = false;      // with the values of their items
};
// Chunk `chunk` of a snapshot for `transfer`. With chunk 0 the transfer begins: with a snapshot that there
// is, or is being cut, when it stands at `at_least` or above; else with a new one, at the store's newest
// applied index.
struct read_snapshot {
  std::uint64_t group = 0;
  std::uint64_t token = 0;
  std::uint64_t transfer = 0;
  std::uint64_t chunk = 0;
  std::uint64_t at_least = 0;
  replica_actor who;
  std::uint64_t resume = 0;          // the snapshot that the pieces before this one came from; 0: none did
  std::uint64_t resume_at_least = 0; // for that one, instead of `at_least`
};
// The same for whoever is no replica, answered with a snapshot_part.
struct page_snapshot {
  std::uint64_t group = 0;
  std::uint64_t transfer = 0;
  std::uint64_t chunk = 0;
  std::uint64_t at_least = 0;
};
// A piece of a snapshot for this member, or all of it in a file. With neither a transfer begins: what an
// earlier transfer has left is looked at, and what is wanted now is answered, with the snapshot that it is
// of. Answered with a snapshot_stored, when the whole snapshot is there only when it is installed.
struct store_snapshot {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  std::uint64_t transfer = 0;
  std::shared_ptr<const msg::SnapshotChunk> chunk;
  replica_actor who;
  msg::LocalIndexes local_indexes; // for who has no item file yet
  std::string from;                // likewise
  std::string to;
  std::uint64_t at_least = 0; // without a piece: what stands below is of no use any more
  bool anew = false;          // without a piece: nor is anything else
  std::string file; // not empty: a whole snapshot that was made on this node, to be taken from there
};
// One that was made on this node, and that nobody takes. Nobody waits for an answer.
struct remove_snapshot {
  std::string file;
};
struct drop_items {
  std::uint64_t group = 0;
  bool quarantine = false; // move the file aside instead of deleting it
};
using cut_atom = caf::atom_constant<caf::atom("cut")>; // to itself: the next slice of a snapshot

using items_actor =
    caf::typed_actor<caf::reacts_to<open_items>, caf::reacts_to<apply_items>, caf::reacts_to<read_items>,
                     caf::reacts_to<scan_items>, caf::reacts_to<read_snapshot>,
                     caf::replies_to<page_snapshot>::with<snapshot_part>, caf::reacts_to<store_snapshot>,
                     caf::reacts_to<remove_snapshot>, caf::reacts_to<drop_items>, caf::reacts_to<cut_atom>,
                     caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

// One slice of a full pass over the items of a member (storage::item_store::audit).
struct audit_items {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  std::uint64_t max_bytes = 0;
};
struct items_audited {
  disk_result result;
  std::uint64_t bytes = 0;    // read in this slice
  bool done = false;          // what follows is of the whole pass so far
  std::uint32_t progress = 0; // in thousandths
  std::uint64_t damaged = 0;  // records, or keys or entries of indexes
  std::uint64_t wrong_leaves = 0;
  bool wrong_figures = false;
  std::string what;
};
// What a member kept at the mark with that index. The answer names the copy even where there is no such mark.
struct read_mark {
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  std::uint64_t index = 0;
  bool leaves = false;
  bool records = false;
};
using scrubbed_items_actor = items_actor::extend<caf::replies_to<audit_items>::with<items_audited>,
                                                 caf::replies_to<read_mark>::with<msg::ScrubReply>>;

} // namespace troupe::wire

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::appended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::items_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::items_applied)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::items_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::items_scanned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::snapshot_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::snapshot_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::items_rebuilt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::load_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::append_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::read_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_standing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::page_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::drop_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::open_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::apply_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::read_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::scan_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::read_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::page_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::store_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::remove_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::drop_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::scrub_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::propose_mark)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::mark_proposed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::mend_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::condemn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::check_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_checked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::mend_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::audit_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::items_audited)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::read_mark)
