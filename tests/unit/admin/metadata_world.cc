#include "tests/unit/admin/metadata_world.h"
#include "actors/core/item/condition.h"
#include <algorithm>

namespace troupe::admin {

bool store::write(const msg::ReplicaRequest::Write& what) {
  for (const auto& mutation : what.mutations()) {
    auto it = items_.find(mutation.key());
    std::optional<std::string_view> before;
    if (it != items_.end())
      before = it->second;
    if (!item::holds(mutation.condition(), before).value())
      return false;
  }
  for (const auto& mutation : what.mutations()) {
    if (mutation.remove())
      items_.erase(mutation.key());
    else
      items_[mutation.key()] = mutation.item();
  }
  return true;
}

std::vector<msg::Record> store::rows() const {
  std::vector<msg::Record> result;
  for (const auto& [key, item] : items_) {
    auto& row = result.emplace_back();
    row.set_key(key);
    row.set_item(item);
  }
  return result;
}

metadata_world::metadata_world(int nodes_per_zone) {
  std::uint64_t disk = 1000;
  for (const auto* zone : {"a", "b", "c"})
    for (int i = 1; i <= nodes_per_zone; ++i)
      machines[std::string(zone) + std::to_string(i)] = {zone, ++disk};
  make(plan_birth(42));
  nodes_report();
}

outlook metadata_world::view() const {
  outlook here{records, book};
  here.now_us = now_us;
  here.now_ms = now_us / 1000;
  here.leading_us = leading_us;
  here.patience_us = 3'000'000;
  here.heal.archive = archive;
  here.archived = &archived;
  for (const auto& [name, one] : machines)
    here.storage_nodes.push_back(name);
  return here;
}

void metadata_world::nodes_report() {
  for (auto& [name, one] : machines) {
    if (!one.up)
      continue;
    msg::NodeReport report;
    report.set_node(name);
    report.set_zone(one.zone);
    report.set_disk(one.disk);
    report.set_run(one.run);
    report.set_sequence(++one.sequence);
    report.set_storage(true);
    report.set_disk_free_bytes(1ull << 40);
    report.set_meta_version(one.meta_version);
    for (const auto& [group, replica] : one.replicas)
      *report.add_replicas() = replica;
    bool usable = book.take(report, now_us);
    auto orders = orders_for(records, book, healing, report, !usable);
    one.meta_version = orders.version();
    for (auto group : orders.drop())
      one.replicas.erase(group);
    for (const auto& partition : orders.partitions()) {
      if (!one.makes && one.replicas.count(partition.group()) == 0)
        continue;
      auto& replica = one.replicas[partition.group()];
      replica.set_group(partition.group());
      if (archive && replica.archive().reach() == msg::ArchiveProgress::UNSEEN)
        replica.mutable_archive()->set_reach(reach);
      const auto& first = partition.configuration().members(0);
      auto chosen = lead.find(partition.group());
      bool leads =
          chosen == lead.end() ? first.node() == name && first.disk() == one.disk : chosen->second == name;
      replica.set_leads(leads);
      replica.set_serving(leads);
    }
  }
}

bool metadata_world::make(const change& what) {
  if (!durable.write(to_write(what)))
    return false;
  records.apply(what);
  return true;
}

std::optional<change> metadata_world::plan_heal() {
  healing.hear(book, records);
  return plan_healing(view(), healing);
}

std::vector<msg::NodeOrders::Retired> metadata_world::gone_from(const std::string& node) {
  plan_heal();
  return retired_on(records, book, node, healing.strays_on(node));
}

void metadata_world::new_leader() {
  records = durable.load();
  book.clear();
  healing.clear();
  archived.clear();
  leading_us = now_us;
  for (auto& [name, one] : machines)
    ++one.run, one.sequence = 0;
}

int metadata_world::settle(int at_most) {
  for (int made = 0; made < at_most; ++made) {
    auto next = plan_next(view(), 7);
    if (!next || !make(*next))
      return made;
  }
  return at_most;
}

decision metadata_world::create(const std::string& name, std::uint32_t partitions, std::uint64_t table_id,
                                msg::RequestId creator) {
  msg::CreateTable wish;
  wish.set_name(name);
  wish.set_partitions(partitions);
  *wish.mutable_keys() = string_key("id");
  auto plan = plan_create(view(), wish, creator, table_id, 7);
  if (plan.what == decision::verdict::write)
    make(plan.write);
  return plan;
}

decision metadata_world::remove(const std::string& name, std::uint64_t table_id, msg::RequestId deleter) {
  msg::DeleteTable wish;
  wish.set_name(name);
  auto plan = plan_delete(view(), wish, deleter, table_id);
  if (plan.what == decision::verdict::write)
    make(plan.write);
  return plan;
}

decision metadata_world::pause(const std::string& who, const std::string& why, bool resume) {
  msg::PauseHealing wish;
  wish.set_resume(resume);
  wish.set_who(who);
  wish.set_why(why);
  auto plan = plan_pause(view(), wish);
  if (plan.what == decision::verdict::write)
    make(plan.write);
  return plan;
}

std::size_t metadata_world::replicas_running() const {
  std::size_t count = 0;
  for (const auto& [name, one] : machines)
    count += one.replicas.size();
  return count;
}

msg::KeySchema string_key(const std::string& name) {
  msg::KeySchema keys;
  keys.mutable_partition()->set_name(name);
  keys.mutable_partition()->set_type(msg::KEY_TYPE_S);
  return keys;
}

} // namespace troupe::admin
