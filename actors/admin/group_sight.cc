#include "actors/admin/group_sight.h"
#include "actors/wire/mail.h"
#include <algorithm>

namespace troupe::admin {

using healing::health;

namespace {

healing::member_view member_seen(const outlook& view, const msg::PartitionRecord& partition,
                                 const msg::Member& m, const msg::ReplicaReport* leader) {
  healing::member_view seen;
  const auto* said = report_of(view, partition.group(), m);
  seen.has_items = said && said->grown();
  seen.chosen = said ? said->commit() : 0;
  seen.first = said ? said->first_index() : 0;
  seen.applied = said ? said->applied() : 0;
  seen.gap = said && said->archive().reach() == msg::ArchiveProgress::GAP;
  seen.runs = said && node_book::runs(*said) && node_silent_us(view, m.node()) < view.heal.silence_us;
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
      seen.steady_us = watched && watched->steady_us != 0 ? view.now_us - watched->steady_us : 0;
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
      // Its node lives, and the replica is not brought up there: a large one takes its time, and some never
      // come up. Nobody who leads says how long it has been away.
      const auto since_us = view.nodes.idle_us(m.node(), partition.group());
      const auto idle_us = !leader && said && since_us != 0 ? view.now_us - since_us : 0;
      if (idle_us >= view.heal.grace_us)
        seen.silent_us = std::max(seen.silent_us, idle_us);
      if (idle_us >= view.heal.silence_us)
        seen.what = "it does not come up";
    }
  }
  if (said && (!said->damage().empty() || said->retired())) {
    seen.is = health::lost;
    seen.what = said->retired() ? "it was dropped" : said->damage();
    seen.holds = !said->retired() && !said->items_gone();
  } else if (said && seen.is == health::silent && !said->trouble().empty()) {
    seen.what = said->trouble();
  }
  return seen;
}

} // namespace

bool in_care(const outlook& view, const msg::PartitionRecord& partition) {
  if (partition.group() == wire::metadata_group)
    return true;
  const auto* table = view.records.table(partition.table());
  return table && table->id() == partition.table_id() && table->state() == msg::TABLE_ACTIVE;
}

const msg::Member* member_of(const msg::Configuration& configuration, std::uint64_t id) {
  for (const auto& m : configuration.members())
    if (m.id() == id)
      return &m;
  return nullptr;
}

std::uint64_t next_id(const msg::PartitionRecord& partition) {
  std::uint64_t next = partition.next_member();
  for (const auto& m : partition.configuration().members())
    next = std::max(next, m.id() + 1);
  return next;
}

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

healing::group_view group_seen(const outlook& view, const msg::PartitionRecord& partition) {
  healing::group_view seen;
  seen.now = &partition.configuration();
  seen.next_member = next_id(partition);
  seen.grows = partition.grow();
  const auto* server = view.nodes.server_of(partition.group());
  const msg::ReplicaReport* leader = nullptr;
  if (server && node_silent_us(view, *server) < view.heal.silence_us)
    leader = &view.nodes.find(*server)->replicas.at(partition.group());
  seen.leader = leader ? leader->member() : 0;
  seen.members.reserve(static_cast<std::size_t>(seen.now->members_size()));
  for (const auto& m : seen.now->members())
    seen.members.push_back(member_seen(view, partition, m, leader));
  return seen;
}

const std::vector<healing::spare>& spare_nodes::of(const msg::PartitionRecord& partition) const {
  return partition.group() == wire::metadata_group ? metadata : storage;
}

void spare_nodes::seat(const std::string& node) {
  for (auto* pool : {&storage, &metadata})
    for (auto& one : *pool)
      one.load += one.node == node;
}

spare_nodes spares_of(const outlook& view, const healing_book& book) {
  spare_nodes result;
  for (const auto& [name, page] : view.nodes.pages()) {
    bool room = !page.head.full() && page.head.disk_free_bytes() >= view.min_free_bytes;
    if (!room || !page.whole || page.head.disk() == 0 || !view.nodes.alive(name, view.now_us) ||
        node_silent_us(view, name) >= view.heal.silence_us || book.shunned(name, view.now_us))
      continue;
    healing::spare one{name, page.head.zone(), page.head.disk(),
                       static_cast<std::uint32_t>(view.records.groups_on(name).size()),
                       page.head.troubles_size() > 0};
    if (std::count(view.metadata_nodes.begin(), view.metadata_nodes.end(), name) > 0)
      result.metadata.push_back(one);
    if (page.head.storage())
      result.storage.push_back(std::move(one));
  }
  return result;
}

void offer(healing::group_view& to, const outlook& view, const msg::PartitionRecord& partition,
           const spare_nodes& spares) {
  to.spares = spares.of(partition);
  to.barred.clear();
  // Who still has a member of the group that is out, or may be, takes no other one before that is gone.
  for (const auto& node : view.nodes.holders(partition.group())) {
    const auto& replica = view.nodes.find(node)->replicas.at(partition.group());
    if (!replica.retired() && !member_of(partition.configuration(), replica.member()))
      to.barred.push_back(node);
  }
  for (const auto& gone : partition.withdrawn())
    to.barred.push_back(gone.node());
}

} // namespace troupe::admin
