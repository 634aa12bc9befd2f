// Items that nobody has any more, made anew as a snapshot for whoever goes on from there.
#include "actors/archiver/rebuilder.h"
#include "actors/history/rebuild.h"
#include "storage/archive/directory_store.h"
#include "storage/archive/segment.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/history/archived.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <gtest/gtest.h>

namespace troupe::archiver {
namespace {

constexpr archive::place whose{0xc1u, 0x7ab1eu, 12};

class Rebuilder : public ::testing::Test {
protected:
  Rebuilder() : config_(nodes_test::on_virtual_time()), system_(config_) {}

  void put(const std::string& key, std::uint64_t request, const std::string& what = {}) {
    msg::Command command;
    command.set_time_ms(1000 + static_cast<std::int64_t>(log.size()));
    command.mutable_id()->set_client(9);
    command.mutable_id()->set_sequence(request);
    auto& effect = *command.add_effects();
    effect.set_key(key);
    effect.set_item("item of " + key + what);
    log.push_back(*chain.next(command.SerializeAsString(), 3));
  }
  void archive(std::size_t first, std::size_t last) {
    auto bytes =
        storage::write_segment(testing::about(whose), {log.begin() + static_cast<std::ptrdiff_t>(first) - 1,
                                                       log.begin() + static_cast<std::ptrdiff_t>(last)});
    ASSERT_TRUE(bytes);
    auto name = archive::segment_name(archive::folder_of(whose), {first, last, 0});
    ASSERT_TRUE((*storage::directory_store::open(where.file("archive")))->put(name, *bytes));
  }
  void damage(std::size_t first, std::size_t last) {
    auto store = storage::directory_store::open(where.file("archive"));
    auto name = archive::segment_name(archive::folder_of(whose), {first, last, 0});
    auto bytes = (*store)->get(name, storage::segment_bytes_max);
    ASSERT_TRUE(bytes);
    (*bytes)[bytes->size() / 2] ^= 1;
    ASSERT_TRUE((*store)->remove(name));
    ASSERT_TRUE((*store)->put(name, *bytes));
  }
  // What it says is wrong; empty: the snapshot is there.
  std::string rebuild(std::uint64_t least, std::uint64_t last) {
    rebuilder_options options;
    options.open = [this]() -> storage::result<std::unique_ptr<storage::object_store>> {
      auto opened = storage::directory_store::open(where.file("archive"));
      if (!opened)
        return opened.error();
      return std::unique_ptr<storage::object_store>(std::move(*opened));
    };
    options.takes = takes;
    options.clock = &kit::system_clock();
    options.cancelled = stops;
    options.room.kept = keeps_free;
    options.room.free = [this](const std::string&) { return storage::result<std::uint64_t>(has_free); };
    auto worker = spawn_rebuilder(system_, options, false);
    rebuild_job job;
    job.whose = whose;
    job.least = least;
    job.last = last;
    job.path = path;
    made = {};
    made.trouble = "no answer";
    caf::scoped_actor asker(system_);
    auto asking = asker->request(worker, caf::infinite, job);
    dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler()).run();
    asking.receive([&](const wire::items_rebuilt& done) { made = done; },
                   [&](caf::error& why) { made.trouble = system_.render(why); });
    return made.trouble;
  }

  testing::temporary_directory where;
  std::string path = where.file("12-archived.snapshot");
  testing::chain chain{whose.group, 0, 0};
  wire::items_rebuilt made; // the last that was
  std::vector<msg::Entry> log;
  std::uint64_t has_free = 1u << 30;
  std::uint64_t keeps_free = 0;
  std::shared_ptr<kit::pace> takes;
  std::shared_ptr<std::atomic<bool>> stops = std::make_shared<std::atomic<bool>>(false);

private:
  kit::node_config config_;
  caf::actor_system system_;
};

TEST_F(Rebuilder, LeavesASnapshotThatAMemberCanGoOnFrom) {
  for (int i = 1; i <= 30; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i));
  archive(1, 12);
  archive(13, 30);
  ASSERT_EQ(rebuild(10, 20), "");
  auto snapshot = storage::snapshot_reader::open(path);
  ASSERT_TRUE(snapshot) << snapshot.error().text;
  auto& header = (*snapshot)->header();
  EXPECT_EQ(header.index(), 20u) << "no further than the member knows to be chosen";
  EXPECT_EQ(header.link(), log[19].link());
  EXPECT_EQ(made.file, path);
  EXPECT_EQ(made.index, 20u);
  EXPECT_EQ(made.link, log[19].link()) << "for who compares it with its own log";
  EXPECT_EQ(header.items(), 20u);
  EXPECT_EQ(header.time_ms(), 1019);
  ASSERT_EQ(header.requests_size(), 20) << "a request that is repeated must not take effect again";
  EXPECT_EQ(header.requests(19).id().sequence(), 20u);
  EXPECT_TRUE((*snapshot)->verify());
  EXPECT_FALSE(storage::exists(path + ".items")) << "what it was made with";
}

