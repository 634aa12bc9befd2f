// The words in which the metadata group keeps what it knows: which key a record has, and how it is stored.
//
// The metadata group is an ordinary replication group, and its records are stored as items are: an item with
// the attributes "record" (B, the serialized message) and "version" (N, ClusterRecord.version of the change
// that wrote it). Keys are plain bytes, sorted so that the cluster record comes first:
//
//   c/cluster           ClusterRecord
//   k/<8 bytes, big-endian id>     BackupRecord: what was kept
//   n/<node>            NodeRecord
//   p/<8 bytes, big-endian group>  PartitionRecord
//   t/<table>           TableRecord
//
// A change to the metadata is a set of records that are written together, and always rewrites the cluster
// record under the condition that its version is the one the change was planned on. So changes form one
// sequence whoever plans them: of two admins that both believe they lead, one fails and looks again.
//
// Thread: pure functions.
#pragma once
#include "messages/item.pb.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::admin {

std::string backup_key(std::uint64_t id);
std::string cluster_key();
std::string node_key(std::string_view node);
std::string partition_key(std::uint64_t group);
std::string table_key(std::string_view table);

// Records that are written in one log entry. `cluster` is as it stands afterwards: its version is one larger
// than that of the metadata the change was planned on.
struct change {
  msg::ClusterRecord cluster;
  std::vector<msg::TableRecord> tables;
  std::vector<msg::PartitionRecord> partitions;
  std::vector<msg::NodeRecord> nodes;
  std::vector<msg::BackupRecord> backups;
  std::vector<std::string> removed_tables;
  std::vector<std::uint64_t> removed_groups;
  std::vector<std::uint64_t> removed_backups;
};

// How much of a change goes into one log entry; a larger one is several changes in a row. Far below
// limits::command_bytes, so that other groups' entries are not held up behind it.
inline constexpr std::size_t change_records = 1024;
inline constexpr std::size_t change_bytes = 512 * 1024;

// The write that makes the change and fails with CONDITION_FAILED when the metadata has moved on.
msg::ReplicaRequest::Write to_write(const change& what);

using record = std::variant<msg::ClusterRecord, msg::NodeRecord, msg::PartitionRecord, msg::TableRecord,
                            msg::BackupRecord>;

// Nothing when the row is not a record that this version knows.
std::optional<record> decode(const msg::Record& row);
std::optional<msg::ClusterRecord> decode_cluster(const std::string& item);

} // namespace troupe::admin
