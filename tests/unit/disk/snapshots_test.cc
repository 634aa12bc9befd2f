// Snapshots as an item worker cuts, serves and installs them.
#include "tests/unit/disk/item_worker.h"

namespace troupe::disk {
namespace {

using namespace std::chrono_literals;
using test::item_worker;

// The node died between the installing of a snapshot and the log's going on from there. The group is quiet
// since: the snapshots of the others stand where this file does.
TEST(Snapshots, ThatBringNothingNewAreInstalledAlready) {
  item_worker worker;
  worker.open();
  worker.put(9, {"one", "two"}, 100);
  msg::SnapshotChunk first; // of many
  first.mutable_header()->set_group(test::group);
  first.mutable_header()->set_index(9);
  auto answer = worker.store(1, first);
  EXPECT_TRUE(answer.result.ok()) << answer.result.text;
  ASSERT_TRUE(answer.installed);
  EXPECT_EQ(answer.header.index(), 9u);
  EXPECT_EQ(answer.header.link(), 9000u);
  EXPECT_EQ(answer.opened.applied, 9u);
  EXPECT_EQ(answer.opened.durable, 9u) << "the log is about to begin there";
  EXPECT_EQ(answer.opened.items, 2u);
}

} // namespace
} // namespace troupe::disk
