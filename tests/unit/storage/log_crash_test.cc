// The log when the power goes, the disk is full or a sync fails: what was acknowledged is there, what was not
// is there whole or not at all.
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/log_model.h"
#include <csignal>
#include <sys/wait.h>

namespace troupe::testing {
namespace {

using storage::code;

class log_crash_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string path = dir.file("log.db");
  fault_vfs disk;

  storage::log_options options() {
    storage::log_options o;
    o.vfs = disk.name();
    o.checkpoint_bytes = 128 * 1024; // so that checkpoints are among the steps
    o.wal_bytes_max = 256 * 1024;
    o.cache_bytes = 64 * 1024; // and so are spilled pages
    return o;
  }
};

struct outcome {
  log_model acknowledged;
  log_model attempted; // the same, unless a write was under way
  bool finished = false;
};

// Writes batches until one fails.
outcome work(const std::string& path, const storage::log_options& options, std::uint64_t seed, int batches) {
  outcome o;
  auto log = storage::log_store::open(path, options);
  if (!log)
    return o;
  std::mt19937_64 random(seed);
  for (int i = 0; i < batches; ++i) {
    auto [batch, after] = o.acknowledged.next(random, 6000);
    o.attempted = after;
    if (!(*log)->append(batch))
      return o;
    o.acknowledged = o.attempted;
    if ((*log)->maintenance_due() || random() % 8 == 0)
      if (!(*log)->maintain())
        return o;
  }
  o.finished = true;
  return o;
}

TEST_F(log_crash_test, a_power_cut_at_any_step_loses_nothing_acknowledged) {
  const fault_vfs::leftover kinds[] = {fault_vfs::leftover::nothing, fault_vfs::leftover::prefix,
                                       fault_vfs::leftover::mixture};
  std::mt19937_64 random(1);
  bool finished = false;
  int steps = 0;
  for (int step = 1; !finished && step < 20'000; step += 1 + step / 40) {
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-wal");
    std::filesystem::remove(path + "-journal");
    disk.cut_power_in = step;
    outcome o = work(path, options(), 7, 40);
    finished = o.finished && !disk.power_is_off();
    disk.cut_power(kinds[steps++ % 3], random);
    // Reopened, and once more after a clean close: nothing may depend on the first recovery.
    for (int again = 0; again < 2; ++again) {
      auto log = storage::log_store::open(path, options());
      ASSERT_TRUE(done(log)) << "cut at step " << step;
      auto kept = o.acknowledged.held_by(**log);
      if (!kept)
        kept = o.attempted.held_by(**log);
      ASSERT_TRUE(kept) << "cut at step " << step;
    }
    disk.cut_power(fault_vfs::leftover::nothing, random); // forget what this round wrote
  }
  EXPECT_TRUE(finished);
  EXPECT_GT(steps, 60);
}

TEST_F(log_crash_test, many_cuts_in_a_row_lose_nothing_acknowledged) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-wal");
    std::mt19937_64 random(seed);
    log_model held;
    for (int life = 0; life < 8; ++life) {
      auto log = storage::log_store::open(path, options());
      ASSERT_TRUE(done(log)) << "seed " << seed << " life " << life;
      ASSERT_TRUE(held.held_by(**log)) << "seed " << seed << " life " << life;
      disk.cut_power_in = static_cast<int>(1 + random() % 200);
      log_model attempted = held;
      for (int i = 0; i < 40; ++i) {
        auto [batch, after] = held.next(random, 3000);
        attempted = after;
        if (!(*log)->append(batch))
          break;
        held = attempted;
        if (random() % 6 == 0)
          (void)(*log)->maintain();
      }
      disk.switch_off();
      log->reset();
      disk.cut_power(life % 2 ? fault_vfs::leftover::mixture : fault_vfs::leftover::nothing, random);
      auto found = storage::log_store::open(path, options());
      ASSERT_TRUE(done(found)) << "seed " << seed << " life " << life;
      if (auto kept = held.held_by(**found); !kept) {
        ASSERT_TRUE(attempted.held_by(**found))
            << "seed " << seed << " life " << life << ", nor " << kept.message();
        held = attempted;
      }
    }
    disk.cut_power(fault_vfs::leftover::nothing, random);
  }
}

