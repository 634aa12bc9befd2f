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
    auto orders = orders_for(w.records, w.book, report, false);
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
  auto orders = orders_for(w.records, w.book, report, false);
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
    auto orders = orders_for(w.records, w.book, report, false);
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
  EXPECT_EQ(orders_for(past, book, report, false).drop_size(), 0);
  EXPECT_EQ(orders_unasked(past, book, "a1").drop_size(), 0);
}

} // namespace
} // namespace troupe::admin
