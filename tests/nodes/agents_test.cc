// Agents on virtual time, crashing at any message: a member is made fresh at most once, what is ordered runs
// in the end, what is dropped is gone, and there is one metadata group.
#include "tests/nodes/agent_world.h"
#include <gtest/gtest.h>

namespace troupe::nodes_test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> all{"n1", "n2", "n3"};

void boot_all(agent_world& w) {
  for (const auto& name : all)
    if (!w.nodes[name].up)
      w.boot(name);
  w.connect_all();
}

void calm_down(agent_world& w) {
  boot_all(w);
  w.run(10s);
}

TEST(Agents, FormOneMetadataGroupAndRunWhatTheyAreTold) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  for (const auto& name : all)
    ASSERT_EQ(w.running(name), std::set<std::uint64_t>{1}) << name;

  auto group = w.order_group();
  w.run(3s);
  for (const auto& name : all)
    EXPECT_EQ(w.nodes[name].disk.logs, (std::set<std::uint64_t>{1, group})) << name;

  w.order_drop(group);
  w.run(3s);
  for (const auto& name : all) {
    EXPECT_EQ(w.nodes[name].disk.logs, std::set<std::uint64_t>{1}) << name;
    EXPECT_EQ(w.nodes[name].disk.items, std::set<std::uint64_t>{1}) << name;
  }
  EXPECT_TRUE(w.violations.empty());
}

TEST(Agents, NoGroupFormsWhileOneMetadataNodeIsMissing) {
  agent_world w(1);
  w.boot("n1");
  w.boot("n3");
  w.connect("n1", "n3");
  w.run(10s);
  EXPECT_TRUE(w.running("n1").empty());
  EXPECT_TRUE(w.running("n3").empty());

  calm_down(w);
  EXPECT_EQ(w.running("n2"), std::set<std::uint64_t>{1});
}

TEST(Agents, ANodeThatLostItsDirectoryIsNotTheMemberItWas) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  auto group = w.order_group();
  w.run(3s);
  w.crash("n3");
  w.lose_disk("n3");

  calm_down(w);

  EXPECT_TRUE(w.running("n3").empty());
  EXPECT_EQ(w.running("n1"), (std::set<std::uint64_t>{1, group}));
  EXPECT_TRUE(w.violations.empty());
}

TEST(Agents, TheLogReplicaThatTheNewestOrdersNameFetchesTheItemsAndNoOtherGoesOn) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  auto group = w.order_group();
  w.nodes["n2"].says[group].set_kind(msg::LOG_REPLICA);
  w.run(2s); // it votes before it is told to grow
  auto& told = w.nodes["n2"].told_to_grow[group];
  auto order = [&](std::uint64_t member) {
    w.orders.mutable_partitions(0)->set_grow(member);
    w.orders.set_version(w.orders.version() + 1);
    w.run(2s);
  };
  order(2);
  EXPECT_GT(told, 0);
  order(3);
  auto so_far = told;
  w.run(20s);
  EXPECT_EQ(told, so_far);
}

// Of partitions that are to begin with items, and of no others: what it is to do, again when that changes or
// the replica is another one, and when there is nothing to be done any more.
TEST(Agents, TheRestorerIsToldWhatPartitionsHereAreToBeginWith) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  auto other = w.order_group();
  auto group = w.order_group();
  auto& told = w.nodes["n2"].told_to_restore;
  auto order = [&](std::uint64_t last, bool done) {
    auto& restore = *w.orders.mutable_partitions(1)->mutable_restore();
    restore.set_group(7);
    restore.set_last(last);
    restore.set_done(done);
    w.orders.set_version(w.orders.version() + 1);
    w.run(2s);
  };
  order(0, false);
  ASSERT_EQ(told.count(group), 1u);
  ASSERT_TRUE(told[group].back());
  EXPECT_EQ(told[group].back()->cluster, 42u) << "without that nothing is found in the archive";
  EXPECT_EQ(told[group].back()->table, "t");
  EXPECT_EQ(told[group].back()->part.group(), 7u);
  EXPECT_EQ(told[group].back()->part.last(), 0u);

  order(40, false);
  ASSERT_TRUE(told[group].back());
  EXPECT_EQ(told[group].back()->part.last(), 40u);
  EXPECT_EQ(told[group].back()->replica, w.nodes["n2"].replicas[group]);
  auto often = told[group].size();
  w.run(5s);
  EXPECT_EQ(told[group].size(), often) << "nothing is new";

  auto before = w.nodes["n2"].replicas[group];
  caf::anon_send_exit(before, caf::exit_reason::kill);
  w.run(5s);
  ASSERT_NE(w.nodes["n2"].replicas[group], before);
  ASSERT_TRUE(told[group].back());
  EXPECT_EQ(told[group].back()->replica, w.nodes["n2"].replicas[group]) << "the one that runs now";

  order(40, true);
  EXPECT_FALSE(told[group].back()) << "it has everything";
  EXPECT_EQ(told.count(other), 0u);
}

