#include "actors/admin/healer.h"
#include "actors/wire/mail.h"
#include "config/limits.h"
#include <algorithm>
#include <map>
#include <tuple>

namespace troupe::admin {

namespace {

using healing::health;
using kind = healing::step::kind;

const msg::Member* member_of(const msg::Configuration& configuration, std::uint64_t id) {
  for (const auto& m : configuration.members())
    if (m.id() == id)
      return &m;
  return nullptr;
}

// Its table is there for good. What is being made is not ill when some members of it are not there yet, and
// what is being deleted needs nobody.
bool in_care(const outlook& view, const msg::PartitionRecord& partition) {
  if (partition.group() == wire::metadata_group)
    return true;
  const auto* table = view.records.table(partition.table());
  return table && table->id() == partition.table_id() && table->state() == msg::TABLE_ACTIVE;
}

// The newest configuration that the group is known to have committed.
const msg::Configuration& committed(const outlook& view, const msg::PartitionRecord& partition) {
  const auto* told = view.nodes.committed_of(partition.group());
  return told && told->epoch() > partition.configuration().epoch() ? *told : partition.configuration();
}

// The one that a change adds; nothing when it adds nobody.
const msg::Member* newcomer_of(const msg::PartitionRecord& partition) {
  for (const auto& m : partition.target().members())
    if (!member_of(partition.configuration(), m.id()))
      return &m;
  return nullptr;
}

const msg::ReplicaReport* report_of(const outlook& view, std::uint64_t group, const msg::Member& m) {
  const auto* page = view.nodes.find(m.node());
  if (!page || page->head.disk() != m.disk())
    return nullptr;
  auto it = page->replicas.find(group);
  return it == page->replicas.end() || it->second.member() != m.id() ? nullptr : &it->second;
}

std::int64_t node_silent_us(const outlook& view, const std::string& node) {
  const auto* page = view.nodes.find(node);
  auto heard = std::max(page ? page->heard_us : 0, view.leading_us);
  return std::max<std::int64_t>(view.now_us - heard, 0);
}

bool directory_gone(const outlook& view, const msg::Member& m) {
  const auto* page = view.nodes.find(m.node());
  return page && page->head.disk() != m.disk();
}

healing::member_view member_seen(const outlook& view, const msg::PartitionRecord& partition,
                                 const msg::Member& m, const msg::ReplicaReport* leader) {
  healing::member_view seen;
  const auto* said = report_of(view, partition.group(), m);
  seen.has_items = said && said->grown();
  if (directory_gone(view, m)) {
    seen.is = health::lost;
    seen.votes = false;
    seen.what = "its data directory is another one now";
    return seen;
  }
  if (leader && leader->member() == m.id()) {
    seen.level = true;
  } else {
    const msg::MemberProgress* progress = nullptr;
    if (leader)
      for (const auto& p : leader->members())
        if (p.member() == m.id())
          progress = &p;
    const auto* watched = leader ? view.nodes.attendance_of(partition.group(), m.id()) : nullptr;
    if (progress && !progress->silent()) {
      seen.level = progress->level();
      if (watched && watched->stays_us != 0) // what it says of itself is news, too
        seen.stays_us =
            view.now_us - std::max(watched->stays_us, view.nodes.told_us(m.node(), partition.group()));
    } else {
      seen.is = health::silent;
      seen.silent_us = node_silent_us(view, m.node());
      seen.votes = false;
      if (watched && watched->since_us != 0) {
        seen.silent_us = std::max(seen.silent_us, view.now_us - watched->answered_us);
        seen.away_us = view.now_us - watched->since_us;
      }
    }
  }
  if (said && (!said->damage().empty() || said->retired())) {
    seen.is = health::lost;
    seen.what = said->retired() ? "it was dropped" : said->damage();
  } else if (said && seen.is == health::silent) {
    seen.what = said->trouble();
  }
  return seen;
}

std::vector<healing::spare> spares_for(const outlook& view, const msg::PartitionRecord& partition) {
  std::vector<healing::spare> result;
  bool metadata = partition.group() == wire::metadata_group;
  for (const auto& [name, page] : view.nodes.pages()) {
    bool role = metadata ? std::count(view.metadata_nodes.begin(), view.metadata_nodes.end(), name) > 0
                         : page.head.storage();
    bool room = !page.head.full() && page.head.disk_free_bytes() >= view.min_free_bytes;
    if (!role || !room || !page.whole || page.head.disk() == 0 || !view.nodes.alive(name, view.now_us))
      continue;
    // Who still has a member of the group that is out, or may be, takes no other one before that is gone.
    auto it = page.replicas.find(partition.group());
    bool waits = it != page.replicas.end() && !it->second.retired() &&
                 !member_of(partition.configuration(), it->second.member());
    for (const auto& gone : partition.withdrawn())
      waits = waits || gone.node() == name;
    if (!waits)
      result.push_back({name, page.head.zone(), page.head.disk(),
                        static_cast<std::uint32_t>(view.records.groups_on(name).size())});
  }
  return result;
}

std::uint64_t next_id(const msg::PartitionRecord& partition) {
  std::uint64_t next = partition.next_member();
  for (const auto& m : partition.configuration().members())
    next = std::max(next, m.id() + 1);
  return next;
}

struct candidate {
  unsigned sound = 0;
  const msg::PartitionRecord* partition = nullptr;
  healing::step step;
};

change begin(const outlook& view) {
  change next;
  next.cluster = view.records.cluster();
  next.cluster.set_version(view.records.version() + 1);
  return next;
}

// What is to be written about a group without looking at the others: what it has come to, and a change whose
// newcomer will not come.
std::optional<msg::PartitionRecord> progressed(const outlook& view, const msg::PartitionRecord& partition) {
  const auto& now = committed(view, partition);
  if (now.epoch() > partition.configuration().epoch()) {
    auto next = partition;
    next.set_next_member(next_id(partition));
    for (const auto& m : now.members())
      next.set_next_member(std::max(next.next_member(), m.id() + 1));
    *next.mutable_configuration() = now;
    next.clear_target();
    next.clear_withdrawn();
    const auto* grows = member_of(now, next.grow());
    if (!grows || grows->kind() != msg::LOG_REPLICA)
      next.clear_grow();
    return next;
  }
  if (const auto* newcomer = newcomer_of(partition)) {
    bool runs = report_of(view, partition.group(), *newcomer) != nullptr;
    bool away = node_silent_us(view, newcomer->node()) >= view.heal.silence_us;
    if (directory_gone(view, *newcomer) || (away && !runs)) {
      auto next = partition;
      *next.add_withdrawn() = *newcomer;
      *next.mutable_target() = partition.configuration();
      next.mutable_target()->set_epoch(partition.configuration().epoch() + 1);
      next.set_why("the newcomer on " + newcomer->node() + " did not come to life");
      return next;
    }
  }
  if (partition.has_target())
    return std::nullopt;
  bool is_whole = healing::whole(group_seen(view, partition), view.heal.wanted);
  if (is_whole != (partition.ailing_ms() == 0)) {
    auto next = partition;
    next.set_ailing_ms(is_whole ? 0 : view.now_ms);
    if (is_whole) {
      next.clear_why();
      next.clear_grow();
    }
    // A blink is not worth a record.
    if (!is_whole && healing::next_step(group_seen(view, partition), view.heal).what == kind::none)
      return std::nullopt;
    return next;
  }
  return std::nullopt;
}

// The metadata group has no record until its leader has said who is in it.
std::optional<msg::PartitionRecord> record_of_metadata(const outlook& view) {
  const auto* told = view.nodes.committed_of(wire::metadata_group);
  if (view.records.partition(wire::metadata_group) || !told || told->members_size() == 0)
    return std::nullopt;
  msg::PartitionRecord record;
  record.set_group(wire::metadata_group);
  *record.mutable_configuration() = *told;
  return record;
}

bool full(const change& next) {
  return next.partitions.size() >= change_records;
}

} // namespace

healing::group_view group_seen(const outlook& view, const msg::PartitionRecord& partition) {
  healing::group_view seen;
  seen.now = partition.configuration();
  seen.next_member = next_id(partition);
  seen.grows = partition.grow();
  const auto* server = view.nodes.server_of(partition.group());
  const msg::ReplicaReport* leader = nullptr;
  if (server && node_silent_us(view, *server) < view.heal.silence_us)
    leader = &view.nodes.find(*server)->replicas.at(partition.group());
  seen.leader = leader ? leader->member() : 0;
  for (const auto& m : seen.now.members())
    seen.members.push_back(member_seen(view, partition, m, leader));
  seen.spares = spares_for(view, partition);
  return seen;
}

std::optional<change> plan_healing(const outlook& view) {
  auto next = begin(view);
  if (auto known = record_of_metadata(view))
    next.partitions.push_back(std::move(*known));
  std::size_t under_way = 0;
  std::map<std::string, std::size_t> growing; // by node
  std::vector<candidate> candidates;
  for (const auto& [group, partition] : view.records.partitions()) {
    if (!in_care(view, partition))
      continue;
    under_way += partition.has_target();
    if (const auto* grows = member_of(partition.configuration(), partition.grow()))
      ++growing[grows->node()];
    if (full(next))
      continue;
    if (auto changed = progressed(view, partition)) {
      next.partitions.push_back(std::move(*changed));
      continue;
    }
    if (partition.has_target() || partition.ailing_ms() == 0)
      continue;
    auto seen = group_seen(view, partition);
    auto step = healing::next_step(seen, view.heal);
    if (step.what == kind::change || (step.what == kind::grow && partition.grow() != step.member))
      candidates.push_back({healing::sound_voters(seen), &partition, std::move(step)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const candidate& a, const candidate& b) { return a.sound < b.sound; });
  for (auto& [sound, partition, step] : candidates) {
    if (full(next))
      break;
    auto changed = *partition;
    changed.set_why(step.why);
    if (step.what == kind::grow) {
      auto& busy = growing[member_of(partition->configuration(), step.member)->node()];
      if (busy >= view.rebuilds)
        continue;
      ++busy;
      changed.set_grow(step.member);
    } else {
      if (under_way >= limits::membership_changes)
        continue;
      ++under_way;
      *changed.mutable_target() = std::move(step.target);
      changed.set_next_member(step.newcomer != 0 ? step.newcomer + 1 : next_id(*partition));
    }
    next.partitions.push_back(std::move(changed));
  }
  return next.partitions.empty() ? std::nullopt : std::optional(std::move(next));
}

std::vector<group_order> healing_orders(const outlook& view) {
  std::vector<group_order> result;
  for (const auto& [group, partition] : view.records.partitions()) {
    if ((!partition.has_target() && partition.ailing_ms() == 0) || !in_care(view, partition))
      continue;
    const auto* server = view.nodes.server_of(group);
    if (!server)
      continue;
    group_order order{group, *server, {}};
    if (partition.has_target()) {
      const auto* newcomer = newcomer_of(partition);
      const auto* said = newcomer ? report_of(view, group, *newcomer) : nullptr;
      if (newcomer && (!said || said->epoch() == 0 || !said->trouble().empty()))
        continue; // it does not run yet
      order.request.mutable_change()->set_target(partition.target().SerializeAsString());
    } else if (healing::next_step(group_seen(view, partition), view.heal).what == kind::hand_over) {
      order.request.mutable_handover();
    } else {
      continue;
    }
    result.push_back(std::move(order));
  }
  return result;
}

std::vector<msg::NodeOrders::Retired> retired_on(const memory& records, const node_book& nodes,
                                                 const std::string& node) {
  std::vector<msg::NodeOrders::Retired> result;
  const auto* page = nodes.find(node);
  if (!page)
    return result;
  for (const auto& [group, replica] : page->replicas) {
    const auto* partition = records.partition(group);
    if (!partition || replica.retired() || replica.member() == 0)
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

msg::HealingStatus healing_status(const outlook& view) {
  msg::HealingStatus status;
  for (const auto& [group, partition] : view.records.partitions()) {
    auto seen = group_seen(view, partition);
    if (!in_care(view, partition) || (!partition.has_target() && healing::whole(seen, view.heal.wanted)))
      continue;
    auto& shown = *status.add_groups();
    shown.set_group(group);
    shown.set_table(partition.table());
    shown.set_sound_voters(healing::sound_voters(seen));
    shown.set_ailing_ms(
        partition.ailing_ms() == 0 ? 0 : std::max<std::int64_t>(view.now_ms - partition.ailing_ms(), 0));
    shown.set_why(partition.why());
    auto step = healing::next_step(seen, view.heal);
    if (partition.has_target()) {
      shown.set_step(msg::AilingGroup::CHANGING);
      if (const auto* newcomer = newcomer_of(partition))
        shown.set_node(newcomer->node());
    } else if (const auto* grows = member_of(partition.configuration(), partition.grow())) {
      shown.set_step(msg::AilingGroup::REBUILDING);
      shown.set_node(grows->node());
      if (const auto* said = report_of(view, group, *grows)) {
        shown.set_bytes(said->growth_bytes());
        shown.set_bytes_total(said->growth_total());
      }
    } else if (!step.stuck.empty()) {
      shown.set_step(msg::AilingGroup::STUCK);
      shown.set_why(step.why + "; " + step.stuck);
    }
  }
  std::stable_sort(status.mutable_groups()->begin(), status.mutable_groups()->end(),
                   [](const auto& a, const auto& b) { return a.sound_voters() < b.sound_voters(); });
  return status;
}

} // namespace troupe::admin
