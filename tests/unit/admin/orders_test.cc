#include "actors/admin/orders.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

msg::NodeReport report_of(const std::string& node, std::uint64_t disk, std::vector<std::uint64_t> groups) {
  msg::NodeReport report;
  report.set_node(node);
  report.set_disk(disk);
  report.set_run(9);
  report.set_sequence(1);
  for (auto group : groups)
    report.add_replicas()->set_group(group);
  return report;
}

TEST(Orders, NameTheMembersOnThatNodeAndDirectory) {
  metadata_world w(2);
  w.create("music", 10);
  std::size_t ordered = 0;
  for (const auto& [name, one] : w.machines) {
    auto report = report_of(name, one.disk, {});
    auto orders = orders_for(w.records, w.book, w.healing, report, false);
    EXPECT_EQ(orders.version(), w.records.version());
    EXPECT_EQ(orders.metadata(), 42u);
    ordered += static_cast<std::size_t>(orders.partitions_size());
  }
  EXPECT_EQ(ordered, 30u);
}

TEST(Orders, AreShortWhenNothingHasChanged) {
  metadata_world w;
  w.create("music", 10);
  auto report = report_of("a1", w.machines["a1"].disk, {});
  report.set_meta_version(w.records.version());
  auto orders = orders_for(w.records, w.book, w.healing, report, false);
  EXPECT_TRUE(orders.unchanged());
  EXPECT_EQ(orders.partitions_size(), 0);
}

TEST(Orders, AWipedNodeIsNotToldToBeWhoItWas) {
  metadata_world w;
  w.create("music", 4);
  w.nodes_report();
  w.machines["a1"] = {"a", 5555, 2};
  w.nodes_report();
  w.nodes_report();
  EXPECT_EQ(w.machines["a1"].replicas.size(), 0u);

  auto lost = lost_members(w.records, w.book);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost["a1"].size(), 4u);
  EXPECT_FALSE(lost["a1"].front().trouble().empty());
}

TEST(Orders, ToDropAreGivenOnEvidenceOnly) {
  metadata_world w;
  w.create("music", 2); // groups 2 and 3
  w.nodes_report();
  w.nodes_report();
  w.settle();
  auto next = w.records.cluster().next_group();
  auto drops = [&](std::vector<std::uint64_t> groups) {
    auto report = report_of("a1", w.machines["a1"].disk, groups);
    report.set_meta_version(w.records.version());
    auto orders = orders_for(w.records, w.book, w.healing, report, false);
    return std::vector<std::uint64_t>(orders.drop().begin(), orders.drop().end());
  };
  EXPECT_TRUE(drops({1, 2, 3}).empty()) << "the metadata group, and two that are wanted";
  EXPECT_TRUE(drops({next, next + 7}).empty()) << "a newer leader may have made them";
  w.remove("music");
  EXPECT_EQ(drops({1, 2, 3}), (std::vector<std::uint64_t>{2, 3})) << "being deleted";
  w.nodes_report();
  w.nodes_report();
  w.settle();
  ASSERT_TRUE(w.records.tables().empty());
  EXPECT_EQ(drops({1, 2, 3, next}), (std::vector<std::uint64_t>{2, 3})) << "deleted";
}

TEST(Orders, AnOlderLeaderNeverDropsWhatANewerOneMade) {
  metadata_world w;
  auto past = w.records;
  w.create("music", 2);
  auto report = report_of("a1", w.machines["a1"].disk, {2, 3});
  node_book book{3'000'000};
  book.take(report, 0);
  EXPECT_EQ(orders_for(past, book, {}, report, false).drop_size(), 0);
  EXPECT_EQ(orders_unasked(past, book, {}, "a1").drop_size(), 0);
}

// Thousands of records change while a zone is rebuilt; a node reads only what is about itself.
TEST(Orders, AreWholeOnlyForNodesOfWhichSomethingHasChanged) {
  metadata_world w(2);
  w.create("music", 1);
  w.nodes_report();
  w.nodes_report();
  w.settle();
  w.nodes_report();
  const auto& partition = w.records.partitions().begin()->second;
  change next;
  next.cluster = w.records.cluster();
  next.cluster.set_version(w.records.version() + 1);
  next.partitions.push_back(partition);
  next.partitions.back().set_why("something");
  ASSERT_TRUE(w.make(next));
  int told = 0;
  for (const auto& [name, one] : w.machines) {
    auto report = report_of(name, one.disk, {});
    report.set_meta_version(one.meta_version);
    auto orders = orders_for(w.records, w.book, w.healing, report, false);
    EXPECT_EQ(orders.version(), w.records.version());
    EXPECT_EQ(orders.unchanged(), w.records.groups_on(name).empty()) << name;
    told += !orders.unchanged();
    report.set_meta_version(0); // a process that has just been started
    EXPECT_FALSE(orders_for(w.records, w.book, w.healing, report, false).unchanged());
  }
  EXPECT_EQ(told, 3);
  auto reloaded = w.durable.load();
  for (const auto& [name, one] : w.machines)
    EXPECT_EQ(reloaded.changed_on(name), reloaded.version()) << "what changed before is not known";

  w.nodes_report();
  ASSERT_EQ(w.remove("music").what, decision::verdict::write);
  for (const auto& [name, one] : w.machines)
    EXPECT_EQ(w.records.changed_on(name) > one.meta_version, !w.records.groups_on(name).empty()) << name;
}

TEST(Orders, ARecordThatCannotBeReadIsNoProofThatItIsGone) {
  metadata_world w;
  w.create("music", 2);
  w.nodes_report();
  w.settle();
  auto rows = w.durable.rows();
  std::uint64_t unreadable = 0;
  for (auto& row : rows)
    if (row.key().substr(0, 2) == "p/") {
      unreadable = static_cast<unsigned char>(row.key().back());
      row.set_item("nonsense");
      break;
    }
  memory here(rows);
  ASSERT_EQ(here.unreadable(), 1u);
  auto report = report_of("a1", w.machines["a1"].disk, {unreadable});
  EXPECT_EQ(orders_for(here, w.book, w.healing, report, false).drop_size(), 0);
}

} // namespace
} // namespace troupe::admin
