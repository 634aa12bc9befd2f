#include "actors/agent/formation.h"
#include "actors/agent/roster.h"
#include <algorithm>

namespace troupe::agent {

formation::formation(std::vector<metadata_node> nodes, std::string self, std::uint64_t disk)
    : nodes_(std::move(nodes)), self_(std::move(self)), disk_(disk) {
  std::sort(nodes_.begin(), nodes_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

formation::step formation::heard(const std::string& node, const msg::FormReply& answer) {
  if (answer.formed())
    return consider(answer.configuration());
  fresh_[node] = answer.disk();
  if (!founder() || fresh_.size() + 1 < nodes_.size())
    return {};
  msg::Configuration first;
  first.set_epoch(1);
  for (const auto& one : nodes_) {
    auto& member = *first.add_members();
    member.set_id(static_cast<std::uint64_t>(first.members_size()));
    member.set_kind(msg::STORAGE_REPLICA);
    member.set_node(one.name);
    member.set_zone(one.zone);
    member.set_disk(one.name == self_ ? disk_ : fresh_.at(one.name));
  }
  return {first, {}};
}

void formation::lost(const std::string& node) {
  fresh_.erase(node);
}

formation::step formation::told(const msg::Configuration& configuration) const {
  return consider(configuration);
}

formation::step formation::consider(const msg::Configuration& configuration) const {
  if (member_here(configuration, self_, disk_))
    return {configuration, {}};
  for (const auto& member : configuration.members())
    if (member.node() == self_)
      return {
          {},
          "the metadata group has this node as a member on another data directory, which is gone; it must "
          "be replaced under a new identity"};
  return {{}, "the metadata group has formed without this node"};
}

std::vector<std::string> formation::whom_to_ask() const {
  std::vector<std::string> result;
  for (const auto& one : nodes_)
    if (one.name != self_)
      result.push_back(one.name);
  return result;
}

std::string formation::waiting_for() const {
  if (!founder())
    return "waiting for node " + nodes_.front().name + " to found the metadata group";
  std::string text;
  for (const auto& one : whom_to_ask())
    if (fresh_.count(one) == 0)
      text += (text.empty() ? "founding the metadata group: waiting for node " : ", ") + one;
  return text;
}

} // namespace troupe::agent
