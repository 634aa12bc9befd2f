#include "actors/admin/records.h"
#include "actors/core/item/value.h"

namespace troupe::admin {

namespace {

constexpr std::string_view record_attribute = "record";
constexpr std::string_view version_attribute = "version";

std::string item_of(const google::protobuf::MessageLite& message, std::uint64_t version) {
  msg::AttributeMap item;
  auto* body = item.add_attributes();
  body->set_name(std::string(record_attribute));
  message.SerializeToString(body->mutable_value()->mutable_b());
  auto* number = item.add_attributes();
  number->set_name(std::string(version_attribute));
  number->mutable_value()->set_n(std::to_string(version));
  return item.SerializeAsString();
}

template <class Message>
std::optional<Message> body_of(const std::string& bytes) {
  auto item = item::parse_item(bytes);
  if (!item)
    return std::nullopt;
  const auto* value = item::find(*item, record_attribute);
  Message message;
  if (!value || !value->has_b() || !message.ParseFromString(value->b()))
    return std::nullopt;
  return message;
}

void put(msg::ReplicaRequest::Write& write, std::string key, const google::protobuf::MessageLite& message,
         std::uint64_t version) {
  auto* mutation = write.add_mutations();
  mutation->set_key(std::move(key));
  mutation->set_item(item_of(message, version));
}

void remove(msg::ReplicaRequest::Write& write, std::string key) {
  auto* mutation = write.add_mutations();
  mutation->set_key(std::move(key));
  mutation->set_remove(true);
}

// The cluster record as it was before this change; the very first change finds none.
msg::Condition planned_on(std::uint64_t version) {
  msg::Condition condition;
  auto* clause = condition.add_clauses();
  clause->set_attribute(std::string(version_attribute));
  if (version == 0) {
    clause->set_test(msg::Condition::Clause::NOT_EXISTS);
  } else {
    clause->set_test(msg::Condition::Clause::EQUALS);
    clause->mutable_operand()->set_n(std::to_string(version));
  }
  return condition;
}

std::string numbered(std::string key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    key += static_cast<char>(number >> shift);
  return key;
}

template <class Message>
std::optional<record> as_record(const std::string& item) {
  auto message = body_of<Message>(item);
  return message ? std::optional<record>(std::move(*message)) : std::nullopt;
}

} // namespace

std::string cluster_key() {
  return "c/cluster";
}

std::string node_key(std::string_view node) {
  return "n/" + std::string(node);
}

std::string partition_key(std::uint64_t group) {
  return numbered("p/", group);
}

std::string backup_key(std::uint64_t id) {
  return numbered("k/", id);
}

std::string table_key(std::string_view table) {
  return "t/" + std::string(table);
}

msg::ReplicaRequest::Write to_write(const change& what) {
  auto version = what.cluster.version();
  msg::ReplicaRequest::Write write;
  put(write, cluster_key(), what.cluster, version);
  *write.mutable_mutations(0)->mutable_condition() = planned_on(version - 1);
  for (const auto& table : what.tables)
    put(write, table_key(table.name()), table, version);
  for (const auto& partition : what.partitions)
    put(write, partition_key(partition.group()), partition, version);
  for (const auto& node : what.nodes)
    put(write, node_key(node.name()), node, version);
  for (const auto& backup : what.backups)
    put(write, backup_key(backup.id()), backup, version);
  for (const auto& table : what.removed_tables)
    remove(write, table_key(table));
  for (auto group : what.removed_groups)
    remove(write, partition_key(group));
  for (auto id : what.removed_backups)
    remove(write, backup_key(id));
  return write;
}

std::optional<record> decode(const msg::Record& row) {
  auto kind = std::string_view(row.key()).substr(0, 2);
  if (kind == "c/")
    return as_record<msg::ClusterRecord>(row.item());
  if (kind == "n/")
    return as_record<msg::NodeRecord>(row.item());
  if (kind == "p/")
    return as_record<msg::PartitionRecord>(row.item());
  if (kind == "t/")
    return as_record<msg::TableRecord>(row.item());
  if (kind == "k/")
    return as_record<msg::BackupRecord>(row.item());
  return std::nullopt;
}

std::optional<msg::ClusterRecord> decode_cluster(const std::string& item) {
  return body_of<msg::ClusterRecord>(item);
}

} // namespace troupe::admin
