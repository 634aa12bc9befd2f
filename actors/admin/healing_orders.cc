// What healing asks of leaders and of nodes, and what it shows to people.
#include "actors/admin/healer.h"
#include <algorithm>

namespace troupe::admin {

std::vector<group_order> healing_orders(const outlook& view, const healing_book& book) {
  std::vector<group_order> result;
  for (auto group : view.records.ailing()) {
    const auto& partition = *view.records.partition(group);
    const auto* server = view.nodes.server_of(group);
    if (!server || !in_care(view, partition))
      continue;
    group_order order{group, *server, {}};
    const auto* noted = book.find(group);
    if (partition.has_target()) {
      const auto* newcomer = newcomer_of(partition);
      const auto* said = newcomer ? report_of(view, group, *newcomer) : nullptr;
      if (newcomer && (!said || said->epoch() == 0 || !said->trouble().empty()))
        continue; // it does not run yet
      order.request.mutable_change()->set_target(partition.target().SerializeAsString());
    } else if (noted && noted->hand_over) {
      order.request.mutable_handover();
    } else {
      continue;
    }
    result.push_back(std::move(order));
  }
  return result;
}

std::vector<msg::NodeOrders::Retired> retired_on(const memory& records, const node_book& nodes,
                                                 const std::string& node,
                                                 const std::set<std::uint64_t>& groups) {
  std::vector<msg::NodeOrders::Retired> result;
  const auto* page = nodes.find(node);
  if (!page)
    return result;
  for (auto group : groups) {
    const auto* partition = records.partition(group);
    auto held = page->replicas.find(group);
    if (!partition || held == page->replicas.end())
      continue;
    const auto& replica = held->second;
    if (replica.retired() || replica.member() == 0)
      continue;
    if (replica.member() >= next_id(*partition))
      continue; // these records are old: somebody who leads now has made it
    const auto& now = partition->configuration();
    bool wanted = member_of(now, replica.member()) || member_of(partition->target(), replica.member());
    for (const auto& m : partition->withdrawn())
      wanted = wanted || m.id() == replica.member();
    if (wanted)
      continue;
    int voters = 0, know = 0;
    for (const auto& m : now.members()) {
      if (m.kind() == msg::LEARNER)
        continue;
      ++voters;
      const auto* other = nodes.find(m.node());
      auto it = other ? other->replicas.find(group) : page->replicas.end();
      know += other && it != other->replicas.end() && it->second.member() == m.id() &&
              it->second.durable_epoch() >= now.epoch();
    }
    if (2 * know <= voters)
      continue;
    auto& gone = result.emplace_back();
    gone.set_group(group);
    gone.set_member(replica.member());
  }
  return result;
}

msg::HealingStatus healing_status(const outlook& view, const healing_book& book) {
  msg::HealingStatus status;
  const auto& cluster = view.records.cluster();
  if (cluster.has_healing_pause())
    *status.mutable_pause() = cluster.healing_pause();
  auto spares = spares_of(view, book);
  for (const auto& [group, partition] : view.records.partitions()) {
    if (!in_care(view, partition))
      continue;
    auto seen = group_seen(view, partition);
    if (!partition.has_target() && healing::whole(seen, view.heal.wanted))
      continue;
    auto& shown = *status.add_groups();
    shown.set_group(group);
    shown.set_table(partition.table());
    shown.set_sound_voters(healing::sound_voters(seen));
    shown.set_ailing_ms(
        partition.ailing_ms() == 0 ? 0 : std::max<std::int64_t>(view.now_ms - partition.ailing_ms(), 0));
    shown.set_why(partition.why());
    offer(seen, view, partition, spares);
    auto step = healing::next_step(seen, view.heal);
    bool unled = seen.leader == 0; // what is to change waits for that
    const auto* grows = member_of(partition.configuration(), partition.grow());
    auto stuck = [&] {
      shown.set_step(msg::AilingGroup::STUCK);
      shown.set_why(step.why + "; " + step.stuck);
    };
    if (unled && !step.stuck.empty()) {
      stuck();
    } else if (partition.has_target() && !(unled && grows)) {
      shown.set_step(msg::AilingGroup::CHANGING);
      if (const auto* newcomer = newcomer_of(partition))
        shown.set_node(newcomer->node());
    } else if (grows) {
      shown.set_step(msg::AilingGroup::REBUILDING);
      shown.set_node(grows->node());
      if (const auto* said = report_of(view, group, *grows)) {
        shown.set_bytes(said->growth_bytes());
        shown.set_bytes_total(said->growth_total());
      }
    } else if (!step.stuck.empty()) {
      stuck();
    }
  }
  std::stable_sort(status.mutable_groups()->begin(), status.mutable_groups()->end(),
                   [](const auto& a, const auto& b) { return a.sound_voters() < b.sound_voters(); });
  return status;
}

} // namespace troupe::admin
