// What an item worker is given to write.
#include "tests/unit/disk/item_worker.h"
#include <gtest/gtest.h>

namespace troupe::disk {
namespace {

// A replica whose flushes failed asks in this way whether the file takes something again.
TEST(Apply, OfNothingLeavesTheItemsWhereTheyAre) {
  test::item_worker worker;
  worker.open();
  worker.put(5, {"one", "two"}, 100);
  wire::apply_items probe;
  probe.group = test::group;
  probe.job = 99;
  probe.stay = true;
  probe.who = worker.replica;
  worker.tell(std::move(probe));
  worker.run();
  ASSERT_FALSE(worker.applied.empty());
  EXPECT_TRUE(worker.applied.back().result.ok()) << worker.applied.back().result.text;
  EXPECT_EQ(worker.applied.back().job, 99u);
  EXPECT_EQ(worker.applied.back().applied, 5u);

  worker.end();
  worker.restart();
  worker.open(false);
  ASSERT_EQ(worker.opened.size(), 2u);
  EXPECT_EQ(worker.opened.back().applied, 5u);
  EXPECT_EQ(worker.opened.back().applied_link, 5000u);
  EXPECT_EQ(worker.opened.back().items, 2u);
}

} // namespace
} // namespace troupe::disk
