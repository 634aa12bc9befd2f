// What a node's restorer is told by the agent: which partitions here are to begin with the items of another.
// It has no answers for it: what it has done, it has the partition's leader say
// (msg::ReplicaReport.restored).
#pragma once
#include "actors/wire/storage_roles.h"
#include "messages/table.pb.h"
#include <string>

namespace troupe::wire {

// Again whenever the replica is another one, or its orders have changed.
struct restore_group {
  std::uint64_t cluster = 0; // ClusterRecord.id
  std::uint64_t group = 0;
  std::string table;
  msg::RestorePart part;
  replica_actor replica; // the group's member here
};
// There is nothing to be done, or nothing any more.
struct restore_forget {
  std::uint64_t group = 0;
};

using restorer_actor = role_actor::extend<caf::reacts_to<restore_group>, caf::reacts_to<restore_forget>,
                                          caf::reacts_to<tick_atom>, caf::reacts_to<stop_atom>>;

} // namespace troupe::wire

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::restore_group)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wire::restore_forget)
