// What the metadata leader says of a group, for tests of healing.
#pragma once
#include "tests/cluster/harness.h"
#include <map>
#include <string>

namespace troupe::cluster_test {

struct seen_group {
  msg::Configuration configuration;
  std::map<std::string, msg::ReplicaReport> replicas; // by node, of those that are heard
  bool ailing = false;
  std::string step; // what is done about it, and why

  unsigned count(msg::MemberKind kind) const {
    unsigned n = 0;
    for (const auto& m : configuration.members())
      n += m.kind() == kind;
    return n;
  }
};

inline seen_group look(cluster& nodes, std::uint64_t group) {
  seen_group seen;
  auto status = nodes.admin().call(client::cluster_status{});
  if (!status.ok())
    return seen;
  for (const auto& p : status.cluster.partitions())
    if (p.group() == group)
      seen.configuration = p.configuration();
  for (const auto& n : status.cluster.nodes())
    for (const auto& r : n.replicas())
      if (r.group() == group && n.heard_ms_ago() >= 0 && n.heard_ms_ago() < 3000)
        seen.replicas[n.node()] = r;
  for (const auto& g : status.cluster.healing().groups())
    if (g.group() == group) {
      seen.ailing = true;
      seen.step = msg::AilingGroup::Step_Name(g.step()) + ": " + g.why();
    }
  return seen;
}

inline bool has_member(const seen_group& seen, const std::string& node) {
  for (const auto& m : seen.configuration.members())
    if (m.node() == node)
      return true;
  return false;
}

// So many voters whose nodes are heard of and follow somebody, of which so many are log replicas, and have
// all configurations.
inline bool votes(const seen_group& seen, unsigned voters_wanted, unsigned logs_wanted) {
  unsigned voters = 0, logs = 0;
  for (const auto& m : seen.configuration.members()) {
    auto it = seen.replicas.find(m.node());
    if (m.kind() == msg::LEARNER || it == seen.replicas.end() || it->second.member() != m.id())
      continue;
    ++voters;
    logs += m.kind() == msg::LOG_REPLICA && it->second.epoch() == seen.configuration.epoch() &&
            it->second.leader() != 0;
  }
  return voters >= voters_wanted && logs >= logs_wanted;
}

inline bool whole(const seen_group& seen) {
  bool all = seen.count(msg::STORAGE_REPLICA) == 3 && seen.configuration.members_size() == 3 && !seen.ailing;
  for (const auto& m : seen.configuration.members()) {
    auto it = seen.replicas.find(m.node());
    all = all && it != seen.replicas.end() && it->second.member() == m.id() && it->second.trouble().empty() &&
          it->second.leader() != 0;
  }
  return all;
}

} // namespace troupe::cluster_test
