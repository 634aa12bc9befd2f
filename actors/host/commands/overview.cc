#include "actors/host/commands/overview.h"
#include "actors/host/commands/table.h"
#include "actors/wire/mail.h"
#include "config/limits.h"
#include <algorithm>
#include <map>
#include <set>

namespace troupe::commands {

namespace {

using reports = std::map<std::string, const msg::ReplicaReport*>; // of one group, by node

node_view view_of(const msg::NodeReport& report, std::int64_t now_ms) {
  node_view node;
  node.name = report.node();
  node.zone = report.zone();
  node.address = report.address();
  node.version = report.version();
  node.heard_ms_ago = report.heard_ms_ago();
  node.alive = report.heard_ms_ago() >= 0 && report.heard_ms_ago() <= limits::node_alive_ms;
  node.up_ms = report.started_ms() > 0 ? std::max<std::int64_t>(now_ms - report.started_ms(), 0) : 0;
  node.full = report.full();
  node.disk_used_bytes = report.disk_used_bytes();
  node.disk_free_bytes = report.disk_free_bytes();
  node.troubles.assign(report.troubles().begin(), report.troubles().end());
  for (const auto& replica : report.replicas()) {
    if (replica.retired())
      continue;
    ++node.replicas;
    node.leads += node.alive && replica.leads() && replica.serving();
    node.lag = std::max(node.lag, replica.lag());
  }
  return node;
}

member_view view_of(const std::string& node, const msg::ReplicaReport* report, bool alive) {
  member_view member;
  member.node = node;
  if (report != nullptr) {
    member.kind = report->kind();
    member.applied = report->applied();
    member.lag = report->lag();
    member.trouble = report->trouble();
  }
  if (!alive)
    member.trouble = "its node is not heard of";
  else if (report == nullptr)
    member.trouble = "not started yet";
  member.runs = member.trouble.empty();
  return member;
}

partition_view view_of(std::uint64_t group, const std::string& table, const msg::Configuration& configuration,
                       const reports& said, const std::map<std::string, bool>& alive) {
  partition_view partition;
  partition.group = group;
  partition.table = table;
  partition.epoch = configuration.epoch();
  auto is_alive = [&](const std::string& node) { return alive.count(node) > 0 && alive.at(node); };
  auto add = [&](const std::string& node, const std::string& zone, msg::MemberKind kind) {
    auto report = said.find(node);
    auto member = view_of(node, report == said.end() ? nullptr : report->second, is_alive(node));
    member.zone = zone;
    member.kind = kind;
    partition.members.push_back(std::move(member));
  };
  for (const auto& member : configuration.members())
    add(member.node(), member.zone(), member.kind());
  if (configuration.members_size() == 0) // nobody has said who belongs to it
    for (const auto& [node, report] : said)
      add(node, "", report->kind());
  std::uint64_t ballot = 0; // a leader of old may not have noticed yet
  for (const auto& [node, report] : said) {
    partition.commit = std::max(partition.commit, report->commit());
    partition.epoch = std::max(partition.epoch, report->epoch());
    partition.items_bytes = std::max(partition.items_bytes, report->items_bytes());
    if (report->has_archive()) {
      partition.archives = true;
      partition.archived = std::max(partition.archived, report->archive().archived());
      if (is_alive(node) && !report->archive().alarm().empty())
        partition.archive_alarms.push_back(node + ": " + report->archive().alarm());
      if (partition.leader.empty())
        partition.archive_behind_bytes =
            std::max(partition.archive_behind_bytes, report->archive().behind_bytes());
    }
    if (is_alive(node) && report->leads() && report->serving() && report->ballot().round() >= ballot) {
      ballot = report->ballot().round();
      partition.leader = node;
      partition.items = report->items();
      partition.archive_behind_bytes = report->archive().behind_bytes();
    }
  }
  for (const auto& member : partition.members)
    if (member.runs)
      partition.lag = std::max(partition.lag, member.lag);
  return partition;
}

} // namespace

std::size_t partition_view::running() const {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [](const member_view& m) { return m.runs; }));
}

std::string partition_view::state() const {
  if (leader.empty())
    return "no leader";
  if (running() < members.size())
    return std::to_string(running()) + " of " + std::to_string(members.size()) + " members";
  return "ok";
}

std::string node_view::state() const {
  if (heard_ms_ago < 0)
    return "not heard of";
  if (!alive)
    return "silent for " + people_age(heard_ms_ago);
  if (full)
    return "disk full";
  return troubles.empty() ? "ok" : "trouble";
}

