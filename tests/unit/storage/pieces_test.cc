// The small pieces storage is made of.
#include "storage/bytes.h"
#include "storage/checksum.h"
#include "storage/disk_space.h"
#include "storage/files.h"
#include "storage/log_index.h"
#include "tests/unit/storage/fixtures.h"
#include <map>
#include <random>
#include <set>

namespace troupe::testing {
namespace {

using storage::code;

// The values are part of the file formats: they must never change.
TEST(checksum_test, known_bytes_have_known_sums) {
  EXPECT_EQ(storage::checksum(""), 0x2d06800538d394c2u);
  EXPECT_EQ(storage::checksum("troupe"), storage::checksum(std::string("troupe")));
  EXPECT_NE(storage::record_checksum("a", "b"), storage::record_checksum("b", "a"));
  EXPECT_NE(storage::record_checksum("", "ab"), storage::record_checksum("a", "b"));
  std::string long_text(100'000, 'x');
  storage::running_checksum running;
  for (std::size_t at = 0; at < long_text.size(); at += 7919)
    running.add(std::string_view(long_text).substr(at, 7919));
  EXPECT_EQ(running.value(), storage::checksum(long_text));
}

TEST(checksum_test, an_entrys_link_covers_everything_but_its_ballot) {
  msg::Entry e;
  e.set_index(5);
  e.set_kind(msg::Entry::COMMAND);
  e.set_payload("payload");
  auto link = entry_link(1, e, 77);
  std::string bytes;
  storage::append_u64(bytes, 1);
  storage::append_u64(bytes, 5);
  storage::append_u64(bytes, 1);
  storage::append_u64(bytes, storage::checksum("payload"));
  storage::append_u64(bytes, 77);
  EXPECT_EQ(link, storage::checksum(bytes)) << "docs/formats.md says so";
  EXPECT_NE(entry_link(2, e, 77), link);
  EXPECT_NE(entry_link(1, e, 78), link);
  auto changed = e;
  changed.mutable_ballot()->set_round(9);
  EXPECT_EQ(entry_link(1, changed, 77), link);
  changed.set_index(6);
  EXPECT_NE(entry_link(1, changed, 77), link);
  changed = e;
  changed.set_kind(msg::Entry::NOOP);
  EXPECT_NE(entry_link(1, changed, 77), link);
  changed = e;
  changed.set_payload("paYload");
  EXPECT_NE(entry_link(1, changed, 77), link);
}

TEST(bytes_test, a_reader_past_the_end_says_so_and_stays_there) {
  std::string bytes;
  storage::append_u32(bytes, 7);
  storage::append_u64(bytes, 1ull << 40);
  storage::byte_reader in(bytes);
  EXPECT_EQ(in.u32(), 7u);
  EXPECT_EQ(in.u64(), 1ull << 40);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.u32(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_TRUE(in.bytes(0).empty());
  EXPECT_FALSE(in.ok());
}

// Against a map from index to run, through every way in which runs can lie over each other.
TEST(log_index_test, newer_runs_hide_older_ones_and_the_dead_are_named_once) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 random(seed);
    storage::log_index index;
    std::map<std::uint64_t, std::uint64_t> wanted; // index -> run
    std::set<std::uint64_t> alive, dead;
    std::uint64_t base = 0;
    for (std::uint64_t run = 1; run <= 40; ++run) {
      storage::log_index::dead_runs now_dead;
      if (random() % 6 == 0 && !wanted.empty()) {
        base += random() % (wanted.rbegin()->first - base + 1);
        index.truncate(base, now_dead);
        wanted.erase(wanted.begin(), wanted.upper_bound(base));
      } else if (random() % 20 == 0) {
        index.clear(now_dead);
        if (!wanted.empty())
          base = wanted.rbegin()->first;
        wanted.clear();
      } else {
        std::uint64_t last = wanted.empty() ? base : wanted.rbegin()->first;
        std::uint64_t from = base + 1 + random() % (last - base + 1);
        std::uint64_t to = from + random() % 8;
        index.add(run, from, to, 10, now_dead);
        for (std::uint64_t i = from; i <= to; ++i)
          wanted[i] = run;
        alive.insert(run);
      }
      for (const auto& e : now_dead)
        ASSERT_TRUE(dead.insert(e.run).second) << "run " << e.run << " died twice, seed " << seed;
      std::map<std::uint64_t, std::uint64_t> got;
      std::uint64_t before = 0;
      for (const auto& e : index.extents()) {
        ASSERT_GT(e.first, before);
        before = e.last;
        for (std::uint64_t i = e.first; i <= e.last; ++i)
          got[i] = e.run;
      }
      ASSERT_EQ(got, wanted) << "seed " << seed;
      std::set<std::uint64_t> held;
      for (const auto& [i, r] : wanted)
        held.insert(r);
      std::set<std::uint64_t> expected_dead;
      for (auto r : alive)
        if (!held.contains(r))
          expected_dead.insert(r);
      ASSERT_EQ(dead, expected_dead) << "seed " << seed;
      ASSERT_EQ(index.entries(), wanted.size());
      ASSERT_EQ(index.bytes(), 10 * held.size());
    }
  }
}

TEST(disk_space_test, a_node_at_the_edge_does_not_flap) {
  storage::disk_reserve reserve(800);
  EXPECT_TRUE(reserve.update(800));
  EXPECT_FALSE(reserve.update(799));
  EXPECT_FALSE(reserve.update(850)) << "an eighth more is asked for";
  EXPECT_FALSE(reserve.accepts());
  EXPECT_TRUE(reserve.update(900));
  EXPECT_TRUE(reserve.update(850));
  reserve.was_full(); // whatever the reading said
  EXPECT_FALSE(reserve.accepts());
  EXPECT_TRUE(reserve.update(5000));
}

TEST(disk_space_test, free_room_is_known_where_there_is_a_directory) {
  temporary_directory dir;
  auto room = storage::free_bytes(dir.path());
  ASSERT_TRUE(done(room));
  EXPECT_GT(*room, 0u);
  EXPECT_TRUE(failed_as(storage::free_bytes(dir.file("nowhere")), code::missing));
}

TEST(files_test, a_file_appears_whole_or_not_at_all) {
  temporary_directory dir;
  std::string path = dir.file("f");
  write_bytes(path, "old");
  {
    auto writer = storage::file_writer::create(path);
    ASSERT_TRUE(done(writer));
    ASSERT_TRUE(done((*writer)->write("new")));
    EXPECT_EQ(read_bytes(path), "old");
  }
  EXPECT_EQ(read_bytes(path), "old");
  EXPECT_FALSE(storage::exists(path + ".part"));
  auto writer = storage::file_writer::create(path);
  ASSERT_TRUE(done((*writer)->write("new")));
  ASSERT_TRUE(done((*writer)->publish()));
  EXPECT_EQ(read_bytes(path), "new");
  EXPECT_TRUE(failed_as(storage::read_whole(path, 2), code::corrupt));
  EXPECT_TRUE(failed_as(storage::read_whole(dir.file("none"), 2), code::missing));
}

TEST(files_test, a_device_without_room_is_full) {
  auto* out = std::fopen("/dev/full", "w");
  if (out == nullptr)
    GTEST_SKIP() << "no /dev/full here";
  std::fclose(out);
  temporary_directory dir;
  std::filesystem::create_symlink("/dev/full", dir.file("f.part"));
  auto writer = storage::file_writer::create(dir.file("f"));
  ASSERT_TRUE(done(writer));
  EXPECT_TRUE(failed_as((*writer)->write("x"), code::full));
}

TEST(result_death, asking_for_what_is_not_there_aborts) {
  storage::result<int> good = 1;
  storage::result<int> bad = storage::error{code::io, "no"};
  EXPECT_EQ(*good, 1);
  EXPECT_EQ(bad.error().text, "no");
  EXPECT_DEATH((void)good.error(), "error of a value");
  EXPECT_DEATH((void)bad.value(), "value of an error");
}

} // namespace
} // namespace troupe::testing
