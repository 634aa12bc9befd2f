// What a node's archiver is told: by replicas how their logs stand, by the agent whose logs they are. It
// answers a replica with msg::ArchiveProgress, and other nodes' ArchiveRequest with ArchiveReply.
#pragma once
#include "actors/wire/storage_roles.h"
#include "messages/archive.pb.h"
#include <string>

namespace troupe::wire {

// When a replica begins, when it has flushed, when it begins or ceases to lead; at most a few times a second.
struct log_progress {
  std::uint64_t group = 0;
  replica_actor who;
  log_standing standing;
};
// Until it is known nothing is archived, as nobody would know whose it is.
struct archive_cluster {
  std::uint64_t id = 0; // ClusterRecord.id
};
struct archive_group {
  std::uint64_t group = 0;
  std::uint64_t table_id = 0; // 0: the metadata group
  std::string table;
  std::string from;
  std::string to;
};
// Of a log replica that nobody can give items to: have them made anew from the archive, as they were at some
// entry from `least` to `last`. Answered with items_rebuilt. The archive is believed by nobody: whoever asked
// compares the link at that entry with its own log before it takes them.
struct rebuild_items {
  std::uint64_t group = 0;
  std::uint64_t transfer = 0;
  std::uint64_t least = 0;
  std::uint64_t last = 0;
  replica_actor who;
};
// The group's member here is dropped.
struct archive_forget {
  std::uint64_t group = 0;
};

using archiver_actor =
    role_actor::extend<caf::reacts_to<log_progress>, caf::reacts_to<archive_cluster>,
                       caf::reacts_to<archive_group>, caf::reacts_to<archive_forget>,
                       caf::reacts_to<rebuild_items>, caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

// --- what the scrubber of the node asks it
// ---------------------------------------------------------------------

struct view_archive {
  std::uint64_t group = 0;
};
struct archive_view {
  bool known = false;         // whose log it is, and how it stands
  msg::SegmentManifest about; // cluster, table, group and range, as every object of it says
  // Up to there this node has seen that the archive holds its log; 0: it has not seen so yet.
  std::uint64_t archived = 0;
};
// A snapshot of the items at this index or above is to be archived now.
struct want_snapshot {
  std::uint64_t group = 0;
  std::uint64_t index = 0;
};
using scrubbed_archiver_actor =
    archiver_actor::extend<caf::replies_to<view_archive>::with<archive_view>, caf::reacts_to<want_snapshot>>;

} // namespace troupe::wire

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_forget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::view_archive)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::want_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::rebuild_items)
