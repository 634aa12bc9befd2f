#include "actors/admin/memory.h"
#include "actors/wire/mail.h"
#include <cstdio>
#include <cstdlib>

namespace troupe::admin {

namespace {

const std::set<std::uint64_t> no_groups;

template <class Map>
const std::set<std::uint64_t>& groups_in(const Map& index, const typename Map::key_type& key) {
  auto it = index.find(key);
  return it == index.end() ? no_groups : it->second;
}

template <class Map>
void drop_from(Map& index, const typename Map::key_type& key, std::uint64_t group) {
  auto it = index.find(key);
  if (it == index.end())
    return;
  it->second.erase(group);
  if (it->second.empty())
    index.erase(it);
}

} // namespace

msg::TableRecord told(const msg::TableRecord& table) {
  auto one = table;
  if (one.has_restore())
    one.mutable_restore()->clear_parts();
  return one;
}

memory::memory(const std::vector<msg::Record>& rows) {
  for (const auto& row : rows) {
    auto known = decode(row);
    if (!known) {
      ++unreadable_;
    } else if (auto* cluster = std::get_if<msg::ClusterRecord>(&*known)) {
      cluster_ = std::move(*cluster);
    } else if (auto* node = std::get_if<msg::NodeRecord>(&*known)) {
      auto name = node->name();
      nodes_[name] = std::move(*node);
    } else if (auto* partition = std::get_if<msg::PartitionRecord>(&*known)) {
      put(std::move(*partition));
    } else if (auto* backup = std::get_if<msg::BackupRecord>(&*known)) {
      put(std::move(*backup));
    } else {
      put(std::get<msg::TableRecord>(std::move(*known)));
    }
  }
  loaded_version_ = version();
  changed_on_.clear();
}

void memory::apply(const change& what) {
  if (what.cluster.version() != version() + 1) {
    std::fprintf(stderr, "broken invariant: metadata changes are applied in order (%llu after %llu)\n",
                 static_cast<unsigned long long>(what.cluster.version()),
                 static_cast<unsigned long long>(version()));
    std::abort();
  }
  cluster_ = what.cluster;
  for (const auto& table : what.tables)
    put(table);
  for (const auto& partition : what.partitions)
    put(partition);
  for (const auto& node : what.nodes)
    nodes_[node.name()] = node;
  for (const auto& backup : what.backups)
    put(backup);
  for (auto id : what.removed_backups)
    remove_backup(id);
  for (const auto& name : what.removed_tables)
    remove_table(name);
  for (auto group : what.removed_groups)
    remove_group(group);
}

void memory::put(msg::TableRecord table) {
  if (table.state() == msg::TABLE_ACTIVE)
    unsettled_.erase(table.name());
  else
    unsettled_.insert(table.name());
  // Whether it is being deleted decides whether its replicas run.
  auto known = tables_.find(table.name());
  if (known == tables_.end() || known->second.state() != table.state())
    for (auto group : groups_of(table.id()))
      mark_nodes(partitions_.at(group));
  auto name = table.name();
  tables_[name] = std::move(table);
}

void memory::mark_nodes(const msg::PartitionRecord& partition) {
  for (const auto* of : {&partition.configuration(), &partition.target()})
    for (const auto& member : of->members())
      changed_on_[member.node()] = version();
}

std::uint64_t memory::changed_on(const std::string& node) const {
  auto it = changed_on_.find(node);
  return it == changed_on_.end() ? loaded_version_ : it->second;
}

void memory::put(msg::PartitionRecord partition) {
  auto group = partition.group();
  remove_group(group);
  mark_nodes(partition);
  if (partition.has_target() || partition.ailing_ms() != 0)
    ailing_.insert(group);
  by_table_[partition.table_id()].insert(group);
  for (const auto* of : {&partition.configuration(), &partition.target()})
    for (const auto& member : of->members())
      by_node_[member.node()].insert(group);
  if (partition.configuration().members_size() > 0)
    ++preferred_[partition.configuration().members(0).node()];
  partitions_[group] = std::move(partition);
}

void memory::put(msg::BackupRecord backup) {
  auto id = backup.id();
  remove_backup(id);
  if (!backup.available())
    unfinished_backups_.insert(id);
  backup_made_ms_[id] = backup.created_ms();
  backup_parts_ += static_cast<std::size_t>(backup.parts_size());
  backups_[{backup.created_ms(), id}] = std::move(backup);
}

void memory::remove_backup(std::uint64_t id) {
  auto known = backup_made_ms_.find(id);
  if (known == backup_made_ms_.end())
    return;
  auto it = backups_.find({known->second, id});
  backup_parts_ -= static_cast<std::size_t>(it->second.parts_size());
  backups_.erase(it);
  backup_made_ms_.erase(known);
  unfinished_backups_.erase(id);
}

const msg::BackupRecord* memory::backup(std::uint64_t id) const {
  auto known = backup_made_ms_.find(id);
  return known == backup_made_ms_.end() ? nullptr : &backups_.at({known->second, id});
}

void memory::remove_table(const std::string& name) {
  unsettled_.erase(name);
  tables_.erase(name);
}

void memory::remove_group(std::uint64_t group) {
  auto it = partitions_.find(group);
  if (it == partitions_.end())
    return;
  mark_nodes(it->second);
  ailing_.erase(group);
  const auto& configuration = it->second.configuration();
  drop_from(by_table_, it->second.table_id(), group);
  for (const auto* of : {&configuration, &it->second.target()})
    for (const auto& member : of->members())
      drop_from(by_node_, member.node(), group);
  if (configuration.members_size() > 0)
    --preferred_[configuration.members(0).node()];
  partitions_.erase(it);
}

const msg::TableRecord* memory::table(const std::string& name) const {
  auto it = tables_.find(name);
  return it == tables_.end() ? nullptr : &it->second;
}

const msg::PartitionRecord* memory::partition(std::uint64_t group) const {
  auto it = partitions_.find(group);
  return it == partitions_.end() ? nullptr : &it->second;
}

const std::set<std::uint64_t>& memory::groups_of(std::uint64_t table_id) const {
  return groups_in(by_table_, table_id);
}

const std::set<std::uint64_t>& memory::groups_on(const std::string& node) const {
  return groups_in(by_node_, node);
}

std::uint32_t memory::preferred_on(const std::string& node) const {
  auto it = preferred_.find(node);
  return it == preferred_.end() ? 0 : it->second;
}

msg::MapReply memory::map() const {
  msg::MapReply reply;
  reply.set_version(version());
  for (const auto& [name, table] : tables_)
    *reply.add_tables() = told(table);
  for (const auto& [group, partition] : partitions_)
    if (group != wire::metadata_group) // no table's
      *reply.add_partitions() = partition;
  return reply;
}

} // namespace troupe::admin
