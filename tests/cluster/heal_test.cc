// What happens when something is gone for good: a node, a data directory, bytes of a file. The times are
// printed.
#include "actors/client/values.h"
#include "config/limits.h"
#include "tests/cluster/faults.h"
#include "tests/cluster/group_sight.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe::cluster_test {
namespace {

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
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return votes(look(*nodes, group), 3, 1); }))
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
  ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return votes(look(*nodes, group), 3, 1); }));
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

// Slow enough to be killed in the middle of it: however fast the machine, it takes as many seconds as there
// are megabytes.
class HealingSlowly : public HealingSixNodes {
protected:
  static constexpr std::uint64_t piece = limits::snapshot_chunk_bytes;
  static constexpr int megabytes = 14;

  void change_settings(config::cluster& c) override {
    c.healing.silence_ms = 10'000; // more than a restart takes
    c.healing.grace_ms = 1'000;
    c.healing.bytes_per_second = 1 << 20;
  }
  void fill() {
    for (int i = 0; i < megabytes * 10; ++i) {
      client::put_item put;
      put.table = "registers";
      put.item = client::make_item(
          {{"id", client::s("bulk" + std::to_string(i))}, {"pad", client::s(std::string(100'000, 'x'))}});
      ASSERT_TRUE(eventually(milliseconds(20'000), [&] { return sessions[0]->call(put).ok(); }));
    }
  }
  // A transfer of the group to this node, as its log tells of it.
  struct beginning {
    std::uint64_t source = 0; // member
    std::uint64_t piece = 0;  // it began with this one
  };
  std::vector<beginning> beginnings(const std::string& node) {
    std::vector<beginning> found;
    std::istringstream log(nodes->log_of(node));
    const auto words = "group " + std::to_string(group) + ": fetching a snapshot from member ";
    for (std::string line; std::getline(log, line);) {
      auto at = line.find(words);
      if (at == std::string::npos)
        continue;
      auto on = line.find("on from piece ");
      found.push_back({std::stoull(line.substr(at + words.size())),
                       on == std::string::npos ? 0 : std::stoull(line.substr(on + 14))});
    }
    return found;
  }
  // How much has come to the member that grows there, as it says itself; waits until it is so much.
  std::uint64_t arrived(const std::string& node, std::uint64_t least) {
    std::uint64_t bytes = 0;
    EXPECT_TRUE(eventually(milliseconds(120'000), [&] {
      auto seen = look(*nodes, group);
      auto it = seen.replicas.find(node);
      bytes = it == seen.replicas.end() ? 0 : it->second.growth_bytes();
      return bytes >= least;
    })) << bytes;
    return bytes;
  }
  std::string node_of(const seen_group& seen, std::uint64_t member) {
    for (const auto& m : seen.configuration.members())
      if (m.id() == member)
        return m.node();
    return {};
  }
};

TEST_F(HealingSlowly, WhatHasComeIsNotFetchedAgainAfterEitherSideWasKilled) {
  begin({}, 1);
  fill();
  group = nodes->group_of_table("registers");
  auto before = look(*nodes, group);
  auto first = leader();
  std::string lost;
  for (const auto& m : before.configuration.members())
    if (m.node() != first)
      lost = m.node();
  nodes->kill(lost);
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return votes(look(*nodes, group), 3, 1); }));
  std::string grows;
  auto covered = look(*nodes, group);
  for (const auto& m : covered.configuration.members())
    if (m.kind() == msg::LOG_REPLICA)
      grows = m.node();
  ASSERT_FALSE(grows.empty());

  auto came = arrived(grows, 8 * piece);
  nodes->kill(grows);
  nodes->start(grows);
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return beginnings(grows).size() >= 2; }))
      << "it goes on fetching";
  EXPECT_GE(beginnings(grows).back().piece, came / piece) << "what had come is there";

  came = arrived(grows, came + 8 * piece);
  ASSERT_LT(came, (megabytes - 1) * (1u << 20)) << "in the middle of it";
  auto gives = node_of(before, beginnings(grows).back().source);
  ASSERT_FALSE(gives.empty());
  nodes->kill(gives); // and the metadata may be without a quorum meanwhile: so nothing is asked of it
  nodes->start(gives);
  ASSERT_TRUE(eventually(milliseconds(120'000), [&] { return whole(look(*nodes, group)); }))
      << look(*nodes, group).configuration.ShortDebugString();
  auto all = beginnings(grows);
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](auto& one) { return one.piece == 0; }), 1)
      << "never again from the first piece";
  EXPECT_TRUE(has_member(look(*nodes, group), grows));
  progress();
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
  // In the header of the file, and in that of its WAL, which may have the page as it was.
  for (auto [name, at] : {std::pair(path, 20), std::pair(path + "-wal", 8)})
    if (std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary); file.good()) {
      file.seekp(at);
      file.write(std::string(200, '\x5a').data(), 200);
    } else {
      ASSERT_NE(name, path) << "there is no item file";
    }
  nodes->start(hurt.node());
  ASSERT_TRUE(renewed(group, hurt)) << look(*nodes, group).configuration.ShortDebugString();
  progress();
  judge();
}

} // namespace
} // namespace troupe::cluster_test