TEST(Agents, TheRestorerForgetsAPartitionThatIsDroppedAndHearsOfItAnewAfterARestart) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  auto group = w.order_group();
  w.orders.mutable_partitions(0)->mutable_restore()->set_last(40);
  w.run(3s);
  auto& told = w.nodes["n2"].told_to_restore[group];
  ASSERT_FALSE(told.empty());
  ASSERT_TRUE(told.back());
  w.crash("n2");
  told.clear();
  w.boot("n2");
  w.connect_all();
  w.run(5s);
  ASSERT_FALSE(told.empty()) << "the orders come anew";
  EXPECT_TRUE(told.back());
  w.order_drop(group);
  w.run(3s);
  EXPECT_FALSE(told.back());
}

TEST(Agents, ALogThatCouldNotBeDeletedIsNotForgotten) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  auto group = w.order_group();
  w.run(3s);
  w.nodes["n2"].disk.refusals = 2;
  w.order_drop(group);
  w.run(4s);
  EXPECT_EQ(w.nodes["n2"].disk.refusals, 1);
  w.crash("n2");
  EXPECT_EQ(w.recorded("n2").at(group).state(), msg::LocalReplica::DROPPING);
  calm_down(w);
  EXPECT_EQ(w.nodes["n2"].disk.logs, std::set<std::uint64_t>{1});
  w.crash("n2");
  EXPECT_EQ(w.recorded("n2").count(group), 0u);
}

// Nobody can make a backup of it before its archiver has looked; that is not the moment to wait for the
// round.
TEST(Agents, ALeaderOfWhichNobodyKnowsWhatOfItIsArchivedIsAskedTwiceASecond) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  for (int i = 0; i < 100; ++i)
    w.order_group();
  auto& says = w.nodes["n2"].says[50];
  says.set_leads(true);
  says.set_serving(true);
  w.run(30s);
  auto& asked = w.nodes["n2"].asked;
  auto unseen = asked[50];
  w.run(10s);
  EXPECT_GE(asked[50] - unseen, 18) << "in turns it would be three times or four";
  says.mutable_archive()->set_reach(msg::ArchiveProgress::WHOLE);
  w.run(1s);
  auto seen = asked[50];
  w.run(10s);
  EXPECT_LT(asked[50] - seen, 10) << "in turns, as the others";
}

// How long a member has been away decides what is done: that must not be as old as the round through all
// replicas.
TEST(Agents, ALeaderThatMissesAMemberIsAskedTwiceASecondHoweverManyReplicasThereAre) {
  agent_world w(1);
  boot_all(w);
  w.run(3s);
  for (int i = 0; i < 100; ++i)
    w.order_group();
  auto& says = w.nodes["n2"].says[50];
  says.set_leads(true);
  says.set_serving(true);
  auto& away = *says.add_members();
  away.set_member(3);
  away.set_silent(true);
  w.run(30s);
  auto& asked = w.nodes["n2"].asked;
  auto missing = asked[50], other = asked[51];
  w.run(10s);
  EXPECT_GE(asked[50] - missing, 18) << "in turns it would be three times or four";
  EXPECT_LT(asked[51] - other, 10) << "the others in turns";
}

TEST(Agents, CrashAtAnyMomentMakeNobodyFreshTwice) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    agent_world w(seed);
    boot_all(w);
    std::set<std::uint64_t> wanted{1};
    for (int round = 0; round < 60; ++round) {
      if (w.chance(30)) {
        auto name = w.any_node();
        if (w.nodes[name].up) {
          w.crash(name);
        } else {
          w.boot(name);
          w.connect_all();
        }
      }
      bool disks_known = true;
      for (const auto& name : all)
        disks_known = disks_known && w.nodes[name].disk_id != 0;
      if (disks_known && w.chance(25))
        wanted.insert(w.order_group());
      if (wanted.size() > 1 && w.chance(10)) {
        auto gone = *wanted.rbegin();
        wanted.erase(gone);
        w.order_drop(gone);
      }
      w.run(w.chance(50) ? 20ms : 200ms);
      for (int i = w.chance(50) ? 10 : 0; i > 0; --i)
        w.step(); // so that the next crash is in the middle of something
    }
    calm_down(w);
    for (const auto& violation : w.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation;
    for (const auto& name : all) {
      ASSERT_EQ(w.nodes[name].disk.logs, wanted) << "seed " << seed << " " << name;
      ASSERT_EQ(w.nodes[name].disk.items, wanted) << "seed " << seed << " " << name;
    }
    for (const auto& name : all)
      w.crash(name);
    auto decided = w.recorded("n1").at(1).configuration().SerializeAsString();
    for (const auto& name : all) {
      auto records = w.recorded(name);
      EXPECT_EQ(records.at(1).configuration().SerializeAsString(), decided) << "seed " << seed << " " << name;
      EXPECT_EQ(records.size(), wanted.size()) << "seed " << seed << " " << name;
      for (const auto& [group, replica] : records)
        EXPECT_EQ(replica.state(), msg::LocalReplica::ACTIVE)
            << "seed " << seed << " " << name << " " << group;
    }
  }
}

} // namespace
} // namespace troupe::nodes_test
