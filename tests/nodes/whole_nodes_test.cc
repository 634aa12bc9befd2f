// Whole nodes: what the agents, the admin, the replicas and the routers do together.
#include "tests/nodes/cluster_here.h"
#include <filesystem>
#include <future>
#include <gtest/gtest.h>

namespace troupe::nodes_test {
namespace {

using namespace std::chrono_literals;

client::table_result create(cluster_here& c, const std::string& name, std::uint32_t partitions) {
  client::create_table wish;
  wish.name = name;
  wish.keys = string_keys("id");
  wish.partitions = partitions;
  wish.timeout = 20s;
  return c.db().call(wish);
}

client::write_result put(cluster_here& c, const std::string& table, const std::string& id,
                         const std::string& text) {
  client::put_item wish;
  wish.table = table;
  wish.item = item(id, text);
  return c.db().call(wish);
}

std::string get(cluster_here& c, const std::string& table, const std::string& id) {
  client::get_item wish;
  wish.table = table;
  wish.key = key(id);
  auto found = c.db().call(wish);
  if (!found.ok())
    return msg::Code_Name(found.status.code());
  if (!found.item)
    return "(none)";
  for (const auto& a : found.item->attributes())
    if (a.name() == "text")
      return a.value().s();
  return "(no text)";
}

client::cluster_result status(cluster_here& c) {
  return c.db().call(client::cluster_status{});
}

std::size_t replicas_reported(cluster_here& c) {
  std::size_t count = 0;
  auto seen = status(c);
  for (const auto& node : seen.cluster.nodes())
    for (const auto& replica : node.replicas())
      count += replica.group() != 1;
  return count;
}

TEST(WholeNodes, ATableIsThereWhenItsCreatorIsAnswered) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));

  auto made = create(c, "music", 8);
  ASSERT_TRUE(made.ok()) << made.status.message();
  EXPECT_EQ(made.table.state(), msg::TABLE_ACTIVE);
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(put(c, "music", std::to_string(i), "song " + std::to_string(i)).ok()) << i;
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(get(c, "music", std::to_string(i)), "song " + std::to_string(i));

  EXPECT_EQ(create(c, "music", 1).status.code(), msg::TABLE_IN_USE);
}

TEST(WholeNodes, ATableKnowsHowMuchIsInIt) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  ASSERT_TRUE(create(c, "music", 5).ok());
  auto figures = [&] {
    auto seen = c.db().call(client::describe_table{.name = "music"});
    return std::pair(seen.items, seen.bytes);
  };
  EXPECT_EQ(figures(), (std::pair<std::uint64_t, std::uint64_t>(0, 0)));

  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(put(c, "music", std::to_string(10 + i), "old").ok());
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(put(c, "music", std::to_string(10 + i), "newer").ok());
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(c.db().call(client::delete_item{.table = "music", .key = key(std::to_string(10 + i))}).ok());
  // An item is "id", two digits, "text" and its text.
  const std::pair<std::uint64_t, std::uint64_t> wanted(30, 30 * 8 + 10 * 5 + 20 * 3);
  EXPECT_TRUE(eventually([&] { return figures() == wanted; })) << figures().first << " " << figures().second;

  // All nodes start again: the metadata leader has heard of nothing, and does not say that there is nothing.
  c.stop_all();
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.db().call(client::describe_table{.name = "music"}).ok(); }));
  EXPECT_EQ(figures(), wanted);
}

TEST(WholeNodes, ItemsAreUpdatedWhereTheyLieAndFoundByScans) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  ASSERT_TRUE(create(c, "pages", 4).ok());
  auto visit = client::parse({.update = "ADD visits :one", .values = {{":one", client::n(1)}}});
  ASSERT_TRUE(visit.ok()) << visit.trouble;
  std::vector<std::future<client::update_result>> visits;
  for (int i = 0; i < 60; ++i)
    visits.push_back(c.db().ask(client::update_item{.table = "pages",
                                                    .key = key(std::to_string(i % 20)),
                                                    .update = visit.update,
                                                    .returning = msg::RETURN_UPDATED_NEW}));
  for (auto& one : visits) {
    auto result = one.get();
    ASSERT_TRUE(result.ok()) << result.status.message();
    EXPECT_TRUE(result.item);
  }
  ASSERT_TRUE(put(c, "pages", "quiet", "never visited").ok());
  auto visited = client::parse({.filter = "visits = :three", .values = {{":three", client::n(3)}}});
  std::size_t found = 0, scanned = 0;
  for (std::uint32_t segment = 0; segment < 3; ++segment) {
    client::scan_items scan{.table = "pages", .segment = segment, .segments = 3, .limit = 5};
    scan.filter = visited.filter;
    do {
      auto page = c.db().call(scan);
      ASSERT_TRUE(page.ok()) << page.status.message();
      found += page.items.size();
      scanned += page.scanned;
      scan.after = std::move(page.last_key);
    } while (scan.after);
  }
  EXPECT_EQ(found, 20u);
  EXPECT_EQ(scanned, 21u);
}

