// Every bound in the system, named once. Whatever holds things - a queue, a map, a retry loop, a message -
// has its bound here or in settings.h (when an operator may want another value). Sizes are bytes, times are
// milliseconds unless the name says otherwise.
#pragma once
#include <cstddef>
#include <cstdint>

namespace troupe::limits {

// Items: DynamoDB's own limits (Developer Guide, "Quotas in Amazon DynamoDB").
inline constexpr std::size_t item_bytes = 400 * 1024;
inline constexpr std::size_t partition_key_bytes = 2048;
inline constexpr std::size_t sort_key_bytes = 1024;
inline constexpr int nesting_levels = 32;
inline constexpr std::size_t page_bytes = 1024 * 1024;
inline constexpr std::size_t read_unit_bytes = 4096; // of an item, to one capacity unit
inline constexpr std::size_t write_unit_bytes = 1024;
inline constexpr std::size_t table_name_min = 3;
inline constexpr std::size_t table_name_max = 255;
inline constexpr std::size_t condition_clauses = 32;
inline constexpr std::size_t initial_partitions = 10'000;

// Replication.
inline constexpr std::size_t inflight_entries = 4096; // proposed and not yet applied, per group
inline constexpr std::size_t inflight_entry_bytes = 16u << 20;
inline constexpr std::size_t append_entries = 512;             // in one Accept
inline constexpr std::size_t append_bytes = 512 * 1024;        // of payloads in one Accept, past the first
inline constexpr std::size_t follower_window_bytes = 4u << 20; // sent to one follower, not yet answered
inline constexpr std::size_t promise_entries = 2 * inflight_entries;
inline constexpr std::size_t promise_bytes = 2 * inflight_entry_bytes;
inline constexpr std::size_t catch_up_bytes = 512 * 1024;
inline constexpr std::size_t cached_entry_bytes = 4u << 20; // of the log's tail kept in memory, per group
inline constexpr std::size_t command_bytes = 2u << 20;      // one log entry's payload
inline constexpr std::size_t remembered_requests = 100'000; // request ids for idempotence, per group
inline constexpr std::int64_t remembered_ms = 30'000;       // and for how long, in the leader's time
inline constexpr std::size_t members = 7;

// Storage.
inline constexpr std::size_t snapshot_chunk_bytes = 256 * 1024;
inline constexpr std::size_t scrub_listed_records = 4096;   // of leaves that differ between replicas
inline constexpr std::size_t scrub_listed_bytes = 8u << 20; // read for that, between two batches
inline constexpr std::size_t scrub_listed_leaves = 16;      // whose records are compared one by one
inline constexpr std::size_t scrub_step_bytes = 64 * 1024;  // read between two requests of others
inline constexpr std::size_t quarantined_files = 8;         // item files found wrong, the newest, per node
inline constexpr std::uint64_t quarantined_bytes = 16ull << 30; // of them together; the newest stays always
inline constexpr std::size_t snapshots_kept = 2;       // for who fetches them, per replica; one being cut
inline constexpr std::size_t snapshot_transfers = 16;  // that share one; of older ones it knows no more
inline constexpr std::size_t overlay_bytes = 4u << 20; // applied and not flushed: from half of it on a flush
                                                       // begins, past four times a leader refuses writes
inline constexpr std::size_t flush_items = 4096;
inline constexpr std::int64_t flush_interval_ms = 1000;
inline constexpr std::size_t group_commit_bytes = 4u << 20;
inline constexpr std::size_t open_item_stores = 512; // SQLite connections kept open, per node

// Messages between nodes.
inline constexpr std::size_t envelope_bytes = 768 * 1024; // CAF holds a link while one message passes
inline constexpr std::size_t link_window = 8;             // envelopes on their way, not yet acknowledged
inline constexpr std::size_t link_queue_bytes = 64u << 20;
inline constexpr std::size_t clients = 4096; // connected to one node

// Requests.
inline constexpr std::size_t router_inflight = 8192; // past that: OVERLOADED
inline constexpr std::size_t replica_inflight = 4096;
inline constexpr std::int64_t request_deadline_ms = 5'000; // when the client names none
inline constexpr std::int64_t request_deadline_max_ms = 30'000;
inline constexpr int router_attempts = 240;
inline constexpr std::size_t leader_hints = 65'536; // groups whose leader a router remembers
inline constexpr std::uint32_t list_page = 100;     // tables, or backups, in one answer
inline constexpr std::size_t labelled_tables = 256; // tables with metric series of their own, per router

// Backups.
inline constexpr std::size_t backups = 10'000;
inline constexpr std::size_t backup_parts = 500'000; // partitions of all backups together; some 50 MB
inline constexpr std::size_t backups_at_once = 50;   // not available yet
inline constexpr std::size_t restores_at_once = 50;
inline constexpr std::int32_t recovery_days = 35; // DynamoDB's bound, and what a client gets that names none
inline constexpr std::int64_t archiving_wait_ms = 10'000; // for an archiver, before it is asked again

// The cluster file.
inline constexpr std::size_t cluster_file_bytes = 1u << 20;
inline constexpr std::size_t cluster_zones = 32;
inline constexpr std::size_t cluster_nodes = 512;
inline constexpr std::size_t path_bytes = 4095; // PATH_MAX without its end

// The cluster.
inline constexpr std::int64_t node_alive_ms = 3'000;   // a node silent for longer is taken to be away
inline constexpr std::size_t membership_changes = 256; // under way at once, of groups that are healed
inline constexpr std::size_t remark_bytes = 1000;      // of what an operator says, kept in the metadata
inline constexpr std::size_t replicas_starting = 64;   // opening their files at once, per node

} // namespace troupe::limits
