// Everybody who had the items of a partition is destroyed, one after the other and under load: what is left
// are log replicas, and the archive. No write that was acknowledged is lost, and nobody has to do anything.
#include "tests/cluster/archive_story.h"
#include "tests/cluster/group_sight.h"
#include <filesystem>

namespace troupe::cluster_test {
namespace {

class HealingFromTheArchive : public Archive {
protected:
  int node_count() const override { return 8; }
  // Three nodes for the metadata, and five zones with one node each that holds partitions.
  void change_settings(config::cluster& c) override {
    Archive::change_settings(c);
    c.zones = {"zone-a", "zone-b", "zone-c", "zone-d", "zone-e"};
    for (std::size_t i = 0; i < c.nodes.size(); ++i) {
      c.nodes[i].zone = c.zones[i < 3 ? i : i - 3];
      c.nodes[i].roles.storage = i >= 3;
    }
    c.healing.silence_ms = 2'000;
    c.healing.grace_ms = 600'000; // nobody grows because others stay away
  }
  void destroy(const std::string& node) {
    nodes->kill(node);
    std::filesystem::remove_all(nodes->settings().find(node)->data);
  }
  std::string text() {
    auto seen = look(*nodes, group);
    return seen.configuration.ShortDebugString() + "\n" + seen.step;
  }
  std::uint64_t group = 0;
};

TEST_F(HealingFromTheArchive, EveryStorageReplicaIsLostInTurn) {
  begin(heavy(), 1);
  group = nodes->group_of_table("registers");
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] {
    return every_member(group, [](const auto& r) { return r.archive().archived() > 200; });
  })) << "nothing is archived";
  std::vector<std::string> storage;
  auto first = leader();
  auto before = look(*nodes, group);
  for (const auto& m : before.configuration.members())
    if (m.node() != first)
      storage.push_back(m.node());
  storage.push_back(first);
  ASSERT_EQ(storage.size(), 3u);

  destroy(storage[0]);
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return votes(look(*nodes, group), 3, 1); })) << text();
  progress(300);
  destroy(storage[1]);
  ASSERT_TRUE(eventually(milliseconds(60'000), [&] { return votes(look(*nodes, group), 3, 2); })) << text();
  progress(300);
  auto bereft = look(*nodes, group);
  for (const auto& m : bereft.configuration.members())
    EXPECT_EQ(m.kind() == msg::STORAGE_REPLICA, m.node() == storage[2]) << "the last one with items";
  ASSERT_EQ(leader(), storage[2]) << "so it leads";

  auto lost = steady_us();
  destroy(leader());
  ASSERT_TRUE(eventually(milliseconds(120'000), [&] {
    auto now_leads = nodes->leader_of_table("registers");
    return !now_leads.empty() && nodes->running(now_leads);
  })) << text();
  std::printf("the last items destroyed: made anew from the archive, and led again after %.1f s\n",
              static_cast<double>(steady_us() - lost) / 1e6);
  progress(300);

  // Empty disks are enough for the rest.
  for (const auto& node : storage)
    nodes->start(node);
  EXPECT_TRUE(eventually(milliseconds(120'000), [&] { return whole(look(*nodes, group)); })) << text();
  progress();
  judge();
}

} // namespace
} // namespace troupe::cluster_test