TEST_F(log_crash_test, a_full_disk_refuses_keeps_and_recovers) {
  auto log = open_log(path, options());
  std::mt19937_64 random(3);
  ASSERT_TRUE(done(log->append({create_group(1), create_group(2)})));
  chain one(1), two(2);
  entries held;
  disk.capacity = disk.bytes_used() + 600 * 1024;
  int refused = 0;
  for (int i = 0; i < 1000 && refused < 5; ++i) {
    chain before = one;
    auto more = one.some(1 + random() % 5, 3000);
    auto wrote = log->append({write_of(1, more)});
    if (wrote) {
      held.insert(held.end(), more.begin(), more.end());
      continue;
    }
    ASSERT_TRUE(failed_as(wrote, code::full));
    one = before;
    ++refused;
  }
  ASSERT_EQ(refused, 5);
  EXPECT_TRUE(same(log->load(1)->entries, held)) << "refused writes left something behind";

  // A process that starts on the full disk finds everything, and refuses as well.
  disk.switch_off();
  log.reset();
  disk.cut_power(fault_vfs::leftover::nothing, random);
  disk.capacity = 0;
  log = open_log(path, options());
  ASSERT_TRUE(log);
  EXPECT_TRUE(same(log->load(1)->entries, held));
  EXPECT_TRUE(failed_as(log->append({write_of(2, two.some(1, 200'000))}), code::full));

  // Somebody makes room.
  disk.capacity = UINT64_MAX;
  auto more = one.some(3, 3000);
  ASSERT_TRUE(done(log->append({write_of(1, more)})));
  ASSERT_TRUE(done(log->maintain()));
  held.insert(held.end(), more.begin(), more.end());
  log.reset();
  log = open_log(path, options());
  EXPECT_TRUE(same(log->load(1)->entries, held));
}

TEST_F(log_crash_test, a_sync_that_fails_is_final) {
  auto log = open_log(path, options());
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  auto kept = c.some(2);
  ASSERT_TRUE(done(log->append({write_of(1, kept)})));
  disk.fail_sync_in = 1;
  EXPECT_TRUE(failed_as(log->append({write_of(1, c.some(2))}), code::io_fatal));
  // Not a second chance, although the disk is well again.
  EXPECT_TRUE(failed_as(log->append({write_of(1, c.some(2))}), code::io_fatal));
  auto syncs = disk.syncs();
  log.reset();
  EXPECT_EQ(disk.syncs(), syncs) << "closing wrote to a disk that is not to be trusted";
  std::mt19937_64 random(1);
  disk.cut_power(fault_vfs::leftover::nothing, random);
  log = open_log(path, options());
  auto got = log->load(1);
  ASSERT_TRUE(done(got));
  EXPECT_TRUE(same(got->entries, kept));
}

TEST_F(log_crash_test, a_write_that_fails_keeps_nothing_and_may_be_tried_again) {
  auto log = open_log(path, options());
  ASSERT_TRUE(done(log->append({create_group(1)})));
  chain c(1);
  auto list = c.some(3, 2000);
  disk.fail_writes = true;
  EXPECT_TRUE(failed_as(log->append({write_of(1, list)}), code::io));
  EXPECT_EQ(log->last_index(1), 0u);
  disk.fail_writes = false;
  ASSERT_TRUE(done(log->append({write_of(1, list)})));
  log.reset();
  log = open_log(path, options());
  EXPECT_TRUE(same(log->load(1)->entries, list));
}

// The real thing: a process that is killed while it appends.
TEST(log_kill_test, a_killed_process_leaves_all_it_acknowledged) {
  temporary_directory dir;
  std::string path = dir.file("log.db");
  constexpr std::uint64_t group = 5;
  for (int life = 0; life < 5; ++life) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto log = storage::log_store::open(path);
      if (!log)
        ::_exit(1);
      if (!(*log)->holds(group) && !(*log)->append({create_group(group)}))
        ::_exit(1);
      auto here = (*log)->load(group);
      if (!here || here->verdict != storage::log_verdict::whole)
        ::_exit(1);
      chain c(group, here->mark, here->entries.empty() ? 0 : here->entries.back().link());
      for (;;) {
        if (!(*log)->append({write_of(group, c.some(3, 500))}) || !(*log)->maintain())
          ::_exit(1);
        std::uint64_t acknowledged = c.last();
        if (::write(pipe_ends[1], &acknowledged, sizeof acknowledged) != sizeof acknowledged)
          ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    std::uint64_t acknowledged = 0;
    for (int reads = 0; reads < 50 + life * 37; ++reads)
      ASSERT_EQ(::read(pipe_ends[0], &acknowledged, sizeof acknowledged),
                static_cast<ssize_t>(sizeof acknowledged));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe_ends[0], &acknowledged, sizeof acknowledged) > 0)
      ; // what it still said
    ::close(pipe_ends[0]);
    auto log = open_log(path);
    auto got = log->load(group);
    ASSERT_TRUE(done(got));
    EXPECT_EQ(got->verdict, storage::log_verdict::whole) << got->what;
    EXPECT_GE(got->mark, acknowledged);
    EXPECT_EQ(got->entries.size(), got->mark);
  }
}

} // namespace
} // namespace troupe::testing
