// The log after bytes changed while it slept: whatever flips, what is read is either right or called damaged
// or lost.
#include "storage/log_format.h"
#include "storage/wal_audit.h"
#include "tests/unit/storage/fixtures.h"
#include <sqlite3.h>

namespace troupe::testing {
namespace {

using storage::code;
using storage::log_verdict;
using storage::log_write;

void change_rows(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* why = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << sql << ": " << why;
  sqlite3_free(why);
  EXPECT_GT(sqlite3_total_changes(db), 0) << sql << " changed nothing";
  sqlite3_close(db);
}

// The one value that the query gives, as it lies in the file.
std::string row_bytes(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* query = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &query, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_step(query), SQLITE_ROW);
  std::string bytes;
  if (sqlite3_column_type(query, 0) == SQLITE_INTEGER)
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(sqlite3_column_int64(query, 0) >> shift);
  else
    bytes.assign(static_cast<const char*>(sqlite3_column_blob(query, 0)),
                 static_cast<std::size_t>(sqlite3_column_bytes(query, 0)));
  sqlite3_finalize(query);
  sqlite3_close(db);
  return bytes;
}

class log_damage_test : public ::testing::Test {
protected:
  temporary_directory dir;
  std::string path = dir.file("log.db");
  chain one{1};
  entries list;