TEST_F(Rebuilder, EndsWhereTheArchiveEndsIfTheLogOfTheMemberReachesThatFar) {
  for (int i = 1; i <= 30; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i));
  archive(1, 12);
  ASSERT_EQ(rebuild(10, 30), "");
  EXPECT_EQ((*storage::snapshot_reader::open(path))->header().index(), 12u);
}

// Whoever archived it last is gone, and nobody puts another copy there before somebody leads again.
TEST_F(Rebuilder, EndsWhereTheArchiveIsDamagedIfTheLogOfTheMemberReachesThatFar) {
  for (int i = 1; i <= 30; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i));
  archive(1, 12);
  archive(13, 30);
  damage(13, 30);
  ASSERT_EQ(rebuild(10, 30), "");
  EXPECT_EQ((*storage::snapshot_reader::open(path))->header().index(), 12u);
  EXPECT_NE(rebuild(13, 30).find("behind entry 13"), std::string::npos);
}

TEST_F(Rebuilder, SaysWhatIsMissingBetweenTheArchiveAndTheLog) {
  for (int i = 1; i <= 30; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i));
  archive(1, 12);
  auto trouble = rebuild(13, 30);
  EXPECT_NE(trouble.find("ends with entry 12"), std::string::npos) << trouble;
  EXPECT_NE(trouble.find("behind entry 13"), std::string::npos) << trouble;
  EXPECT_FALSE(storage::exists(path));
  EXPECT_EQ(made.file, "");
}

TEST_F(Rebuilder, DoesNotFillTheDisk) {
  for (int i = 1; i <= 30; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i));
  archive(1, 30);
  keeps_free = 2u << 30;
  EXPECT_NE(rebuild(10, 20).find("the disk has"), std::string::npos) << made.trouble;
  EXPECT_FALSE(storage::exists(path));
}

TEST_F(Rebuilder, BeginsWithNoSnapshotThatTheDiskHasNoRoomFor) {
  for (int i = 1; i <= 8; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i), std::string(256 << 10, 'v'));
  archive(1, 8);
  auto store = storage::directory_store::open(where.file("archive"));
  history::rebuild_order order;
  order.whose = whose;
  order.last = 8;
  order.path = where.file("source.db");
  auto source = history::rebuild::begin(**store, order);
  ASSERT_TRUE(testing::done(source) && testing::done((*source)->finish()));
  testing::archive_snapshot(**store, whose, (*source)->items(), where.file("snapshot"));
  keeps_free = has_free - (3u << 20); // the snapshot is 2 MiB, and so is what it is put into
  auto trouble = rebuild(5, 8);
  EXPECT_NE(trouble.find("has 1024 MiB left; about 4 are needed"), std::string::npos) << trouble;
  keeps_free = has_free - (5u << 20);
  EXPECT_EQ(rebuild(5, 8), "");
}

// The rate is for what is fetched, and not for what is then written.
TEST_F(Rebuilder, PaysForWhatItFetchesOnce) {
  for (int i = 1; i <= 32; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i), std::string(300 << 10, 'v'));
  archive(1, 32); // next to nothing, compressed
  takes = std::make_shared<kit::pace>(8 << 20, kit::system_clock().now_us());
  ASSERT_EQ(rebuild(10, 32), "");
  EXPECT_GT(std::filesystem::file_size(path), 9u << 20);
  EXPECT_EQ(takes->admit(1, kit::system_clock().now_us()), 0) << "nothing is owed";
}

TEST_F(Rebuilder, EndsWhenTheNodeStops) {
  for (int i = 1; i <= 30; ++i)
    put("k" + std::to_string(i), static_cast<std::uint64_t>(i));
  archive(1, 30);
  *stops = true;
  EXPECT_NE(rebuild(10, 20), "");
  EXPECT_FALSE(storage::exists(path));
  EXPECT_FALSE(storage::exists(path + ".items"));
}

} // namespace
} // namespace troupe::archiver
