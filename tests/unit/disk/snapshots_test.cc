// Snapshots as an item worker cuts, serves and installs them.
#include "config/limits.h"
#include "tests/unit/disk/item_worker.h"
#include <filesystem>
#include <fstream>

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

std::vector<std::string> keys(int n) {
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i)
    all.push_back("key " + std::to_string(1000 + i));
  return all;
}

// The whole snapshot as this transfer fetches it, one piece after the other; empty when it is refused.
std::string fetch_all(item_worker& worker, std::uint64_t transfer) {
  std::string file;
  for (std::uint64_t chunk = 0;; ++chunk) {
    auto part = worker.fetch(transfer, chunk);
    if (!part.result.ok())
      return {};
    file += part.chunk.data();
    if (part.chunk.last())
      return file;
  }
}

TEST(Snapshots, OfAFewItemsAreThereAtOnce) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(10), 1000);
  auto part = worker.ask(1, 0);
  EXPECT_FALSE(part.being_cut);
  EXPECT_EQ(part.chunk.header().index(), 5u);
  EXPECT_TRUE(part.chunk.last());
}

TEST(Snapshots, AreCutBetweenOtherWorkAndWithoutWaitingForTheClock) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(100), 100'000); // 10 MB
  auto part = worker.ask(1, 0);
  EXPECT_TRUE(part.result.ok());
  EXPECT_TRUE(part.being_cut) << "a sign of life";
  worker.run(); // no time passes
  part = worker.ask(1, 0);
  EXPECT_FALSE(part.being_cut);
  EXPECT_EQ(part.chunk.header().items(), 100u);
}

TEST(Snapshots, AreSharedByAllWhoFetchThemAtTheSameTime) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(100), 20'000);
  std::string one, other;
  auto last = false;
  for (std::uint64_t chunk = 0; !last; ++chunk) {
    auto a = worker.fetch(1, chunk);
    auto b = worker.fetch(2, chunk);
    ASSERT_TRUE(a.result.ok()) << a.result.text;
    ASSERT_TRUE(b.result.ok()) << b.result.text;
    one += a.chunk.data();
    other += b.chunk.data();
    last = a.chunk.last();
    worker.put(6 + chunk, {"key 1000"}, 20'000); // and the partition is written to meanwhile
  }
  EXPECT_GT(one.size(), 3u * limits::snapshot_chunk_bytes);
  EXPECT_EQ(one, other);
  EXPECT_EQ(fetch_all(worker, 3), one) << "and by who begins anew";
}

TEST(Snapshots, ThatAreTooOldForSomebodyAreNotGivenToHim) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(100), 20'000);
  EXPECT_EQ(worker.fetch(1, 0).chunk.header().index(), 5u);
  auto ahead = worker.ask(2, 0, 6);
  EXPECT_EQ(ahead.result.outcome, wire::disk_outcome::missing) << "there is none, and cannot be";
  worker.put(6, {"key 1000"}, 20'000);
  EXPECT_EQ(worker.fetch(2, 0, 6).chunk.header().index(), 6u);
  worker.pass(10ms);
  auto second = worker.ask(1, 1);
  EXPECT_TRUE(second.result.ok()) << "the first one goes on with its own";
  EXPECT_EQ(second.chunk.header().index(), 5u);
  worker.put(7, {"key 1000"}, 20'000);
  EXPECT_EQ(worker.fetch(3, 0, 7).chunk.header().index(), 7u);
  EXPECT_FALSE(worker.ask(2, 1).result.ok())
      << "only so many are kept: the one that was used least recently went";
  EXPECT_TRUE(worker.ask(1, 1).result.ok());
}

TEST(Snapshots, AreKeptWhileTheyAreUsedAndThenGo) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(100), 20'000);
  ASSERT_TRUE(worker.fetch(1, 0).result.ok());
  for (int times = 0; times < 3; ++times) {
    worker.pass(20s);
    EXPECT_TRUE(worker.ask(1, 1).result.ok());
  }
  EXPECT_EQ(worker.snapshot_files(), 1u);
  worker.pass(40s);
  EXPECT_EQ(worker.snapshot_files(), 0u);
  EXPECT_FALSE(worker.ask(1, 1).result.ok());
}

// More changes while it is cut than old values are kept for.
TEST(Snapshots, ThatAreGivenUpAreRefusedToAllWhoWaitedAndCutAnewForWhoComesAgain) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(180), 400'000); // 72 MB
  worker.send_question(1, 0);
  worker.send_question(2, 0);
  worker.send_put(6, keys(180), 400'000); // behind the first slices
  worker.run();
  ASSERT_EQ(worker.parts.size(), 2u);
  EXPECT_TRUE(worker.parts[0].being_cut);
  EXPECT_TRUE(worker.parts[1].being_cut);
  EXPECT_EQ(worker.ask(1, 0).result.outcome, wire::disk_outcome::full);
  EXPECT_EQ(worker.ask(2, 0).result.outcome, wire::disk_outcome::full);
  EXPECT_EQ(worker.fetch(3, 0).chunk.header().index(), 6u);
  EXPECT_EQ(worker.fetch(4, 0).chunk.header().index(), 6u);
}

TEST(Snapshots, OfACorruptFileAreRefusedAndItsReplicaHearsOfTheDamage) {
  item_worker worker;
  worker.open();
  worker.put(5, keys(100), 20'000);
  worker.end();
  {
    std::fstream file(worker.item_path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(std::filesystem::file_size(worker.item_path()) / 2 + 100);
    file.write("#", 1);
  }
  worker.restart();
  worker.open(false);
  worker.applied.clear();
  EXPECT_EQ(worker.fetch(1, 0).result.outcome, wire::disk_outcome::corrupt);
  ASSERT_EQ(worker.applied.size(), 1u);
  EXPECT_EQ(worker.applied[0].result.outcome, wire::disk_outcome::corrupt);
  EXPECT_EQ(worker.applied[0].job, 0u);
}

TEST(Snapshots, ThatACrashLeftAreRemovedAtTheNextStart) {
  item_worker worker;
  worker.open();
  worker.end();
  std::ofstream(worker.snapshot_folder() + "/7-1-out.snapshot") << "whole, and nobody's";
  std::ofstream(worker.snapshot_folder() + "/7-2-in.snapshot.part") << "not even that";
  worker.restart();
  EXPECT_EQ(worker.snapshot_files(), 0u);
}

} // namespace
} // namespace troupe::disk
