// The metadata in memory: every record of one version, with the indexes by which it is asked.
//
// The truth is in the metadata group's log. This is a copy of it at one version: loaded whole, then moved on
// change by change by the admin that made them. Whoever has a copy of an older version answers from the past
// and plans changes that fail; nothing worse.
//
// Thread: one owner.
#pragma once
#include "actors/admin/records.h"
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::admin {

// A table's record as it is told: a table that is made from a large one has a long list of what from.
msg::TableRecord told(const msg::TableRecord& table);

class memory {
public:
  memory() = default; // version 0: nothing is known, or there is nothing yet

  // From all rows of the metadata group. Rows of a kind or form that this version does not know are left out
  // and counted in unreadable().
  explicit memory(const std::vector<msg::Record>& rows);

  // The change was made. Its version is one larger than this one's.
  void apply(const change& what);

  std::uint64_t version() const { return cluster_.version(); }
  const msg::ClusterRecord& cluster() const { return cluster_; }
  const std::map<std::string, msg::TableRecord>& tables() const { return tables_; }
  const std::map<std::uint64_t, msg::PartitionRecord>& partitions() const { return partitions_; }
  const std::map<std::string, msg::NodeRecord>& nodes() const { return nodes_; }

  // By the time they were made, then by id.
  using backup_place = std::pair<std::int64_t, std::uint64_t>;
  const std::map<backup_place, msg::BackupRecord>& backups() const { return backups_; }
  const msg::BackupRecord* backup(std::uint64_t id) const;
  // Those that are not available yet.
  const std::set<std::uint64_t>& unfinished_backups() const { return unfinished_backups_; }
  std::size_t backup_parts() const { return backup_parts_; } // of all of them together

  const msg::TableRecord* table(const std::string& name) const;
  const msg::PartitionRecord* partition(std::uint64_t group) const;
  // Groups of a table, ascending; those with a member on a node, or to have one, ascending.
  const std::set<std::uint64_t>& groups_of(std::uint64_t table_id) const;
  const std::set<std::uint64_t>& groups_on(const std::string& node) const;
  // Names of tables that are not active: there is something left to do about them.
  const std::set<std::string>& unsettled() const { return unsettled_; }
  // Groups that are not whole by their records, or whose members are being changed.
  const std::set<std::uint64_t>& ailing() const { return ailing_; }
  // The newest version, as far as it is known here, in which something about the replicas on this node is
  // different.
  std::uint64_t changed_on(const std::string& node) const;
  // Groups whose preferred leader (first member) is this node.
  std::uint32_t preferred_on(const std::string& node) const;

  // What a router needs, whole; of what tables were made from, no more than that.
  msg::MapReply map() const;
  std::size_t unreadable() const { return unreadable_; }

private:
  void put(msg::TableRecord table);
  void put(msg::PartitionRecord partition);
  void put(msg::BackupRecord backup);
  void remove_backup(std::uint64_t id);
  void remove_table(const std::string& name);
  void remove_group(std::uint64_t group);
  void mark_nodes(const msg::PartitionRecord& partition);

  msg::ClusterRecord cluster_;
  std::map<std::string, msg::TableRecord> tables_;
  std::map<std::uint64_t, msg::PartitionRecord> partitions_;
  std::map<std::string, msg::NodeRecord> nodes_;
  std::map<backup_place, msg::BackupRecord> backups_;
  std::unordered_map<std::uint64_t, std::int64_t> backup_made_ms_; // id -> its place
  std::set<std::uint64_t> unfinished_backups_;
  std::size_t backup_parts_ = 0;
  std::unordered_map<std::uint64_t, std::set<std::uint64_t>> by_table_;
  std::unordered_map<std::string, std::set<std::uint64_t>> by_node_;
  std::unordered_map<std::string, std::uint32_t> preferred_;
  std::set<std::string> unsettled_;
  std::set<std::uint64_t> ailing_;
  std::uint64_t loaded_version_ = 0;
  std::unordered_map<std::string, std::uint64_t> changed_on_; // since it was loaded
  std::size_t unreadable_ = 0;
};

} // namespace troupe::admin
