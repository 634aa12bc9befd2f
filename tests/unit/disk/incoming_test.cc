// Snapshots that come: what is kept of them when something goes wrong on the way.
#include "config/limits.h"
#include "storage/item_store.h"
#include "tests/unit/disk/carrying.h"
#include "tests/unit/storage/fault_vfs.h"
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>

namespace troupe::disk {
namespace {

using namespace std::chrono_literals;
using test::transfer;

// No file of this process may be longer meanwhile: a write that would go on behind that is made in part.
class longest_file {
public:
  explicit longest_file(rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &was_);
    rlimit now = was_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~longest_file() {
    ::setrlimit(RLIMIT_FSIZE, &was_);
    std::signal(SIGXFSZ, before_);
  }
  longest_file(const longest_file&) = delete;
  longest_file& operator=(const longest_file&) = delete;

private:
  void (*before_)(int);
  rlimit was_{};
};

TEST(Incoming, PieceThatIsWrittenInPartDoesNotShiftThoseBehindIt) {
  transfer t;
  auto at = t.carry(4);
  ASSERT_EQ(at.next_chunk, 4u);
  auto piece = t.source.ask(1, 4);
  ASSERT_TRUE(piece.result.ok());
  {
    longest_file limit(4 * limits::snapshot_chunk_bytes + 1000);
    EXPECT_FALSE(t.target.store(1, piece.chunk).result.ok());
  }
  t.number = 2;
  EXPECT_EQ(t.target.take_up(2).next_chunk, 4u) << "those before it are there";
  auto last = t.carry();
  EXPECT_TRUE(last.installed) << last.result.text;
  EXPECT_EQ(last.opened.items, 100u);
}

TEST(Incoming, LastPieceThatIsDamagedOnTheWayCostsNoneOfTheOthers) {
  transfer t;
  for (auto at = t.carry(1);; at = t.carry(at.next_chunk + 1)) {
    ASSERT_FALSE(at.installed) << "before the last piece came";
    auto piece = t.source.ask(1, at.next_chunk);
    ASSERT_TRUE(piece.result.ok());
    if (!piece.chunk.last())
      continue;
    piece.chunk.mutable_data()->back() ^= 1;
    EXPECT_EQ(t.target.store(1, piece.chunk).result.outcome, wire::disk_outcome::corrupt);
    EXPECT_EQ(t.target.take_up(2).next_chunk, at.next_chunk);
    break;
  }
  t.number = 2;
  EXPECT_TRUE(t.carry().installed);
}

// The sender's own file is not what it says it is: all that came of it is of no use.
TEST(Incoming, SnapshotThatIsNotWhatWasAnnouncedBeginsAnew) {
  transfer t;
  wire::snapshot_stored at;
  for (std::uint64_t chunk = 0; at.result.ok(); ++chunk) {
    auto piece = t.source.fetch(1, chunk);
    ASSERT_TRUE(piece.result.ok()) << piece.result.text;
    piece.chunk.mutable_header()->set_index(6);
    at = t.target.store(1, piece.chunk);
    ASSERT_FALSE(at.installed);
  }
  EXPECT_EQ(at.result.outcome, wire::disk_outcome::corrupt) << at.result.text;
  EXPECT_EQ(t.target.snapshot_files(), 0u);
  EXPECT_EQ(t.target.take_up(2).next_chunk, 0u);
  t.number = 2;
  EXPECT_TRUE(t.carry().installed);
}

TEST(Incoming, SnapshotThatIsWholeIsNotFetchedAgainWhenRoomIsMissingToInstallIt) {
  testing::fault_vfs disk;
  transfer t;
  disk.become_default(); // of what is opened from now on: the file that the target makes
  disk.capacity = 200'000;
  auto last = t.carry();
  EXPECT_EQ(last.result.outcome, wire::disk_outcome::full) << last.result.text;
  EXPECT_EQ(t.target.snapshot_files(), 1u) << "and nothing of what was built";
  const auto carried = t.carried;
  disk.capacity = UINT64_MAX;
  t.number = 2;
  last = t.carry();
  EXPECT_TRUE(last.installed) << last.result.text;
  EXPECT_EQ(last.opened.items, 100u);
  EXPECT_EQ(t.carried, carried);
}

TEST(Incoming, PiecesWhoseMarksMakeNoSenseAreFetchedAnew) {
  transfer t;
  t.carry(4);
  t.target.end();
  std::filesystem::resize_file(t.target.snapshot_folder() + "/7-in.snapshot.pieces.part", 65u << 20);
  t.target.restart();
  auto left = t.target.take_up(2);
  EXPECT_TRUE(left.result.ok()) << left.result.text;
  EXPECT_EQ(left.next_chunk, 0u);
  t.number = 2;
  EXPECT_TRUE(t.carry().installed);
}

// The last piece is never marked: with it the file is whole, or it is asked for again.
TEST(Incoming, PiecesThatWereAllThereAndNotYetWholeAreGoneOnWithFromTheLastOne) {
  transfer t;
  auto last = t.carry(1);
  for (auto piece = t.source.ask(1, last.next_chunk); !piece.chunk.last();
       piece = t.source.ask(1, last.next_chunk))
    last = t.carry(last.next_chunk + 1);
  t.target.end();
  auto piece = t.source.ask(1, last.next_chunk);
  std::ofstream(t.target.snapshot_folder() + "/7-in.snapshot.part", std::ios::app | std::ios::binary)
      << piece.chunk.data();
  t.target.restart();
  EXPECT_EQ(t.target.take_up(2).next_chunk, last.next_chunk);
  t.number = 2;
  EXPECT_TRUE(t.carry().installed);
}

TEST(Incoming, SnapshotOfWhichNoPieceIsSoundIsAsGoodAsAnyOther) {
  transfer t;
  t.carry(2);
  t.target.end();
  testing::flip_byte(t.target.snapshot_folder() + "/7-in.snapshot.part", 100);
  t.target.restart();
  auto left = t.target.take_up(2);
  EXPECT_EQ(left.next_chunk, 0u);
  EXPECT_EQ(left.snapshot, 0u);
  EXPECT_EQ(t.target.snapshot_files(), 0u);
}

// How many files of that folder this process has open.
std::size_t open_in(const std::string& folder) {
  std::size_t n = 0;
  for (const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code closed_meanwhile;
    n += std::filesystem::read_symlink(one.path(), closed_meanwhile).string().starts_with(folder);
  }
  return n;
}

TEST(Incoming, PiecesOfATransferThatNobodyGoesOnWithStayForAWhile) {
  transfer t;
  t.carry(4);
  EXPECT_EQ(open_in(t.target.snapshot_folder()), 2u);
  t.target.pass(200s);
  EXPECT_EQ(open_in(t.target.snapshot_folder()), 0u);
  EXPECT_EQ(t.target.take_up(2).next_chunk, 4u);
  t.target.pass(3500s);
  EXPECT_EQ(t.target.snapshot_files(), 2u);
  t.target.pass(200s);
  EXPECT_EQ(t.target.snapshot_files(), 0u);
}

TEST(Incoming, PiecesOfAnEarlierRunStayForAWhile) {
  transfer t;
  t.carry(4);
  t.target.end();
  t.target.restart();
  t.target.open(false);
  ASSERT_EQ(t.target.opened.size(), 1u);
  EXPECT_EQ(t.target.opened[0].result.outcome, wire::disk_outcome::missing) << "all it has are the pieces";
  t.target.pass(3500s);
  EXPECT_EQ(t.target.snapshot_files(), 2u);
  t.target.pass(200s);
  EXPECT_EQ(t.target.snapshot_files(), 0u);
}

// A crash has left it, and part of it is in its WAL alone.
TEST(Quarantine, TakesTheWalOfAFileWithIt) {
  test::item_worker worker;
  worker.open();
  worker.put(5, test::keys(10), 1000);
  const auto db = worker.item_path();
  for (const char* end : {"", "-wal"})
    std::filesystem::copy_file(db + end, worker.snapshot_folder() + "/kept" + end);
  worker.end();
  for (const char* end : {"", "-wal"})
    std::filesystem::copy_file(worker.snapshot_folder() + "/kept" + end, db + end,
                               std::filesystem::copy_options::overwrite_existing);
  worker.restart();
  worker.tell(wire::drop_items{test::group, true});
  worker.run();
  const auto folder = std::filesystem::path(db).parent_path();
  EXPECT_TRUE(std::filesystem::is_empty(folder));
  std::vector<std::string> aside;
  for (const auto& one : std::filesystem::directory_iterator(folder.parent_path() / "quarantine"))
    aside.push_back(one.path().string());
  std::sort(aside.begin(), aside.end());
  ASSERT_EQ(aside.size(), 2u);
  EXPECT_EQ(aside[1], aside[0] + "-wal");
  storage::item_options as_it_was;
  as_it_was.group = test::group;
  as_it_was.member = test::member;
  auto store = storage::item_store::open(aside[0], as_it_was);
  ASSERT_TRUE(store.ok()) << store.error().text;
  EXPECT_EQ((*store)->applied().index, 5u);
}

} // namespace
} // namespace troupe::disk
