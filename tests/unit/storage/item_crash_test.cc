// Items when the power goes, the disk is full or a sync fails: a whole index, and not an older one than was
// promised.
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/item_fixtures.h"
#include <random>

namespace troupe::testing {
namespace {

using storage::code;

TEST(item_crash_test, a_power_cut_at_any_step_leaves_a_whole_index_not_older_than_what_was_synced) {
  temporary_directory dir;
  std::string path = dir.file("items.db");
  fault_vfs disk;
  auto options = item_options_of(1, 11);
  options.vfs = disk.name();
  options.checkpoint_bytes = 64 * 1024;
  options.wal_bytes_max = 128 * 1024;
  options.cache_bytes = 64 * 1024;
  const fault_vfs::leftover kinds[] = {fault_vfs::leftover::nothing, fault_vfs::leftover::prefix,
                                       fault_vfs::leftover::mixture};
  std::mt19937_64 random(1);
  bool finished = false;
  int rounds = 0;
  for (int step = 1; !finished && step < 20'000; step += 1 + step / 50) {
    for (const char* tail : {"", "-wal", "-journal"})
      std::filesystem::remove(path + tail);
    disk.cut_power_in = step;
    std::vector<std::map<std::string, std::string>> at_index(1); // what each index holds
    std::uint64_t durable = 0;
    {
      std::mt19937_64 work(9);
      auto store = storage::item_store::open(path, options);
      bool ok = store.ok();
      for (std::uint64_t index = 1; ok && index <= 60; ++index) {
        change_list c;
        auto next = at_index.back();
        for (int i = 0; i < 6; ++i) {
          std::string key = "k" + std::to_string(work() % 40);
          next[key] = std::string(work() % 2000, static_cast<char>('a' + work() % 26));
          c.put(key, next[key]);
        }
        at_index.push_back(std::move(next));
        ok = (*store)->apply(c.at(index)).ok();
        if (ok && work() % 7 == 0)
          ok = (*store)->sync().ok();
        if (ok && (*store)->maintenance_due())
          ok = (*store)->maintain().ok();
        durable = (*store)->durable_applied();
      }
      finished = ok && !disk.power_is_off();
      disk.switch_off();
    }
    disk.cut_power(kinds[rounds++ % 3], random);
    auto store = storage::item_store::open(path, options);
    ASSERT_TRUE(done(store)) << "cut at step " << step;
    std::uint64_t index = (*store)->applied().index;
    ASSERT_GE(index, durable) << "cut at step " << step;
    ASSERT_LT(index, at_index.size());
    ASSERT_EQ((*store)->durable_applied(), index);
    ASSERT_TRUE(done((*store)->integrity_check())) << "cut at step " << step;
    auto all = (*store)->scan("", "", false, 1000, 1 << 20);
    ASSERT_TRUE(done(all));
    ASSERT_EQ((std::map<std::string, std::string>(all->records.begin(), all->records.end())),
              at_index[index]);
    store->reset();
    disk.cut_power(fault_vfs::leftover::nothing, random);
  }
  EXPECT_TRUE(finished);
  EXPECT_GT(rounds, 60);
}

TEST(item_crash_test, a_full_disk_refuses_and_recovers) {
  temporary_directory dir;
  fault_vfs disk;
  auto options = item_options_of(1, 11);
  options.vfs = disk.name();
  auto store = open_items(dir.file("items.db"), options);
  change_list first, second;
  ASSERT_TRUE(done(store->apply(first.put("kept", std::string(1000, 'k')).at(1))));
  disk.capacity = disk.bytes_used() + 50'000;
  EXPECT_TRUE(failed_as(store->apply(second.put("big", std::string(200'000, 'b')).put("kept", "no").at(2)),
                        code::full));
  EXPECT_EQ(store->applied().index, 1u);
  EXPECT_EQ(store->get("kept").value()->size(), 1000u);
  EXPECT_FALSE(store->get("big").value().has_value());
  EXPECT_EQ(store->stats().items, 1u);
  disk.capacity = UINT64_MAX;
  ASSERT_TRUE(done(store->apply(second.at(2))));
  EXPECT_EQ(store->get("big").value()->size(), 200'000u);
  EXPECT_TRUE(done(store->integrity_check()));
}

TEST(item_crash_test, a_sync_that_fails_is_final) {
  temporary_directory dir;
  fault_vfs disk;
  auto options = item_options_of(1, 11);
  options.vfs = disk.name();
  auto store = open_items(dir.file("items.db"), options);
  change_list c;
  ASSERT_TRUE(done(store->apply(c.put("a", "1").at(1))));
  disk.fail_sync_in = 1;
  EXPECT_TRUE(failed_as(store->sync(), code::io_fatal));
  EXPECT_EQ(store->durable_applied(), 0u);
  EXPECT_TRUE(failed_as(store->sync(), code::io_fatal)) << "not a second chance";
  EXPECT_TRUE(failed_as(store->checkpoint(), code::io_fatal));
  EXPECT_TRUE(failed_as(store->apply(c.at(2)), code::io_fatal));
}

} // namespace
} // namespace troupe::testing
