#include "actors/admin/records.h"
#include "tests/unit/admin/metadata_world.h"
#include <gtest/gtest.h>

namespace troupe::admin {
namespace {

change full_change() {
  change what;
  what.cluster.set_id(42);
  what.cluster.set_version(1);
  what.cluster.set_next_group(9);
  what.tables.emplace_back().set_name("music");
  what.partitions.emplace_back().set_group(8);
  what.nodes.emplace_back().set_name("a1");
  return what;
}

TEST(Records, WhatIsWrittenIsReadBack) {
  store s;
  ASSERT_TRUE(s.write(to_write(full_change())));

  auto known = s.load();

  EXPECT_EQ(known.version(), 1u);
  EXPECT_EQ(known.cluster().id(), 42u);
  EXPECT_EQ(known.cluster().next_group(), 9u);
  ASSERT_NE(known.table("music"), nullptr);
  ASSERT_NE(known.partition(8), nullptr);
  EXPECT_EQ(known.nodes().count("a1"), 1u);
  EXPECT_EQ(known.unreadable(), 0u);
}

TEST(Records, TheClusterRecordIsTheFirstRow) {
  store s;
  s.write(to_write(full_change()));
  EXPECT_EQ(s.rows().front().key(), cluster_key());
}

TEST(Records, PartitionsLieInTheOrderOfTheirGroups) {
  EXPECT_LT(partition_key(2), partition_key(10));
  EXPECT_LT(partition_key(255), partition_key(256));
  EXPECT_LT(partition_key(1ull << 40), partition_key(1ull << 41));
}

TEST(Records, OfTwoChangesPlannedOnOneVersionOnlyTheFirstIsMade) {
  store s;
  ASSERT_TRUE(s.write(to_write(full_change())));
  change one;
  one.cluster.set_version(2);
  one.tables.emplace_back().set_name("one");
  change other = one;
  other.tables.front().set_name("other");

  EXPECT_TRUE(s.write(to_write(one)));
  EXPECT_FALSE(s.write(to_write(other)));

  auto known = s.load();
  EXPECT_NE(known.table("one"), nullptr);
  EXPECT_EQ(known.table("other"), nullptr) << "a change is made whole or not at all";
}

TEST(Records, AClusterIsBornOnce) {
  store s;
  EXPECT_TRUE(s.write(to_write(plan_birth(1))));
  EXPECT_FALSE(s.write(to_write(plan_birth(2))));
  EXPECT_EQ(s.load().cluster().id(), 1u);
}

TEST(Records, RowsOfAFutureVersionAreLeftOutAndCounted) {
  store s;
  s.write(to_write(full_change()));
  auto rows = s.rows();
  auto& unknown = rows.emplace_back();
  unknown.set_key("z/later");
  unknown.set_item("not an item");
  auto& broken = rows.emplace_back();
  broken.set_key(table_key("broken"));
  broken.set_item("not an item");

  memory known(rows);

  EXPECT_EQ(known.unreadable(), 2u);
  EXPECT_NE(known.table("music"), nullptr);
}

} // namespace
} // namespace troupe::admin
