#include "actors/host/commands/scrubbing.h"
#include "actors/host/commands/json_writer.h"
#include "actors/host/commands/table.h"
#include <algorithm>
#include <map>
#include <tuple>

namespace troupe::commands {

namespace {

std::string age(const scrubbing& s, std::int64_t at_ms) {
  return at_ms == 0 ? "not yet" : people_age(std::max<std::int64_t>(s.now_ms - at_ms, 0));
}

const scrubbed_view* same_replica(const scrubbing& in, const scrubbed_view& one) {
  for (const auto& other : in.replicas)
    if (other.group == one.group && other.node == one.node)
      return &other;
  return nullptr;
}

// By group, the newest time that a member of it says.
std::map<std::uint64_t, std::int64_t> newest(const scrubbing& s,
                                             std::int64_t (msg::ScrubReport::*said)() const) {
  std::map<std::uint64_t, std::int64_t> times;
  for (const auto& one : s.replicas) {
    auto& at = times[one.group];
    at = std::max(at, (one.scrub.*said)());
  }
  return times;
}

// In all the comparisons that members of a group have led.
std::map<std::uint64_t, std::int64_t> compared_ms(const scrubbing& s) {
  return newest(s, &msg::ScrubReport::compared_ms);
}

bool read_since(const scrubbing& before, const scrubbed_view& one) {
  const auto* earlier = same_replica(before, one);
  return one.scrub.pass_ms() != 0 && (!earlier || one.scrub.pass_ms() != earlier->scrub.pass_ms());
}

} // namespace

scrubbing make_scrubbing(const msg::AdminReply& reply, const std::string& table) {
  scrubbing result;
  result.now_ms = reply.now_ms();
  std::map<std::uint64_t, std::string> tables;
  for (const auto& partition : reply.partitions())
    tables[partition.group()] = partition.table();
  for (const auto& node : reply.nodes())
    for (const auto& replica : node.replicas()) {
      if (replica.retired())
        continue;
      const auto of = tables.find(replica.group());
      const std::string name = of == tables.end() ? std::string() : of->second;
      if (table.empty() || table == name)
        result.replicas.push_back({name, replica.group(), node.node(), replica.leads(), replica.scrub()});
    }
  auto place = [](const scrubbed_view& v) { return std::tie(v.table, v.group, v.node); };
  std::sort(result.replicas.begin(), result.replicas.end(),
            [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return result;
}

bool scrubbing::clean() const {
  return std::none_of(replicas.begin(), replicas.end(), [](const scrubbed_view& one) {
    return one.scrub.findings() > 0 || !one.scrub.archive().empty();
  });
}

bool scrubbing::done_since(const scrubbing& before) const {
  const auto earlier = compared_ms(before);
  for (const auto& [group, at] : compared_ms(*this)) {
    auto it = earlier.find(group);
    if (at == 0 || (it != earlier.end() && it->second == at))
      return false;
  }
  return !replicas.empty() && std::all_of(replicas.begin(), replicas.end(),
                                          [&](const scrubbed_view& one) { return read_since(before, one); });
}

std::string to_text(const scrubbing& s, const terminal& t) {
  if (s.replicas.empty())
    return "nothing is kept there\n";
  const auto compared = compared_ms(s);
  const auto proved = newest(s, &msg::ScrubReport::proved_ms);
  text_table table({{"TABLE"},
                    {"PARTITION", true},
                    {"NODE"},
                    {"READ", true},
                    {"COMPARED", true},
                    {"PROVED", true},
                    {"READING", true},
                    {"FOUND", true},
                    {"REPAIRED", true}});
  std::string found;
  for (const auto& one : s.replicas) {
    const bool bad = one.scrub.findings() > 0;
    table.add({one.table.empty() ? "(metadata)" : one.table,
               std::to_string(one.group),
               one.node,
               age(s, one.scrub.pass_ms()),
               one.leads ? age(s, compared.at(one.group)) : "",
               one.leads ? age(s, proved.at(one.group)) : "",
               one.scrub.progress() == 0 ? "" : std::to_string(one.scrub.progress() / 10) + " %",
               {std::to_string(one.scrub.findings()), bad ? tone::bad : tone::plain},
               std::to_string(one.scrub.repairs())});
    const auto where = "partition " + std::to_string(one.group) + " on " + printable(one.node) + ": ";
    if (bad)
      found += where + t.yellow(printable(one.scrub.finding())) + "\n";
    if (!one.scrub.archive().empty())
      found += where + "its archive: " + t.yellow(printable(one.scrub.archive())) + "\n";
  }
  return table.text(t) + (found.empty() ? "" : "\n" + found);
}

std::string progress_line(const scrubbing& s, const scrubbing& before) {
  std::size_t read = 0;
  for (const auto& one : s.replicas)
    read += read_since(before, one);
  return std::to_string(read) + " of " + std::to_string(s.replicas.size()) + " replicas read";
}

std::string to_json(const scrubbing& s) {
  json_writer json;
  json.begin_object().key("clean").boolean(s.clean());
  json.key("replicas").begin_array();
  for (const auto& one : s.replicas) {
    json.begin_object();
    json.key("table").text(one.table).key("partition").number(one.group).key("node").text(one.node);
    json.key("leads").boolean(one.leads);
    json.key("read_ms").number(one.scrub.pass_ms()).key("compared_ms").number(one.scrub.compared_ms());
    json.key("progress").number(static_cast<std::uint64_t>(one.scrub.progress()));
    json.key("findings").number(one.scrub.findings()).key("repairs").number(one.scrub.repairs());
    json.key("finding").text(one.scrub.finding());
    json.key("proved_ms").number(one.scrub.proved_ms()).key("archive_read_ms").number(one.scrub.archive_ms());
    json.key("archive").text(one.scrub.archive()).end_object();
  }
  json.end_array().end_object();
  return json.result() + "\n";
}

} // namespace troupe::commands
