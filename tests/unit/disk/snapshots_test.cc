// Snapshots as an item worker cuts, serves and installs them.
#include "config/limits.h"
#include "tests/unit/disk/carrying.h"
#include <filesystem>
#include <fstream>

namespace troupe::disk {
namespace {

using namespace std::chrono_literals;
using test::item_worker;
using test::keys;
using test::transfer;

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
  worker.pass(130s);
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

TEST(Snapshots, ThatACrashLeftAreRemovedWhereNobodyCanGoOnWithThem) {
  item_worker worker;
  worker.open();
  worker.end();
  std::ofstream(worker.snapshot_folder() + "/7-1-out.snapshot") << "not what its name says";
  std::ofstream(worker.snapshot_folder() + "/7-3-out.snapshot.part") << "not whole";
  std::ofstream(worker.snapshot_folder() + "/7-in.snapshot.part") << "pieces of something";
  std::ofstream(worker.snapshot_folder() + "/8-in.snapshot.part") << "old pieces";
  std::filesystem::last_write_time(worker.snapshot_folder() + "/8-in.snapshot.part",
                                   std::filesystem::file_time_type::clock::now() - 2h);
  worker.restart();
  EXPECT_EQ(worker.snapshot_files(), 2u);
  worker.open(false);
  EXPECT_EQ(worker.snapshot_files(), 1u) << "no snapshot";
  EXPECT_EQ(worker.take_up(1).next_chunk, 0u);
  EXPECT_EQ(worker.snapshot_files(), 0u) << "nobody knows of what";
}

TEST(Snapshots, AreGoneOnWithWhenTheTargetIsBack) {
  transfer t;
  t.carry(4);
  t.target.end();
  t.target.restart();
  t.number = 2;
  auto left = t.target.take_up(2);
  EXPECT_EQ(left.next_chunk, 4u);
  EXPECT_NE(left.snapshot, 0u);
  auto last = t.carry();
  EXPECT_TRUE(last.installed) << last.result.text;
  EXPECT_EQ(last.opened.items, 100u);
  auto pieces = t.carried;
  transfer whole;
  whole.carry();
  EXPECT_EQ(pieces, whole.carried) << "none came twice";
  EXPECT_EQ(t.target.snapshot_files(), 0u);
}

TEST(Snapshots, AreGoneOnWithWhenTheSourceIsBack) {
  transfer t;
  t.carry(4);
  t.source.end();
  t.source.restart();
  t.source.open(false);
  t.source.put(6, {"key 1000"}, 20'000); // and the partition has moved on
  t.number = 2;
  auto last = t.carry();
  EXPECT_TRUE(last.installed) << last.result.text;
  EXPECT_EQ(last.header.index(), 5u);
  transfer whole;
  whole.carry();
  EXPECT_EQ(t.carried, whole.carried);
}

// It has been opened, and is asked for nothing else.
TEST(Snapshots, OfAnEarlierRunGoWhenNobodyGoesOnWithThem) {
  transfer t;
  t.carry(4);
  t.source.end();
  t.source.restart();
  t.source.open(false);
  EXPECT_EQ(t.source.snapshot_files(), 1u);
  t.source.pass(130s);
  EXPECT_EQ(t.source.snapshot_files(), 0u);
}

TEST(Snapshots, ThatAreTooOldByNowAreNotGivenOnWith) {
  transfer t;
  auto at = t.carry(4);
  t.source.put(6, {"key 1000"}, 20'000);
  auto answer = t.source.ask(2, at.next_chunk, 6, t.target.take_up(2).snapshot);
  EXPECT_FALSE(answer.result.ok());
  EXPECT_TRUE(answer.ended) << "it begins anew";
}

// What was cut of items that are found to be wrong must not come to anybody, in this run or in a later one.
TEST(Snapshots, OfItemsThatAreDroppedAreGivenToNobodyAgain) {
  for (bool quarantined : {false, true}) {
    transfer t;
    t.carry(4);
    t.source.end();
    t.source.restart(); // nobody has opened the items yet, and seen what lies there
    ASSERT_EQ(t.source.snapshot_files(), 1u);
    t.source.tell(wire::drop_items{test::group, quarantined});
    t.source.run();
    EXPECT_EQ(t.source.snapshot_files(), 0u);
  }
}

TEST(Snapshots, ThatWereMadeHereAreInstalledOrRemovedAsAWhole) {
  transfer t;
  auto last = t.carry(4);
  ASSERT_EQ(last.next_chunk, 4u);
  auto made = t.target.snapshot_folder() + "/7-archived.snapshot";
  auto copy = [&] {
    for (const auto& one : std::filesystem::directory_iterator(t.source.snapshot_folder()))
      std::filesystem::copy_file(one.path(), made);
  };
  copy();
  t.target.stored.clear();
  t.target.tell(wire::remove_snapshot{made});
  t.target.run();
  EXPECT_FALSE(std::filesystem::exists(made));
  EXPECT_TRUE(t.target.stored.empty()) << "nobody waits for that";
  EXPECT_EQ(t.target.take_up(1).next_chunk, 4u) << "and what comes in pieces stays";
  wire::store_snapshot order;
  order.group = test::group;
  order.member = test::member;
  order.transfer = 9;
  order.who = t.target.replica;
  order.file = made;
  copy();
  t.target.stored.clear();
  t.target.tell(order);
  t.target.run();
  ASSERT_EQ(t.target.stored.size(), 1u);
  EXPECT_TRUE(t.target.stored[0].installed) << t.target.stored[0].result.text;
  EXPECT_EQ(t.target.stored[0].opened.items, 100u);
  EXPECT_EQ(t.target.snapshot_files(), 0u);
}

TEST(Snapshots, ThatAreNotThereAnyMoreAreSaidToHaveEnded) {
  transfer t;
  t.carry(4);
  auto left = t.target.take_up(2);
  ASSERT_EQ(left.next_chunk, 4u);
  t.source.pass(130s); // nobody asked
  auto answer = t.source.ask(2, 4, 0, left.snapshot);
  EXPECT_FALSE(answer.result.ok());
  EXPECT_TRUE(answer.ended);
  auto anew = t.target.take_up(3, 0, true);
  EXPECT_EQ(anew.next_chunk, 0u);
  EXPECT_EQ(anew.snapshot, 0u);
  t.number = 3;
  EXPECT_TRUE(t.carry().installed);
}

TEST(Snapshots, ThatAreTooOldByNowAreNotGoneOnWith) {
  transfer t;
  t.carry(4);
  t.target.end();
  t.target.restart();
  EXPECT_EQ(t.target.take_up(2, 6).next_chunk, 0u);
  EXPECT_EQ(t.target.snapshot_files(), 0u);
}

// Before it could say that it needs the marks of its pieces no more, and after.
TEST(Snapshots, ThatWereWholeWhenTheTargetWasKilledAreInstalledAtOnce) {
  for (bool marked : {true, false}) {
    transfer t;
    t.carry(4);
    auto path = t.target.snapshot_folder() + "/7-in.snapshot";
    t.target.end();
    std::filesystem::remove(path + ".part");
    if (!marked)
      std::filesystem::remove(path + ".pieces.part");
    for (const auto& one : std::filesystem::directory_iterator(t.source.snapshot_folder()))
      std::filesystem::copy_file(one.path(), path);
    t.target.restart();
    auto answer = t.target.take_up(2);
    EXPECT_TRUE(answer.installed) << answer.result.text;
    EXPECT_EQ(answer.opened.items, 100u);
    EXPECT_EQ(t.target.snapshot_files(), 0u);
  }
}

TEST(Snapshots, AreInstalledBetweenOtherWork) {
  transfer t(100, 100'000); // 10 MB
  t.target.open();
  t.target.put(1, {"old"}, 10);
  auto at = t.carry(30);
  while (!at.installed && at.result.ok()) {
    auto piece = t.source.ask(t.number, at.next_chunk);
    ASSERT_TRUE(piece.result.ok());
    if (piece.chunk.last()) {
      t.target.stored.clear();
      wire::store_snapshot job;
      job.group = test::group;
      job.member = test::member;
      job.transfer = t.number;
      job.chunk = std::make_shared<const msg::SnapshotChunk>(piece.chunk);
      job.who = t.target.replica;
      t.target.tell(std::move(job));
      t.target.send_put(2, {"new"}, 10);
      t.target.applied.clear();
      while (t.target.applied.empty() && t.target.step()) {
      }
      EXPECT_FALSE(t.target.applied.empty());
      EXPECT_TRUE(t.target.stored.empty()) << "it is not built yet, and nobody waits for it";
      t.target.run();
      ASSERT_FALSE(t.target.stored.empty());
      at = t.target.stored.back();
      break;
    }
    at = t.target.store(t.number, piece.chunk);
  }
  EXPECT_TRUE(at.installed) << at.result.text;
  EXPECT_EQ(at.opened.items, 100u);
}

TEST(Snapshots, AreCutAndSentAtNoMoreThanTheNodeMayGive) {
  transfer t(100, 20'000); // 2 MB
  t.source.end();
  t.source.gives_per_second = 1'000'000;
  t.source.restart();
  t.source.open(false);
  auto seconds = 0;
  auto part = t.source.ask(1, 0);
  for (; part.being_cut && seconds < 100; ++seconds) {
    t.source.pass(1s);
    part = t.source.ask(1, 0);
  }
  EXPECT_GE(seconds, 1);
  EXPECT_LE(seconds, 4);
  int sent = 0, refused = 0;
  for (int i = 0; i < 20; ++i) { // no time passes
    part = t.source.ask(1, 0);
    (part.being_cut ? refused : sent) += 1;
  }
  EXPECT_LE(sent, 3);
  EXPECT_GE(refused, 17);
  t.source.pass(1s);
  EXPECT_FALSE(t.source.ask(1, 0).being_cut);
}

} // namespace
} // namespace troupe::disk