bool overview::healthy() const {
  return healing.empty() &&
         std::all_of(nodes.begin(), nodes.end(), [](const node_view& n) { return n.state() == "ok"; }) &&
         std::all_of(partitions.begin(), partitions.end(),
                     [](const partition_view& p) { return p.healthy() && p.archive_alarms.empty(); });
}

namespace {

healing_view view_of(const msg::AilingGroup& ailing) {
  healing_view shown;
  shown.group = ailing.group();
  shown.table = ailing.table();
  shown.why = ailing.why();
  shown.sound_voters = ailing.sound_voters();
  shown.ailing_ms = ailing.ailing_ms();
  shown.bytes = ailing.bytes();
  shown.bytes_total = ailing.bytes_total();
  switch (ailing.step()) {
  case msg::AilingGroup::CHANGING:
    shown.step = "changing members";
    break;
  case msg::AilingGroup::REBUILDING:
    shown.step = "rebuilding on " + ailing.node();
    if (ailing.bytes_total() > 1)
      shown.step += ": " + people_size(std::min(ailing.bytes(), ailing.bytes_total())) + " of " +
                    people_size(ailing.bytes_total());
    break;
  case msg::AilingGroup::STUCK:
    shown.step = "stuck";
    break;
  default:
    shown.step = "waiting";
  }
  return shown;
}

// The metadata group is no table's, so its record is not among those of partitions; its leader says who is in
// it.
msg::Configuration told_by_leader(const reports& said) {
  msg::Configuration newest;
  for (const auto& [node, report] : said)
    if (report->configuration().epoch() > newest.epoch())
      newest = report->configuration();
  return newest;
}

} // namespace

overview make_overview(const msg::AdminReply& reply) {
  overview result;
  std::map<std::uint64_t, reports> by_group;
  std::map<std::string, bool> alive;
  for (const auto& report : reply.nodes()) {
    result.nodes.push_back(view_of(report, reply.now_ms()));
    alive[report.node()] = result.nodes.back().alive;
    for (const auto& replica : report.replicas())
      if (!replica.retired())
        by_group[replica.group()][report.node()] = &replica;
  }
  for (const auto& ailing : reply.healing().groups())
    result.healing.push_back(view_of(ailing));
  if (const auto& healing = reply.healing(); healing.has_pause())
    result.paused = pause_view{std::max<std::int64_t>(reply.now_ms() - healing.pause().since_ms(), 0),
                               healing.pause().who(), healing.pause().why()};
  std::map<std::string, table_view> tables;
  for (const auto& record : reply.tables()) {
    auto& table = tables[record.name()];
    table.name = record.name();
    table.keys = record.keys();
    table.state = record.state();
  }
  if (auto metadata = by_group.find(wire::metadata_group); metadata != by_group.end())
    result.partitions.push_back(
        view_of(wire::metadata_group, "", told_by_leader(metadata->second), metadata->second, alive));
  for (const auto& record : reply.partitions()) {
    result.partitions.push_back(
        view_of(record.group(), record.table(), record.configuration(), by_group[record.group()], alive));
    auto& table = tables[record.table()];
    ++table.partitions;
    table.healthy_partitions += result.partitions.back().healthy();
    table.items_bytes += result.partitions.back().items_bytes;
    table.items += result.partitions.back().items;
  }
  for (auto& [name, table] : tables)
    result.tables.push_back(std::move(table));
  auto place = [](const node_view& n) { return std::tie(n.zone, n.name); };
  std::sort(result.nodes.begin(), result.nodes.end(),
            [&](const node_view& a, const node_view& b) { return place(a) < place(b); });
  auto order = [](const partition_view& p) { return std::tie(p.table, p.group); };
  std::sort(result.partitions.begin(), result.partitions.end(),
            [&](const partition_view& a, const partition_view& b) { return order(a) < order(b); });
  return result;
}

std::string to_text(const msg::KeySchema& keys) {
  auto one = [](const msg::KeyAttribute& key) {
    const char* type = key.type() == msg::KEY_TYPE_N ? "N" : key.type() == msg::KEY_TYPE_B ? "B" : "S";
    return key.name() + ":" + type;
  };
  return keys.has_sort() ? one(keys.partition()) + " " + one(keys.sort()) : one(keys.partition());
}

std::string to_text(msg::TableState state) {
  switch (state) {
  case msg::TABLE_CREATING:
    return "creating";
  case msg::TABLE_ACTIVE:
    return "active";
  case msg::TABLE_DELETING:
    return "deleting";
  default:
    return "unknown";
  }
}

} // namespace troupe::commands
