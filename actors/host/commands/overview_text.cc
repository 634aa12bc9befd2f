// How the overview looks: tables for people, JSON for programs.
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/overview.h"
#include "actors/host/commands/table.h"
#include <algorithm>
#include <set>

namespace troupe::commands {

namespace {

constexpr std::size_t partitions_shown = 32; // without being asked for all

std::string plural(std::size_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::string head_line(const overview& o, const terminal& t) {
  std::set<std::string> zones;
  std::size_t alive = 0;
  for (const auto& node : o.nodes) {
    zones.insert(node.zone);
    alive += node.alive;
  }
  std::size_t led = 0;
  for (const auto& partition : o.partitions)
    led += !partition.leader.empty();
  auto line = std::to_string(alive) + " of " + plural(o.nodes.size(), "node") + " in " +
              plural(zones.size(), "zone") + ", " + plural(o.tables.size(), "table") + ", " +
              std::to_string(led) + " of " + plural(o.partitions.size(), "partition") + " with a leader";
  return (o.healthy() ? t.green("All is well") : t.yellow("Not all is well")) + ": " + line + "\n";
}

std::string nodes_text(const overview& o, const terminal& t) {
  text_table table({{"NODE"},
                    {"ZONE"},
                    {"ADDRESS"},
                    {"STATE"},
                    {"REPLICAS", true},
                    {"LEADS", true},
                    {"LAG", true},
                    {"USED", true},
                    {"FREE", true},
                    {"UP", true},
                    {"VERSION"}});
  std::string troubles;
  for (const auto& node : o.nodes) {
    auto state = node.state();
    auto known = node.heard_ms_ago >= 0;
    table.add({node.name,
               node.zone,
               node.address,
               {state, state == "ok" ? tone::good
                       : node.alive  ? tone::warn
                                     : tone::bad},
               std::to_string(node.replicas),
               std::to_string(node.leads),
               {std::to_string(node.lag), node.lag > 0 ? tone::plain : tone::dim},
               known ? people_size(node.disk_used_bytes) : "-",
               known ? people_size(node.disk_free_bytes) : "-",
               node.alive ? people_age(node.up_ms) : "-",
               node.version.empty() ? "-" : node.version});
    for (const auto& trouble : node.troubles)
      troubles += "  " + t.yellow(printable(node.name)) + ": " + printable(trouble) + "\n";
  }
  return table.text(t) + troubles;
}

std::string tables_text(const overview& o, const terminal& t) {
  text_table table({{"TABLE"},
                    {"KEYS"},
                    {"STATE"},
                    {"PARTITIONS", true},
                    {"HEALTHY", true},
                    {"ITEMS", true},
                    {"SIZE", true}});
  for (const auto& one : o.tables)
    table.add({one.name,
               to_text(one.keys),
               {to_text(one.state), one.state == msg::TABLE_ACTIVE ? tone::good : tone::warn},
               std::to_string(one.partitions),
               {std::to_string(one.healthy_partitions),
                one.healthy_partitions == one.partitions ? tone::plain : tone::bad},
               std::to_string(one.items),
               people_size(one.items_bytes)});
  return table.text(t);
}

std::string members_text(const partition_view& partition) {
  std::string result;
  for (const auto& member : partition.members) {
    result += result.empty() ? "" : " ";
    result += member.node;
    result += member.kind == msg::LOG_REPLICA ? "(log)" : member.kind == msg::LEARNER ? "(learner)" : "";
    result += member.runs ? "" : "!";
  }
  return result;
}

std::string partitions_text(const overview& o, const terminal& t, bool every_one) {
  auto all = every_one || o.partitions.size() <= partitions_shown;
  auto archives = std::any_of(o.partitions.begin(), o.partitions.end(), [](auto& p) { return p.archives; });
  std::vector<text_table::column> columns{{"PARTITION", true}, {"TABLE"},     {"LEADER"},     {"MEMBERS"},
                                          {"COMMIT", true},    {"LAG", true}, {"SIZE", true}, {"STATE"}};
  if (archives)
    columns.push_back({"NOT ARCHIVED", true});
  text_table table(std::move(columns));
  std::string troubles;
  std::size_t left_out = 0;
  for (const auto& one : o.partitions) {
    if (!all && one.healthy() && one.archive_alarms.empty()) {
      ++left_out;
      continue;
    }
    std::vector<cell> row{
        std::to_string(one.group),
        {one.table.empty() ? "(metadata)" : one.table, one.table.empty() ? tone::dim : tone::plain},
        one.leader.empty() ? "-" : one.leader,
        members_text(one),
        std::to_string(one.commit),
        {std::to_string(one.lag), one.lag > 0 ? tone::plain : tone::dim},
        people_size(one.items_bytes),
        {one.state(), one.healthy()        ? tone::good
                      : one.leader.empty() ? tone::bad
                                           : tone::warn}};
    if (archives)
      row.push_back({one.archives ? people_size(one.archive_behind_bytes) : "-",
                     one.archive_alarms.empty() ? tone::plain : tone::bad});
    table.add(std::move(row));
    for (const auto& alarm : one.archive_alarms)
      troubles += "  " + t.yellow("archive of partition " + std::to_string(one.group)) + ": " +
                  printable(alarm) + "\n";
    for (const auto& member : one.members)
      if (!member.runs)
        troubles += "  " +
                    t.yellow("partition " + std::to_string(one.group) + " on " + printable(member.node)) +
                    ": " + printable(member.trouble) + "\n";
  }
  std::string result = table.empty() ? "" : table.text(t) + troubles;
  if (left_out > 0)
    result += t.dim(plural(left_out, "healthy partition") + " not listed; --partitions lists all") + "\n";
  return result;
}

std::string healing_text(const overview& o, const terminal& t) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& one : o.healing) {
    if (++shown > partitions_shown) {
      text += t.dim("and " + plural(o.healing.size() - partitions_shown, "more partition")) + "\n";
      break;
    }
    text += "partition " + std::to_string(one.group) + " (" +
            (one.table.empty() ? "metadata" : printable(one.table)) +
            ") is not whole: " + t.yellow(printable(one.step)) +
            (one.why.empty() ? "" : "; " + printable(one.why)) + "\n";
  }
  return text;
}

void write_members(json_writer& json, const partition_view& partition) {
  json.key("members").begin_array();
  for (const auto& member : partition.members) {
    json.begin_object();
    json.key("node").text(member.node).key("zone").text(member.zone);
    json.key("kind").text(member.kind == msg::LOG_REPLICA ? "log"
                          : member.kind == msg::LEARNER   ? "learner"
                                                          : "storage");
    json.key("runs").boolean(member.runs).key("applied").number(member.applied).key("lag").number(member.lag);
    json.key("trouble").text(member.trouble).end_object();
  }
  json.end_array();
}

} // namespace

