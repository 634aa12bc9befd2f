// Who asks the admin, and what they are told.
#include "actors/admin/admin_state.h"
#include "actors/admin/backups.h"
#include "config/limits.h"
#include "messages/status.h"
#include <algorithm>
#include <caf/all.hpp>
#include <utility>

namespace troupe::admin {

namespace {

constexpr std::size_t waiting_max = 1024; // wishes, readers and outcomes, each
constexpr auto too_many = "too many requests about tables and backups are under way; try again later";

// A part of the asker's time is kept for the way back.
std::int64_t answer_by(std::int64_t now_us, std::uint32_t deadline_ms) {
  auto left = deadline_ms == 0 ? limits::request_deadline_ms : static_cast<std::int64_t>(deadline_ms);
  return now_us + std::min(left, limits::request_deadline_max_ms) * 800;
}

} // namespace

void admin_state::on_admin(const wire::delivery& from) {
  const auto& request = from.parcel.admin_request();
  asker who{from.from->node, wire::reply_to(from.parcel), answer_by(now(), from.parcel.deadline_ms())};
  if (now_is != stance::leading)
    return reply(who, moved());
  switch (request.op_case()) {
  case msg::AdminRequest::kCreateTable:
  case msg::AdminRequest::kDeleteTable:
  case msg::AdminRequest::kUpdateTable:
  case msg::AdminRequest::kPauseHealing:
  case msg::AdminRequest::kCreateBackup:
  case msg::AdminRequest::kDeleteBackup:
  case msg::AdminRequest::kRestoreTable:
    if (wishes.size() >= waiting_max || outcomes.size() >= waiting_max)
      return reply(who, refusal(msg::OVERLOADED, too_many));
    wishes.push_back({std::move(who), request, random()});
    return;
  case msg::AdminRequest::kDescribeTable:
  case msg::AdminRequest::kListTables:
  case msg::AdminRequest::kDescribeBackup:
  case msg::AdminRequest::kListBackups:
    if (readers.size() + early.size() >= waiting_max)
      return reply(who, refusal(msg::OVERLOADED, too_many));
    readers.push_back({std::move(who), from.parcel});
    return;
  case msg::AdminRequest::kClusterStatus:
    return reply(who, cluster_status());
  case msg::AdminRequest::kHandOver:
    return hand_over(std::move(who), request.hand_over());
  case msg::AdminRequest::kScrubNow:
    return scrub_now(who, request.scrub_now());
  case msg::AdminRequest::OP_NOT_SET:
    return reply(who, refusal(msg::UNSUPPORTED, "this version does not know that request"));
  }
}

void admin_state::on_map(const wire::delivery& from) {
  const auto& request = from.parcel.map_request();
  asker who{from.from->node, wire::reply_to(from.parcel), answer_by(now(), from.parcel.deadline_ms())};
  if (request.strong()) {
    if (now_is != stance::leading)
      return reply_map(who, map_elsewhere());
    if (readers.size() + early.size() < waiting_max) {
      readers.push_back({std::move(who), from.parcel});
      return;
    }
    msg::MapReply full;
    *full.mutable_status() = refusal(msg::OVERLOADED, too_many).status();
    return reply_map(who, std::move(full));
  }
  if (records.version() == 0) {
    msg::MapReply not_yet;
    *not_yet.mutable_status() = make_status(msg::UNAVAILABLE, "no metadata has been read here yet");
    return reply_map(who, std::move(not_yet));
  }
  if (request.known_version() == records.version()) {
    msg::MapReply same;
    same.set_version(records.version());
    same.set_unchanged(true);
    return reply_map(who, std::move(same));
  }
  reply_map(who, records.map());
}

void admin_state::on_report(const wire::delivery& from) {
  msg::NodeOrders orders;
  const auto& who = *from.from;
  if (who.client || from.parcel.node_report().node() != who.node ||
      from.parcel.node_report().disk() != who.disk)
    return; // a node speaks for itself
  if (now_is != stance::leading || stale) {
    bool elsewhere = now_is != stance::leading;
    *orders.mutable_status() = make_status(elsewhere ? msg::MOVED : msg::UNAVAILABLE);
    if (elsewhere)
      *orders.mutable_moved() = moved().moved();
  } else {
    const auto& report = from.parcel.node_report();
    bool usable = nodes.take(report, now());
    orders = orders_for(records, nodes, healing, report, !usable);
  }
  auto parcel = wire::reply_to(from.parcel);
  *parcel.mutable_node_orders() = std::move(orders);
  post(from.from->node, std::move(parcel));
  settle_outcomes();
  answer_early();
}

// Passed on to the replica that was last said to lead; its refusals are the asker's.
void admin_state::hand_over(asker who, const msg::HandOver& wish) {
  const auto* leader = nodes.server_of(wish.group());
  if (!leader)
    return reply(who,
                 refusal(msg::UNAVAILABLE, "nobody is known to lead group " + std::to_string(wish.group())));
  if (asked.full())
    return reply(who, refusal(msg::OVERLOADED, "too many hand-overs at once"));
  msg::ReplicaRequest request;
  request.mutable_handover()->set_to_node(wish.to_node());
  ask(*leader, wish.group(), std::move(request), [this, who](const msg::ReplicaReply& answer) {
    msg::AdminReply body;
    *body.mutable_status() = answer.status();
    if (answer.status().code() == msg::MOVED) // of the group, not of this admin
      body.mutable_status()->set_code(msg::UNAVAILABLE);
    reply(who, std::move(body));
  });
}

// To the scrubbers of all nodes that have members. Nobody waits for them: what becomes of it is in the
// reports.
void admin_state::scrub_now(const asker& who, const msg::ScrubNow& wish) {
  if (!wish.table().empty() && !records.table(wish.table()))
    return reply(who, refusal(msg::TABLE_NOT_FOUND, "there is no table " + wish.table()));
  auto tell = [this](std::uint64_t group, const std::string& node) {
    msg::Parcel parcel;
    *parcel.mutable_to() = wire::address(msg::ROLE_SCRUBBER);
    *parcel.mutable_from() = wire::address(msg::ROLE_ADMIN);
    parcel.mutable_scrub_request()->set_group(group);
    parcel.mutable_scrub_request()->mutable_pass();
    post(node, std::move(parcel));
  };
  for (const auto& [group, partition] : records.partitions())
    if (group != wire::metadata_group && (wish.table().empty() || partition.table() == wish.table()))
      for (const auto& m : partition.configuration().members())
        tell(group, m.node());
  if (wish.table().empty())
    for (const auto& node : options.metadata_nodes)
      tell(wire::metadata_group, node);
  reply(who, msg::AdminReply());
}

void admin_state::answer_readers_probed() {
  auto ready = std::move(readers_probed);
  readers_probed.clear();
  for (const auto& r : ready)
    answer_reader(r);
}

void admin_state::answer_early() {
  for (const auto& r : std::exchange(early, {}))
    answer_reader(r);
}

void admin_state::answer_reader(const reader& r) {
  if (r.request.has_map_request()) {
    if (r.request.map_request().known_version() != records.version())
      return reply_map(r.who, records.map());
    msg::MapReply same;
    same.set_version(records.version());
    same.set_unchanged(true);
    return reply_map(r.who, std::move(same));
  }
  const auto& request = r.request.admin_request();
  if (request.has_describe_table()) {
    const auto* table = records.table(request.describe_table().name());
    if (!table)
      return reply(r.who,
                   refusal(msg::TABLE_NOT_FOUND, "there is no table " + request.describe_table().name()));
    auto figures = figures_of(view(), *table);
    bool soon = figures.unknown() > 0 && table->state() == msg::TABLE_ACTIVE && view().patient();
    if (soon && now() < r.who.until_us)
      return early.push_back(r);
    auto body = table_reply(*table);
    *body.mutable_figures() = figures;
    body.set_restorable_ms(restorable_until(view(), *table));
    for (auto group : records.groups_of(table->id()))
      *body.add_partitions() = *records.partition(group);
    return reply(r.who, std::move(body));
  }
  if (request.has_describe_backup()) {
    const auto* backup = records.backup(request.describe_backup().id());
    return reply(r.who,
                 backup ? backup_reply(*backup) : refusal(msg::TABLE_NOT_FOUND, "there is no such backup"));
  }
  if (request.has_list_backups()) {
    auto body = list_of(records, request.list_backups());
    body.set_now_ms(options.clock->unix_ms());
    return reply(r.who, std::move(body));
  }
  const auto& list = request.list_tables();
  auto limit = list.limit() == 0 ? limits::list_page : std::min(list.limit(), limits::list_page);
  msg::AdminReply body;
  body.set_now_ms(options.clock->unix_ms());
  auto it = records.tables().upper_bound(list.after());
  for (; it != records.tables().end() && body.tables_size() < static_cast<int>(limit); ++it)
    *body.add_tables() = told(it->second);
  if (it != records.tables().end())
    body.set_last_name(body.tables().rbegin()->name());
  reply(r.who, std::move(body));
}

// Answers those whose table is there (or gone), or whose time is up: what they asked for is then durably
// ordered and goes on without them, which the table's state tells.
void admin_state::settle_outcomes() {
  auto settled = [this](const outcome_waiter& w) {
    const auto* table = records.table(w.table);
    bool there = table && table->id() == w.table_id;
    if (w.deleting) {
      if (there && now() < w.who.until_us)
        return false;
      msg::AdminReply gone;
      gone.set_now_ms(options.clock->unix_ms());
      reply(w.who, there ? table_reply(*table) : std::move(gone));
      return true;
    }
    if (!there) {
      reply(w.who, refusal(msg::TABLE_NOT_FOUND, "table " + w.table + " was deleted while it was created"));
      return true;
    }
    if (table->state() == msg::TABLE_CREATING && now() < w.who.until_us)
      return false;
    reply(w.who, table_reply(*table));
    return true;
  };
  outcomes.erase(std::remove_if(outcomes.begin(), outcomes.end(), settled), outcomes.end());
}

// Somebody else leads, or nobody does. Requests that nothing was done for go there; those whose change was
// made are answered with the state their table was last seen in; of the rest nobody here knows.
void admin_state::release_waiters() {
  for (const auto& w : wishes)
    reply(w.who,
          w.attempted ? refusal(msg::UNKNOWN_OUTCOME, "the metadata leader changed meanwhile") : moved());
  wishes.clear();
  for (const auto& r : readers_probed)
    readers.push_back(r);
  readers_probed.clear();
  for (auto& r : std::exchange(early, {}))
    readers.push_back(std::move(r));
  for (const auto& r : readers) {
    if (r.request.has_map_request())
      reply_map(r.who, map_elsewhere());
    else
      reply(r.who, moved());
  }
  readers.clear();
  for (auto& w : outcomes)
    w.who.until_us = 0;
  settle_outcomes();
}

msg::AdminReply admin_state::cluster_status() const {
  msg::AdminReply body;
  body.set_now_ms(options.clock->unix_ms());
  for (const auto& [title, table] : records.tables())
    *body.add_tables() = told(table);
  for (const auto& [group, partition] : records.partitions())
    if (group != wire::metadata_group)
      *body.add_partitions() = partition;
  *body.mutable_healing() = healing_status(view(), healing);
  auto lost = lost_members(records, nodes);
  for (const auto& [node, page] : nodes.pages()) {
    auto& report = *body.add_nodes();
    report = page.head;
    report.set_heard_ms_ago((now() - page.heard_us) / 1000);
    for (const auto& [group, replica] : page.replicas)
      *report.add_replicas() = replica;
    for (const auto& replica : lost[node])
      *report.add_replicas() = replica;
  }
  for (const auto& [silent_node, node] : records.nodes()) {
    if (nodes.find(silent_node))
      continue;
    auto& silent = *body.add_nodes();
    silent.set_node(silent_node);
    silent.set_zone(node.zone());
    silent.set_disk(node.disk());
    silent.set_address(node.address());
    silent.set_heard_ms_ago(-1);
  }
  return body;
}

msg::AdminReply admin_state::refusal(msg::Code code, std::string why) const {
  msg::AdminReply body;
  *body.mutable_status() = make_status(code, std::move(why));
  if (code == msg::OVERLOADED)
    body.mutable_status()->set_overloaded(msg::Status::METADATA);
  return body;
}

msg::AdminReply admin_state::moved() const {
  auto body = refusal(msg::MOVED, "this node's admin does not lead");
  body.mutable_moved()->set_group(wire::metadata_group);
  body.mutable_moved()->set_leader_node(leader_node);
  return body;
}

msg::MapReply admin_state::map_elsewhere() const {
  auto why = moved();
  msg::MapReply body;
  body.mutable_status()->Swap(why.mutable_status());
  body.mutable_moved()->Swap(why.mutable_moved());
  return body;
}

msg::AdminReply admin_state::table_reply(const msg::TableRecord& table) const {
  msg::AdminReply body;
  body.set_now_ms(options.clock->unix_ms());
  *body.add_tables() = told(table);
  return body;
}

msg::AdminReply admin_state::backup_reply(const msg::BackupRecord& backup) const {
  msg::AdminReply body;
  body.set_now_ms(options.clock->unix_ms());
  auto& told = *body.add_backups();
  told = backup;
  told.clear_parts();
  return body;
}

void admin_state::reply(const asker& to, msg::AdminReply body) {
  auto parcel = to.head;
  *parcel.mutable_admin_reply() = std::move(body);
  post(to.node, std::move(parcel));
}

void admin_state::reply_map(const asker& to, msg::MapReply body) {
  auto parcel = to.head;
  *parcel.mutable_map_reply() = std::move(body);
  post(to.node, std::move(parcel));
}

} // namespace troupe::admin
