// What happens when something is gone for good: a node, a data directory, bytes of a file. The times are
// printed.
#include "tests/cluster/faults.h"
#include <algorithm>
#include <filesystem>
#include <fstream>

namespace troupe::cluster_test {
namespace {

// What the metadata leader says of a group.
struct seen_group {
  msg::Configuration configuration;
  std::map<std::string, msg::ReplicaReport> replicas; // by node
  bool ailing = false;

  unsigned count(msg::MemberKind kind) const {
    unsigned n = 0;
    for (const auto& m : configuration.members())
      n += m.kind() == kind;
    return n;
  }
};

seen_group look(cluster& nodes, std::uint64_t group) {
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
    seen.ailing = seen.ailing || g.group() == group;
  return seen;
}

// What nodes say is wrong with them as a whole.
std::string node_troubles(cluster& nodes) {
  auto status = nodes.admin().call(client::cluster_status{});
  if (!status.ok())
    return "no answer";
  std::string all;
  for (const auto& n : status.cluster.nodes())
    for (const auto& trouble : n.troubles())
      all += n.node() + ": " + trouble + "\n";
  return all;
}

bool has_member(const seen_group& seen, const std::string& node) {
  for (const auto& m : seen.configuration.members())
    if (m.node() == node)
      return true;
  return false;
}

// Three voters whose nodes are heard of, one of them a log replica that has all that was chosen.
bool third_vote(const seen_group& seen) {
  unsigned voters = 0, logs = 0;
  for (const auto& m : seen.configuration.members()) {
    auto it = seen.replicas.find(m.node());
    if (m.kind() == msg::LEARNER || it == seen.replicas.end() || it->second.member() != m.id())
      continue;
    ++voters;
    logs += m.kind() == msg::LOG_REPLICA && it->second.epoch() == seen.configuration.epoch() &&
            it->second.leader() != 0;
  }
  return voters == 3 && logs > 0;
}

bool whole(const seen_group& seen) {
  bool all = seen.count(msg::STORAGE_REPLICA) == 3 && seen.configuration.members_size() == 3 && !seen.ailing;
  for (const auto& m : seen.configuration.members()) {
    auto it = seen.replicas.find(m.node());
    all = all && it != seen.replicas.end() && it->second.member() == m.id() && it->second.trouble().empty() &&
          it->second.leader() != 0;
  }
  return all;
}

class Healing : public Faults {
protected:
  void change_settings(config::cluster& c) override {
    c.healing.silence_ms = 2'000;
    c.healing.grace_ms = grace_ms;
  }
  // In time the group is whole again with another member in the place of `lost`, on the same node.
  bool renewed(std::uint64_t of, const msg::Member& lost) {
    return eventually(milliseconds(60'000), [&] {
      auto seen = look(*nodes, of);
      const auto& members = seen.configuration.members();
      return whole(seen) && has_member(seen, lost.node()) &&
             std::none_of(members.begin(), members.end(), [&](const auto& m) { return m.id() == lost.id(); });
    });
  }
  // Kills the node of this member of the table's group.
  msg::Member strike(int i) {
    begin();
    progress();
    group = nodes->group_of_table("registers");
    auto struck = look(*nodes, group).configuration.members(i);
    nodes->kill(struck.node());
    return struck;
  }
  std::uint64_t group = 0;
  std::int64_t grace_ms = 4'000;
};

class HealingSixNodes : public Healing {
protected:
  int node_count() const override { return 6; }
};

TEST_F(HealingSixNodes, ANodeThatIsGoneForGoodIsReplacedUnderLoad) {
  begin();
  progress();
  group = nodes->group_of_table("registers");
  auto before = look(*nodes, group);
  ASSERT_EQ(before.configuration.members_size(), 3);
  auto lost = before.configuration.members(2).node();
  auto killed = steady_us();
  nodes->kill(lost);
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return third_vote(look(*nodes, group)); }))
      << look(*nodes, group).configuration.ShortDebugString();
  double third = static_cast<double>(steady_us() - killed) / 1e6;
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return whole(look(*nodes, group)); }))
      << look(*nodes, group).configuration.ShortDebugString();
  double full = static_cast<double>(steady_us() - killed) / 1e6;
  EXPECT_FALSE(has_member(look(*nodes, group), lost));
  std::printf(
      "node killed: a third voting copy after %.2f s (silence for 2 s is the detection), full after %.2f s "
      "(of which %.0f s of grace)\n",
      third, full, static_cast<double>(grace_ms) / 1000);
  EXPECT_LT(third, 2 + 3.0) << "from detection";
  EXPECT_LT(write_gap_ms(killed), 3'000);
  progress();
  judge();
}

TEST_F(HealingSixNodes, ANodeThatComesBackInTimeIsCaughtUpAndNotRebuilt) {
  grace_ms = 60'000;
  auto away = strike(2);
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return third_vote(look(*nodes, group)); }));
  progress();
  nodes->start(away.node());
  ASSERT_TRUE(eventually(milliseconds(30'000), [&] { return whole(look(*nodes, group)); }))
      << look(*nodes, group).configuration.ShortDebugString();
  bool same = false;
  auto after = look(*nodes, group);
  for (const auto& m : after.configuration.members())
    same = same || (m.id() == away.id() && m.node() == away.node());
  EXPECT_TRUE(same) << "as who it was";
  judge();
}

TEST_F(Healing, AWipedDataDirectoryIsFilledAgainUnderANewIdentity) {
  auto wiped = strike(2);
  std::filesystem::remove_all(nodes->settings().find(wiped.node())->data);
  nodes->start(wiped.node());
  ASSERT_TRUE(renewed(group, wiped)) << look(*nodes, group).configuration.ShortDebugString();
  // The metadata group had a member there, too.
  EXPECT_TRUE(eventually(milliseconds(60'000), [&] {
    auto seen = look(*nodes, metadata_group);
    auto it = seen.replicas.find(wiped.node());
    return !seen.ailing && it != seen.replicas.end() && it->second.kind() == msg::STORAGE_REPLICA &&
           it->second.leader() != 0;
  }));
  EXPECT_TRUE(eventually(milliseconds(20'000), [&] { return node_troubles(*nodes).empty(); }))
      << "nothing is wrong any more: " << node_troubles(*nodes);
  progress();
  // What it holds is right: it leads, and answers.
  client::hand_over order;
  order.group = group;
  order.to_node = wiped.node();
  EXPECT_TRUE(eventually(milliseconds(20'000), [&] {
    return nodes->leader_of(group) == wiped.node() || (nodes->admin().call(order), false);
  }));
  progress();
  judge();
}

TEST_F(Healing, ADamagedItemFileIsReplacedAndNeverServed) {
  auto hurt = strike(1);
  auto path = nodes->settings().find(hurt.node())->data + "/items/" + std::to_string(group) + ".db";
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file.good()) << path;
    file.seekp(20); // in the header of the file
    file.write(std::string(200, '\x5a').data(), 200);
  }
  nodes->start(hurt.node());
  ASSERT_TRUE(renewed(group, hurt)) << look(*nodes, group).configuration.ShortDebugString();
  progress();
  judge();
}

} // namespace
} // namespace troupe::cluster_test
