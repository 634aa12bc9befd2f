#include "actors/host/commands/archive_wait.h"
#include <algorithm>

namespace troupe::commands {

namespace {

constexpr std::int64_t heard_ms = 3'000; // of a node, so that its word counts

// Who leads the group and holds its lease, so that what it has committed is all that was ever acknowledged;
// nullptr: nobody is known to.
const msg::ReplicaReport* leader_of(const msg::AdminReply& cluster, std::uint64_t group) {
  for (const auto& node : cluster.nodes())
    for (const auto& replica : node.replicas())
      if (replica.group() == group && replica.leads() && replica.serving() && node.heard_ms_ago() >= 0 &&
          node.heard_ms_ago() < heard_ms)
        return &replica;
  return nullptr;
}

} // namespace

archive_wait::archive_wait(const std::vector<std::uint64_t>& groups) {
  for (auto group : groups)
    parts_[group];
}

void archive_wait::holds_younger(std::uint64_t group) {
  parts_.at(group).there = true;
}

// Behind what is archived there may be no-ops, which nobody archives for their own sake: then the archiver
// must have heard of the entry that is wanted, and know of nothing else that is not archived.
void archive_wait::look(const msg::AdminReply& status, std::chrono::milliseconds elapsed) {
  for (auto& [group, one] : parts_) {
    if (one.there)
      continue;
    const auto* leader = leader_of(status, group);
    if (!leader) {
      one.why = " has no leader";
      continue;
    }
    if (!leader->has_archive()) {
      no_archive_ = true;
      return;
    }
    const auto& archive = leader->archive();
    if (one.wanted == 0 && elapsed >= news_are_new)
      one.wanted = leader->commit();
    auto all = archive.behind_bytes() == 0 && archive.heard() >= one.wanted;
    one.there = one.wanted != 0 && archive.archived() != 0 && (archive.archived() >= one.wanted || all);
    one.reaches = std::min(one.wanted, archive.archived());
    one.why = ": its log is archived up to entry " + std::to_string(archive.archived()) +
              (archive.alarm().empty() ? "" : ", " + archive.alarm());
  }
}

bool archive_wait::done() const {
  return std::all_of(parts_.begin(), parts_.end(), [](auto& one) { return one.second.there; });
}

std::string archive_wait::behind() const {
  for (auto& [group, one] : parts_)
    if (!one.there)
      return "partition " + std::to_string(group) + one.why;
  return {};
}

} // namespace troupe::commands