std::string to_text(const overview& o, const terminal& t, bool every_partition) {
  auto text = head_line(o, t);
  if (!o.nodes.empty())
    text += "\n" + nodes_text(o, t);
  if (!o.tables.empty())
    text += "\n" + tables_text(o, t);
  if (auto partitions = partitions_text(o, t, every_partition); !partitions.empty())
    text += "\n" + partitions;
  if (!o.healing.empty())
    text += "\n" + healing_text(o, t);
  if (o.paused)
    text += "\n" + pause_text(o, t);
  return text;
}

std::string pause_text(const overview& o, const terminal& t) {
  if (!o.paused)
    return {};
  const auto& pause = *o.paused;
  return t.yellow("Healing was stopped " + people_age(pause.for_ms) + " ago") + " by " +
         (pause.who.empty() ? "somebody" : printable(pause.who)) +
         (pause.why.empty() ? "" : ": " + printable(pause.why)) + "; troupe heal --resume lets it go on\n";
}

void write_healing(json_writer& json, const overview& o) {
  json.key("healing_paused");
  if (o.paused)
    json.begin_object()
        .key("for_ms")
        .number(o.paused->for_ms)
        .key("who")
        .text(o.paused->who)
        .key("why")
        .text(o.paused->why)
        .end_object();
  else
    json.null();
  json.key("healing").begin_array();
  for (const auto& one : o.healing) {
    json.begin_object().key("group").number(one.group).key("table").text(one.table);
    json.key("step").text(one.step).key("why").text(one.why).key("sound_voters").number(one.sound_voters);
    json.key("ailing_ms").number(one.ailing_ms);
    json.key("bytes").number(one.bytes).key("bytes_total").number(one.bytes_total).end_object();
  }
  json.end_array();
}

std::string to_json(const overview& o) {
  json_writer json;
  json.begin_object().key("healthy").boolean(o.healthy());
  json.key("nodes").begin_array();
  for (const auto& node : o.nodes) {
    json.begin_object();
    json.key("name").text(node.name).key("zone").text(node.zone).key("address").text(node.address);
    json.key("state").text(node.state()).key("alive").boolean(node.alive);
    json.key("heard_ms_ago").number(node.heard_ms_ago).key("up_ms").number(node.up_ms);
    json.key("version").text(node.version);
    json.key("replicas").number(node.replicas).key("leads").number(node.leads).key("lag").number(node.lag);
    json.key("disk_used_bytes")
        .number(node.disk_used_bytes)
        .key("disk_free_bytes")
        .number(node.disk_free_bytes);
    json.key("full").boolean(node.full).key("troubles").begin_array();
    for (const auto& trouble : node.troubles)
      json.text(trouble);
    json.end_array().end_object();
  }
  json.end_array().key("tables").begin_array();
  for (const auto& table : o.tables) {
    json.begin_object();
    json.key("name")
        .text(table.name)
        .key("keys")
        .text(to_text(table.keys))
        .key("state")
        .text(to_text(table.state));
    json.key("partitions")
        .number(table.partitions)
        .key("healthy_partitions")
        .number(table.healthy_partitions);
    json.key("items").number(table.items).key("items_bytes").number(table.items_bytes).end_object();
  }
  json.end_array().key("partitions").begin_array();
  for (const auto& one : o.partitions) {
    json.begin_object();
    json.key("group").number(one.group).key("table").text(one.table).key("state").text(one.state());
    json.key("leader");
    one.leader.empty() ? json.null() : json.text(one.leader);
    json.key("epoch").number(one.epoch).key("commit").number(one.commit).key("lag").number(one.lag);
    json.key("items").number(one.items).key("items_bytes").number(one.items_bytes);
    if (one.archives) {
      json.key("archived").number(one.archived).key("archive_behind_bytes").number(one.archive_behind_bytes);
      json.key("archive_alarms").begin_array();
      for (const auto& alarm : one.archive_alarms)
        json.text(alarm);
      json.end_array();
    }
    write_members(json, one);
    json.end_object();
  }
  json.end_array();
  write_healing(json, o);
  json.end_object();
  return json.result() + "\n";
}

} // namespace troupe::commands
