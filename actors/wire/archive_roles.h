// What a node's archiver is told: by replicas how their logs stand, by the agent whose logs they are. It
// answers a replica with msg::ArchiveProgress, and other nodes' ArchiveRequest with ArchiveReply.
#pragma once
#include "actors/wire/storage_roles.h"
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
// The group's member here is dropped.
struct archive_forget {
  std::uint64_t group = 0;
};

using archiver_actor = role_actor::extend<caf::reacts_to<log_progress>, caf::reacts_to<archive_cluster>,
                                          caf::reacts_to<archive_group>, caf::reacts_to<archive_forget>,
                                          caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

} // namespace troupe::wire

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::log_progress)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_cluster)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::archive_forget)
