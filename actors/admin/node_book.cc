#include "actors/admin/node_book.h"
#include <algorithm>
#include <utility>

namespace troupe::admin {

bool node_book::attend(std::int64_t now_us) {
  auto before = std::exchange(attended_us_, now_us);
  if (before == 0 || now_us - before < alive_us_)
    return true;
  clear();
  return false;
}

bool node_book::take(const msg::NodeReport& report, std::int64_t now_us) {
  auto& on = pages_[report.node()];
  bool first = report.base() == 0;
  bool known = on.whole && on.head.run() == report.run() && report.base() <= on.head.sequence();
  auto late = on.head.run() == report.run() && report.sequence() <= on.head.sequence();
  if (late)
    return true; // overtaken by a newer one
  on.heard_us = now_us;
  if (on.head.disk() != report.disk())
    other_directories_.insert(report.node());
  on.head = report;
  on.head.clear_replicas();
  on.head.clear_gone();
  if (!first && !known) {
    on.head.set_sequence(0); // nothing of it counts as known
    on.whole = false;
    return false;
  }
  if (first) {
    std::set<std::uint64_t> told;
    for (const auto& replica : report.replicas())
      told.insert(replica.group());
    std::vector<std::uint64_t> untold;
    for (const auto& [group, replica] : on.replicas)
      if (told.count(group) == 0)
        untold.push_back(group);
    for (auto group : untold)
      drop(on, report.node(), group);
    on.whole = true;
  }
  for (auto group : report.gone())
    drop(on, report.node(), group);
  for (const auto& replica : report.replicas())
    put(on, report.node(), replica, now_us);
  return true;
}

void node_book::put(page& on, const std::string& node, const msg::ReplicaReport& replica,
                    std::int64_t now_us) {
  auto group = replica.group();
  if (replica.leads() && replica.serving()) {
    servers_[group] = node;
    watch(replica, now_us);
  } else if (auto it = servers_.find(group); it != servers_.end() && it->second == node) {
    servers_.erase(it);
  }
  if (replica.has_configuration())
    note_committed(group, replica.configuration());
  changed_.insert(group);
  auto& holders = holders_[group];
  if (std::find(holders.begin(), holders.end(), node) == holders.end())
    holders.push_back(node);
  on.replicas[group] = replica;
  on.told_us[group] = now_us;
  if (runs(replica))
    on.idle_us.erase(group);
  else
    on.idle_us.try_emplace(group, now_us);
}

// A report comes when something has changed, so what was said last is so until the next one.
void node_book::watch(const msg::ReplicaReport& leader, std::int64_t now_us) {
  auto& before = watched_[leader.group()];
  std::map<std::uint64_t, attendance> now;
  for (const auto& said : leader.members()) {
    auto known = before.find(said.member());
    auto line = known == before.end() ? attendance{} : known->second;
    if (said.silent()) {
      bool has_answered = said.heard_ms_ago() >= 0; // this leader; otherwise what the one before said holds
      auto answered = now_us - said.heard_ms_ago() * 1000;
      bool anew = line.since_us == 0 || (has_answered && answered > line.since_us);
      if (anew) {
        line.since_us = line.since_us == 0 ? now_us : answered;
        line.answered_us = has_answered ? answered : now_us;
      }
      line.stays_us = line.steady_us = 0;
    } else {
      bool gets = said.level() || line.stays_us == 0 || said.match() != line.match;
      auto stays = said.level() ? 0 : gets ? now_us : line.stays_us;
      line = {0, now_us, line.steady_us == 0 ? now_us : line.steady_us, stays, said.match()};
    }
    now.emplace(said.member(), line);
  }
  before = std::move(now);
}

const node_book::attendance* node_book::attendance_of(std::uint64_t group, std::uint64_t member) const {
  auto it = watched_.find(group);
  if (it == watched_.end())
    return nullptr;
  auto line = it->second.find(member);
  return line == it->second.end() ? nullptr : &line->second;
}

std::int64_t node_book::told_us(const std::string& node, std::uint64_t group) const {
  const auto* on = find(node);
  auto it = on ? on->told_us.find(group) : decltype(on->told_us.begin()){};
  return on && it != on->told_us.end() ? it->second : 0;
}

std::int64_t node_book::idle_us(const std::string& node, std::uint64_t group) const {
  const auto* on = find(node);
  auto it = on ? on->idle_us.find(group) : decltype(on->idle_us.begin()){};
  return on && it != on->idle_us.end() ? it->second : 0;
}

bool node_book::runs(const msg::ReplicaReport& replica) {
  return replica.epoch() > 0 && replica.trouble().empty() && replica.damage().empty() && !replica.retired();
}

const msg::Configuration* node_book::committed_of(std::uint64_t group) const {
  auto it = committed_.find(group);
  return it == committed_.end() ? nullptr : &it->second;
}

void node_book::note_committed(std::uint64_t group, const msg::Configuration& configuration) {
  auto& known = committed_[group];
  if (configuration.epoch() <= known.epoch())
    return;
  known = configuration;
  changed_.insert(group);
}

void node_book::drop(page& on, const std::string& node, std::uint64_t group) {
  if (on.replicas.erase(group) == 0)
    return;
  on.told_us.erase(group);
  on.idle_us.erase(group);
  changed_.insert(group);
  if (auto it = servers_.find(group); it != servers_.end() && it->second == node)
    servers_.erase(it);
  auto& holders = holders_[group];
  std::erase(holders, node);
  if (!holders.empty())
    return;
  holders_.erase(group); // nobody has anything of it: there is nothing to remember
  committed_.erase(group);
  watched_.erase(group);
}

const std::vector<std::string>& node_book::holders(std::uint64_t group) const {
  static const std::vector<std::string> nobody;
  auto it = holders_.find(group);
  return it == holders_.end() ? nobody : it->second;
}

const node_book::page* node_book::find(const std::string& node) const {
  auto it = pages_.find(node);
  return it == pages_.end() ? nullptr : &it->second;
}

bool node_book::alive(const std::string& node, std::int64_t now_us) const {
  const auto* on = find(node);
  return on && now_us - on->heard_us < alive_us_;
}

const std::string* node_book::server_of(std::uint64_t group) const {
  auto it = servers_.find(group);
  return it == servers_.end() ? nullptr : &it->second;
}

const msg::ReplicaReport* node_book::newest_of(std::uint64_t group) const {
  if (const auto* server = server_of(group))
    return &pages_.at(*server).replicas.at(group);
  const msg::ReplicaReport* best = nullptr;
  for (const auto& [node, on] : pages_) {
    auto it = on.replicas.find(group);
    bool runs = it != on.replicas.end() && it->second.kind() != msg::LOG_REPLICA && it->second.epoch() > 0;
    if (runs && (!best || it->second.applied() > best->applied()))
      best = &it->second;
  }
  return best;
}

bool node_book::may_hold(const std::string& node, std::uint64_t group) const {
  const auto* on = find(node);
  return !on || !on->whole || on->replicas.count(group) > 0;
}

void node_book::clear() {
  pages_.clear();
  servers_.clear();
  committed_.clear();
  watched_.clear();
  holders_.clear();
  changed_.clear();
  other_directories_.clear();
}

} // namespace troupe::admin