TEST(WholeNodes, ADeletedTableIsGoneFromEveryDiskAndItsNameIsFree) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  auto first = create(c, "music", 4);
  ASSERT_TRUE(first.ok()) << first.status.message();
  ASSERT_TRUE(put(c, "music", "a", "old").ok());

  auto gone = c.db().call(client::delete_table{.name = "music", .timeout = 20s});
  ASSERT_TRUE(gone.ok()) << gone.status.message();
  EXPECT_EQ(c.db().call(client::describe_table{.name = "music"}).status.code(), msg::TABLE_NOT_FOUND);
  EXPECT_TRUE(eventually([&] { return replicas_reported(c) == 0; }));
  auto files_left = [&] {
    std::size_t count = 0;
    for (const auto& n : c.settings.nodes)
      for (const auto& file : std::filesystem::directory_iterator(c.directory(n.name) + "/items"))
        count += file.path().extension() == ".db" && file.path().stem() != "1";
    return count;
  };
  EXPECT_TRUE(eventually([&] { return files_left() == 0; }));

  auto second = create(c, "music", 2);
  ASSERT_TRUE(second.ok()) << second.status.message();
  EXPECT_NE(second.table.id(), first.table.id());
  EXPECT_EQ(get(c, "music", "a"), "(none)");
}

TEST(WholeNodes, WhatWasWrittenIsThereAfterAllNodesStartAgain) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  ASSERT_TRUE(create(c, "music", 12).ok());
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE(put(c, "music", std::to_string(i), "kept").ok());

  c.stop_all();
  for (const auto* name : {"n3", "n1", "n2"}) // another order than before
    c.start(name);

  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(get(c, "music", std::to_string(i)), "kept") << i;
}

TEST(WholeNodes, OneNodeOfThreeMayBeAway) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  ASSERT_TRUE(create(c, "music", 6).ok());

  for (const auto* away : {"n1", "n2", "n3"}) {
    c.stop(away);
    for (int i = 0; i < 10; ++i) {
      auto written = put(c, "music", std::to_string(i), std::string("without ") + away);
      ASSERT_TRUE(written.ok()) << away << " " << i << " " << written.status.ShortDebugString();
      EXPECT_EQ(get(c, "music", std::to_string(i)), std::string("without ") + away);
    }
    c.start(away);
    ASSERT_TRUE(eventually([&] {
      auto seen = status(c);
      int settled = 0;
      for (const auto& node : seen.cluster.nodes())
        for (const auto& replica : node.replicas())
          settled += replica.leader() != 0 && replica.lag() == 0;
      return settled == 21; // six partitions and the metadata, three members each
    })) << away;
  }
}

TEST(WholeNodes, ANodeWhoseDiskWasLostIsFilledAgainAndDoesNotComeBackAsWhoItWas) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  ASSERT_TRUE(create(c, "music", 3).ok());
  ASSERT_TRUE(put(c, "music", "a", "kept").ok());
  c.stop("n2");
  c.lose_disk("n2");

  c.start("n2");

  // Its members are removed, and others with ids of their own are built in their place, the metadata group's
  // too.
  auto healed = [&] {
    auto seen = status(c);
    int renewed = 0, whole = 0;
    for (const auto& partition : seen.cluster.partitions())
      for (const auto& m : partition.configuration().members())
        renewed += m.node() == "n2" && m.id() > 3 && m.kind() == msg::STORAGE_REPLICA;
    for (const auto& node : seen.cluster.nodes())
      for (const auto& replica : node.replicas())
        whole += node.node() == "n2" && replica.kind() == msg::STORAGE_REPLICA && replica.leader() != 0 &&
                 replica.trouble().empty();
    return renewed == 3 && whole == 4 && seen.cluster.healing().groups_size() == 0;
  };
  EXPECT_TRUE(eventually(healed, 40s));
  EXPECT_EQ(get(c, "music", "a"), "kept");
  EXPECT_TRUE(put(c, "music", "b", "three of three").ok());
  EXPECT_TRUE(std::filesystem::exists(c.directory("n2") + "/items/2.db"));

  // And it starts again as who it is now.
  c.stop("n2");
  c.start("n2");
  EXPECT_TRUE(eventually(healed, 40s));
}

TEST(WholeNodes, ANodeWithoutItsLogRefusesToStart) {
  cluster_here c;
  c.start_all();
  ASSERT_TRUE(eventually([&] { return c.answers(); }));
  c.stop("n3");
  for (const auto* suffix : {"", "-wal"})
    std::filesystem::remove(c.directory("n3") + "/log.db" + suffix);

  auto trouble = c.try_start("n3");

  EXPECT_NE(trouble.find("is gone"), std::string::npos) << trouble;
  EXPECT_FALSE(std::filesystem::exists(c.directory("n3") + "/log.db"));
}

} // namespace
} // namespace troupe::nodes_test
