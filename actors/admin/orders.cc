#include "actors/admin/orders.h"
#include "actors/admin/healer.h"
#include "actors/wire/mail.h"

namespace troupe::admin {

namespace {

const msg::Member* member_on(const msg::PartitionRecord& partition, const std::string& node) {
  for (const auto* of : {&partition.configuration(), &partition.target()})
    for (const auto& member : of->members())
      if (member.node() == node)
        return &member;
  return nullptr;
}

bool deleting(const memory& records, const msg::PartitionRecord& partition) {
  const auto* table = records.table(partition.table());
  return partition.group() != wire::metadata_group &&
         (!table || table->id() != partition.table_id() || table->state() == msg::TABLE_DELETING);
}

bool deleted(const memory& records, std::uint64_t group) {
  if (group == wire::metadata_group || group >= records.cluster().next_group())
    return false;
  const auto* partition = records.partition(group);
  if (!partition) // a record that is there and cannot be read is no proof
    return records.unreadable() == 0;
  return deleting(records, *partition);
}

void order_to_run(msg::NodeOrders& orders, const memory& records, const std::string& node,
                  std::uint64_t disk) {
  for (auto group : records.groups_on(node)) {
    const auto& partition = *records.partition(group);
    if (member_on(partition, node)->disk() == disk && !deleting(records, partition))
      *orders.add_partitions() = partition;
  }
}

template <class Replicas>
void order_to_drop(msg::NodeOrders& orders, const memory& records, const Replicas& replicas) {
  for (const auto& replica : replicas)
    if (deleted(records, replica.group()))
      orders.add_drop(replica.group());
}

void order_to_retire(msg::NodeOrders& orders, const memory& records, const node_book& nodes,
                     const healing_book& healing, const std::string& node) {
  for (auto& gone : retired_on(records, nodes, node, healing.strays_on(node)))
    *orders.add_retire() = std::move(gone);
}

std::vector<msg::ReplicaReport> all_replicas(const node_book::page& page) {
  std::vector<msg::ReplicaReport> result;
  for (const auto& [group, replica] : page.replicas)
    result.push_back(replica);
  return result;
}

msg::NodeOrders begin_orders(const memory& records) {
  msg::NodeOrders orders;
  orders.set_version(records.version());
  orders.set_metadata(records.cluster().id());
  return orders;
}

} // namespace

msg::NodeOrders orders_for(const memory& records, const node_book& nodes, const healing_book& healing,
                           const msg::NodeReport& report, bool resend) {
  auto orders = begin_orders(records);
  orders.set_resend(resend);
  order_to_retire(orders, records, nodes, healing, report.node());
  if (report.meta_version() >= records.changed_on(report.node()) && report.meta_version() != 0) {
    orders.set_unchanged(true);
    order_to_drop(orders, records, report.replicas()); // the others were looked at when they were reported
    return orders;
  }
  order_to_run(orders, records, report.node(), report.disk());
  if (const auto* page = nodes.find(report.node()))
    order_to_drop(orders, records, all_replicas(*page));
  return orders;
}

msg::NodeOrders orders_unasked(const memory& records, const node_book& nodes, const healing_book& healing,
                               const std::string& node) {
  auto orders = begin_orders(records);
  order_to_retire(orders, records, nodes, healing, node);
  if (const auto* page = nodes.find(node)) {
    order_to_run(orders, records, node, page->head.disk());
    order_to_drop(orders, records, all_replicas(*page));
  }
  return orders;
}

std::map<std::string, std::vector<msg::ReplicaReport>> lost_members(const memory& records,
                                                                    const node_book& nodes) {
  std::map<std::string, std::vector<msg::ReplicaReport>> result;
  for (const auto& [node, page] : nodes.pages()) {
    for (auto group : records.groups_on(node)) {
      const auto& partition = *records.partition(group);
      const auto& member = *member_on(partition, node);
      if (member.disk() == page.head.disk() || deleting(records, partition))
        continue;
      auto& lost = result[node].emplace_back();
      lost.set_group(group);
      lost.set_member(member.id());
      lost.set_kind(member.kind());
      lost.set_trouble(
          "made on another data directory, which is gone; it must be replaced under a new identity");
    }
  }
  return result;
}

} // namespace troupe::admin
