#include "actors/agent/roster.h"
#include "actors/wire/mail.h"

namespace troupe::agent {

namespace {

// The metadata that ordered the partitions' replicas here; 0 when there are none.
std::uint64_t master_of(const local_replicas& here) {
  for (const auto& [group, replica] : here)
    if (replica.metadata() != 0)
      return replica.metadata();
  return 0;
}

msg::LocalReplica creation(const msg::PartitionRecord& partition, const msg::Member& member,
                           std::uint64_t metadata, std::int64_t now_ms) {
  msg::LocalReplica made;
  made.set_group(partition.group());
  made.set_member(member.id());
  made.set_kind(member.kind());
  made.set_table(partition.table());
  made.set_table_id(partition.table_id());
  made.set_state(msg::LocalReplica::CREATING);
  made.set_created_ms(now_ms);
  made.set_from(partition.from());
  made.set_to(partition.to());
  *made.mutable_configuration() = partition.configuration();
  if (partition.group() != wire::metadata_group)
    made.set_metadata(metadata);
  if (partition.has_local_indexes())
    *made.mutable_local_indexes() = partition.local_indexes();
  return made;
}

} // namespace

const msg::Member* member_here(const msg::Configuration& configuration, const std::string& node,
                               std::uint64_t disk) {
  for (const auto& member : configuration.members())
    if (member.node() == node && member.disk() == disk)
      return &member;
  return nullptr;
}

roster_plan plan_orders(const local_replicas& here, const msg::NodeOrders& orders, const std::string& node,
                        std::uint64_t disk, std::int64_t now_ms) {
  roster_plan plan;
  auto master = master_of(here);
  if (master != 0 && master != orders.metadata()) {
    plan.troubles.push_back("orders come from another metadata group than the one whose replicas are here; "
                            "this directory belongs to an older cluster of that name");
    return plan;
  }
  for (auto group : orders.drop())
    if (group != wire::metadata_group && here.count(group) > 0)
      plan.drop.push_back(group);
  for (const auto& gone : orders.retire()) {
    auto known = here.find(gone.group());
    bool ours = known != here.end() && known->second.member() == gone.member();
    if (ours && known->second.state() != msg::LocalReplica::RETIRED &&
        known->second.state() != msg::LocalReplica::DROPPING)
      plan.retire.push_back(gone.group());
  }
  for (const auto& partition : orders.partitions()) {
    const auto* member = member_here(partition.configuration(), node, disk);
    if (!member)
      member = member_here(partition.target(), node, disk);
    if (!member)
      continue;
    auto known = here.find(partition.group());
    if (partition.grow() == member->id() && known != here.end())
      plan.grow.insert(partition.group());
    bool retired = known != here.end() && known->second.state() == msg::LocalReplica::RETIRED;
    if (known == here.end() || (retired && known->second.member() < member->id())) {
      plan.make.push_back(creation(partition, *member, orders.metadata(), now_ms));
    } else if (known->second.member() == member->id()) {
      bool active = known->second.state() == msg::LocalReplica::ACTIVE;
      bool promoted = known->second.kind() == msg::LOG_REPLICA && member->kind() == msg::STORAGE_REPLICA;
      bool nameless = known->second.table_id() != partition.table_id(); // recorded by an older version
      if (!active || (!promoted && !nameless))
        continue;
      auto& altered = plan.alter.emplace_back(known->second);
      altered.set_table_id(partition.table_id());
      if (promoted)
        altered.set_kind(msg::STORAGE_REPLICA);
    } else if (known->second.member() > member->id() && !retired) {
      plan.troubles.push_back("group " + std::to_string(partition.group()) + " is here as member " +
                              std::to_string(known->second.member()) + " and ordered as member " +
                              std::to_string(member->id()));
    }
  }
  return plan;
}

start how_to_start(const msg::LocalReplica& replica, bool logged) {
  if (logged)
    return start::again;
  return replica.state() == msg::LocalReplica::CREATING ? start::fresh : start::lost;
}

} // namespace troupe::agent