  void SetUp() override {
    auto log = open_log(path);
    ASSERT_TRUE(done(log->append({create_group(1), create_group(2)})));
    for (int i = 0; i < 4; ++i) {
      auto more = one.some(3, 700);
      list.insert(list.end(), more.begin(), more.end());
      auto w = write_of(1, more);
      w.hard_state = hard_state(1, more.back()->index() - 1);
      ASSERT_TRUE(done(log->append({w})));
    }
  }
  storage::loaded_log load(std::uint64_t group) {
    auto log = open_log(path);
    auto got = log->load(group);
    EXPECT_TRUE(done(got));
    return got ? *got : storage::loaded_log{};
  }
};

TEST_F(log_damage_test, a_flipped_payload_byte_damages_that_entry_alone_and_it_can_be_put_back) {
  flip_near(path, "g1 e5 ", 100);
  auto log = open_log(path);
  auto got = log->load(1);
  ASSERT_TRUE(done(got));
  EXPECT_EQ(got->verdict, log_verdict::damaged);
  EXPECT_EQ(got->damaged, (std::vector<std::uint64_t>{5}));
  EXPECT_EQ(got->entries.size(), list.size() - 1);
  EXPECT_TRUE(failed_as(log->read(1, 5, 9, 10'000), code::corrupt));
  auto before = log->read(1, 3, 9, 10'000);
  ASSERT_TRUE(done(before));
  EXPECT_TRUE(same(*before, {list[2], list[3]})) << "what comes before it is still served";
  EXPECT_TRUE(failed_as(log->truncate(1, 5), code::corrupt)) << "its link would be needed";
  // Which must not keep other groups from appending in the same batch.
  log_write cut;
  cut.group = 1;
  cut.truncate_up_to = 5;
  chain two(2);
  ASSERT_TRUE(done(log->append({cut, write_of(2, two.some(1))})));
  EXPECT_EQ(log->load(1)->base.index, 0u);

  ASSERT_TRUE(done(log->append({write_of(1, {list[4]})}))); // a peer sent it
  log.reset();
  auto again = load(1);
  EXPECT_EQ(again.verdict, log_verdict::whole) << again.what;
  EXPECT_TRUE(same(again.entries, list));
}

TEST_F(log_damage_test, a_flipped_entry_head_damages_what_is_behind_it_in_its_run) {
  flip_near(path, "g1 e5 ", -30); // the run has 4, 5 and 6
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::damaged);
  EXPECT_EQ(got.damaged, (std::vector<std::uint64_t>{5, 6}));
}

// As the scrub does it, in a log that is open and in use.
TEST_F(log_damage_test, is_found_slice_by_slice_and_mended_with_what_fits) {
  auto check_all = [&](storage::log_store& log, std::size_t slice_bytes) {
    std::vector<std::uint64_t> damaged;
    std::uint64_t entries_read = 0;
    EXPECT_TRUE(done(log.forget_cached()));
    for (std::uint64_t from = 1; from != 0;) {
      auto slice = log.check(1, from, slice_bytes);
      EXPECT_TRUE(done(slice));
      if (!slice)
        break;
      damaged.insert(damaged.end(), slice->damaged.begin(), slice->damaged.end());
      entries_read += slice->entries;
      from = slice->next;
    }
    EXPECT_EQ(entries_read, list.size());
    return damaged;
  };
  auto log = open_log(path);
  EXPECT_TRUE(check_all(*log, 1).empty());
  EXPECT_TRUE(failed_as(log->mend(1, {list[4]}), code::refused)) << "it is not damaged";
  log.reset();
  flip_near(path, "g1 e5 ", 100);
  flip_near(path, "g1 e6 ", 100);
  flip_near(path, "g1 e9 ", 100);
  log = open_log(path);
  const std::vector<std::uint64_t> wrong{5, 6, 9};
  EXPECT_EQ(check_all(*log, 1), wrong) << "a run in each slice";
  EXPECT_EQ(check_all(*log, 1 << 20), wrong) << "all in one";

  chain other(1);
  auto strange = other.some(9, 600);
  EXPECT_TRUE(failed_as(log->mend(1, {strange[4]}), code::refused)) << "of another history";
  EXPECT_TRUE(failed_as(log->mend(1, {list[5]}), code::refused)) << "what it follows is damaged, too";
  EXPECT_TRUE(failed_as(log->mend(2, {list[4]}), code::refused));
  EXPECT_EQ(check_all(*log, 1), wrong);
  ASSERT_TRUE(done(log->mend(1, {list[4], list[5]})));
  ASSERT_TRUE(done(log->mend(1, {list[8]})));
  EXPECT_TRUE(check_all(*log, 1).empty());
  log.reset();
  EXPECT_TRUE(same(load(1).entries, list));
}

TEST_F(log_damage_test, rows_that_rot_while_the_log_is_open_are_put_back_from_memory) {
  const std::string row = row_bytes(path, "SELECT body FROM groups WHERE group_id=1");
  const std::string mark = row_bytes(path, "SELECT check_sum FROM marks WHERE group_id=1");
  auto log = open_log(path);
  auto put_back = [&](std::uint64_t group) {
    EXPECT_TRUE(done(log->forget_cached()));
    auto slice = log->check(group, 0, 1 << 20);
    EXPECT_TRUE(done(slice));
    return slice && slice->rows_put_back;
  };
  EXPECT_FALSE(put_back(1)) << "nothing is wrong";
  flip_near(path, row, 3);
  EXPECT_TRUE(put_back(1));
  EXPECT_FALSE(put_back(1));
  log.reset();
  log = open_log(path); // what was put back is in the file itself now
  flip_near(path, mark, 3);
  EXPECT_TRUE(put_back(1));
  EXPECT_FALSE(put_back(1));
  EXPECT_FALSE(put_back(2)) << "a group without entries";
  log.reset();
  auto again = load(1);
  EXPECT_EQ(again.verdict, log_verdict::whole) << again.what;
  EXPECT_EQ(again.mark, 12u);
  EXPECT_TRUE(same(again.entries, list));
}

TEST_F(log_damage_test, a_log_shorter_than_its_mark_is_lost_not_short) {
  change_rows(path, "DELETE FROM runs WHERE first=10");
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::lost);
  EXPECT_EQ(got.mark, 12u);
  EXPECT_EQ(got.entries.size(), 9u);
  EXPECT_NE(got.what.find("had reached 12"), std::string::npos) << got.what;
  EXPECT_EQ(load(2).verdict, log_verdict::whole) << "other groups are not concerned";
}

TEST_F(log_damage_test, a_hole_is_lost) {
  change_rows(path, "DELETE FROM runs WHERE first=4");
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::lost);
  EXPECT_NE(got.what.find("entries 4 to 6 are gone"), std::string::npos) << got.what;
}

TEST_F(log_damage_test, rows_that_were_changed_are_not_believed) {
  for (const char* sql :
       {"UPDATE runs SET group_id=2 WHERE first=10", "UPDATE runs SET first=9 WHERE first=10",
        "UPDATE runs SET count=2 WHERE first=10", "UPDATE runs SET id=id+100 WHERE first=10",
        "UPDATE groups SET body=zeroblob(length(body)) WHERE group_id=1",
        "DELETE FROM groups WHERE group_id=1", "UPDATE marks SET mark=11 WHERE group_id=1",
        "DELETE FROM marks WHERE group_id=1"}) {
    std::string kept = read_bytes(path);
    change_rows(path, sql);
    EXPECT_EQ(load(1).verdict, log_verdict::lost) << sql;
    EXPECT_EQ(load(2).verdict, log_verdict::whole) << sql;
    write_bytes(path, kept);
  }
}

TEST_F(log_damage_test, an_older_version_of_a_committed_entry_breaks_the_chain) {
  // What a write that never reached the disk leaves behind: a sound entry of another time.
  chain other(1, 6, list[5]->link());
  {
    auto log = open_log(path);
    ASSERT_TRUE(
        done(log->append({write_of(1, {other.next("another value", 9)})}))); // at 7, below the commit index
  }
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::damaged);
  EXPECT_EQ(got.damaged, (std::vector<std::uint64_t>{7, 8})) << "either may be the wrong one";
}

TEST_F(log_damage_test, a_dead_run_that_cannot_be_deleted_keeps_nobody_from_appending) {
  {
    auto log = open_log(path);
    auto fat = one.some(3, 80'000);
    fat.push_back(one.next("the last"));
    ASSERT_TRUE(done(log->append({write_of(1, fat)})));
  }
  // Each page in which a long payload goes on begins with the number of the next one.
  std::string bytes = read_bytes(path);
  int broken_pages = 0;
  constexpr std::size_t length = storage::log_format::page_bytes;
  for (std::size_t page = length; page + length <= bytes.size(); page += length)
    if (bytes.find_first_not_of(bytes[page + 5], page + 4) >= page + length) {
      bytes[page] = bytes[page + 1] = '\x7f';
      ++broken_pages;
    }
  ASSERT_GT(broken_pages, 10);
  write_bytes(path, bytes);
  auto log = open_log(path);
  log_write reset;
  reset.group = 1;
  reset.reset = storage::log_base{100, 1, ballot(1)};
  ASSERT_TRUE(done(log->append({reset})));
  chain after(1, 100, 1);
  auto more = after.some(5);
  for (const auto& e : more)
    ASSERT_TRUE(done(log->append({write_of(1, {e})})));
  for (int step = 0; step < 1000 && log->stats().garbage_runs > 0; ++step)
    ASSERT_TRUE(done(log->maintain()));
  EXPECT_GT(log->stats().damaged_runs, 0u);
  EXPECT_EQ(log->stats().garbage_runs, 0u);
  log.reset();
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
  EXPECT_TRUE(same(got.entries, more));
}

TEST_F(log_damage_test, any_flipped_byte_is_noticed_or_harmless) {
  const std::string sound = read_bytes(path);
  int noticed = 0;
  int harmless = 0;
  int unopened = 0;
  for (std::size_t at = 0; at < sound.size(); at += 1 + at % 43) {
    std::string flipped = sound;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    write_bytes(path, flipped);
    std::filesystem::remove(path + "-wal");
    auto log = storage::log_store::open(path);
    if (!log) {
      ++unopened;
      continue;
    }
    auto got = (*log)->load(1);
    if (!got || got->verdict == log_verdict::lost) {
      ++noticed;
      continue;
    }
    ASSERT_EQ(got->hard_state.SerializeAsString(), hard_state(1, 11).SerializeAsString()) << "byte " << at;
    ASSERT_EQ(got->mark, 12u) << "byte " << at;
    if (got->verdict == log_verdict::whole) {
      ASSERT_TRUE(same(got->entries, list)) << "byte " << at;
      ++harmless;
      continue;
    }
    ++noticed;
    for (const auto& e : got->entries) // what is handed out is right
      ASSERT_EQ(e.SerializeAsString(), list[e.index() - 1]->SerializeAsString()) << "byte " << at;
    ASSERT_EQ(got->entries.size() + got->damaged.size(), list.size()) << "byte " << at;
  }
  // Entries are an eighth of this small file; most of it is unused.
  EXPECT_GT(noticed * 10, noticed + harmless);
  EXPECT_GT(unopened, 0);
}

// --- the write-ahead log
// ------------------------------------------------------------------------------------

// A log as a crash leaves it: its last appends only in the WAL.
class wal_damage_test : public log_damage_test {
protected:
  std::string crashed = dir.file("crashed.db");
  void SetUp() override {
    log_damage_test::SetUp();
    auto log = open_log(path);
    for (int i = 0; i < 5; ++i) {
      auto more = one.some(1, 700);
      list.insert(list.end(), more.begin(), more.end());
      ASSERT_TRUE(done(log->append({write_of(1, more)})));
    }
    write_bytes(crashed, read_bytes(path));
    write_bytes(crashed + "-wal", read_bytes(path + "-wal"));
    path = crashed;
  }
};

TEST_F(wal_damage_test, an_undamaged_one_is_replayed) {
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
  EXPECT_TRUE(same(got.entries, list));
}

TEST_F(wal_damage_test, a_torn_last_transaction_is_forgotten_without_alarm) {
  std::string wal = read_bytes(path + "-wal");
  write_bytes(path + "-wal", wal.substr(0, wal.size() - 5000));
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::whole) << got.what;
  EXPECT_EQ(got.mark, 16u);
}

TEST_F(wal_damage_test, a_flipped_byte_before_a_synced_transaction_is_loss) {
  // SQLite alone would replay up to it, and nobody would ever know of 14 to 17.
  std::string wal = read_bytes(path + "-wal");
  std::size_t at = wal.find("g1 e14 ");
  ASSERT_NE(at, std::string::npos);
  flip_byte(path + "-wal", at);
  auto got = load(1);
  EXPECT_EQ(got.verdict, log_verdict::lost);
  EXPECT_EQ(load(2).verdict, log_verdict::lost) << "nor is it known what this group had promised";
  // It stays so, until the group is made anew.
  auto log = open_log(path);
  ASSERT_TRUE(done(log->remove_group(1)));
  ASSERT_TRUE(done(log->append({create_group(1)})));
  EXPECT_EQ(log->load(1)->verdict, log_verdict::whole);
  EXPECT_EQ(log->load(2)->verdict, log_verdict::lost);
}

TEST_F(wal_damage_test, a_missing_or_emptied_one_is_loss) {
  const std::string file = read_bytes(path);
  std::filesystem::remove(path + "-wal");
  EXPECT_EQ(load(1).verdict, log_verdict::lost);
  write_bytes(path, file);
  write_bytes(path + "-wal", "");
  EXPECT_EQ(load(1).verdict, log_verdict::lost);
}

TEST_F(wal_damage_test, a_damaged_header_is_loss) {
  flip_byte(path + "-wal", 17);
  EXPECT_EQ(load(1).verdict, log_verdict::lost);
}

TEST_F(wal_damage_test, any_flipped_byte_is_noticed_unless_it_looks_like_a_torn_end) {
  const std::string file = read_bytes(path);
  const std::string wal = read_bytes(path + "-wal");
  auto whole = storage::audit_wal(path + "-wal");
  ASSERT_TRUE(done(whole));
  ASSERT_FALSE(whole->synced_frames_lost);
  int loss = 0;
  int torn = 0;
  for (std::size_t at = 0; at < wal.size(); at += 101) {
    std::string flipped = wal;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    write_bytes(path + "-wal", flipped);
    auto audit = storage::audit_wal(path + "-wal");
    ASSERT_TRUE(done(audit));
    // A flip in the last transaction cannot be told from a crash.
    ++(audit->synced_frames_lost ? loss : torn);
    if (audit->synced_frames_lost)
      continue;
    write_bytes(path, file);
    auto got = load(1);
    ASSERT_EQ(got.verdict, log_verdict::whole) << "byte " << at;
    ASSERT_GE(got.mark, list.size() - 1) << "byte " << at;
  }
  EXPECT_GT(loss, 3 * torn) << "one of five transactions";
}

TEST_F(wal_damage_test, no_wal_is_nothing_to_worry_about_after_a_clean_close) {
  open_log(path).reset();
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  EXPECT_EQ(load(1).verdict, log_verdict::whole);
}

} // namespace
} // namespace troupe::testing
