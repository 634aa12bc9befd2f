// Writes to a WAL go down together, and nothing that SQLite relies on changes by that.
#include "storage/gather_vfs.h"
#include "storage/sqlite.h"
#include "tests/unit/storage/fault_vfs.h"
#include "tests/unit/storage/fixtures.h"

namespace troupe::testing {
namespace {

using storage::code;
namespace sqlite = storage::sqlite;

class gather_vfs_test : public ::testing::Test {
protected:
  temporary_directory dir;
  fault_vfs disk;
  std::string path = dir.file("some.db");

  std::unique_ptr<sqlite::connection> open(sqlite::synchronous sync = sqlite::synchronous::full,
                                           std::size_t cache_bytes = 1u << 20) {
    sqlite::open_options how;
    how.create = true;
    how.sync = sync;
    how.page_bytes = 4096;
    how.cache_bytes = cache_bytes;
    how.vfs = disk.name();
    auto opened = sqlite::connection::open(path, how);
    EXPECT_TRUE(done(opened));
    auto db = std::move(*opened);
    EXPECT_TRUE(done(db->execute("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB)")));
    return db;
  }
  // Rows of a page each.
  storage::result<void> insert(sqlite::connection& db, int from, int count) {
    if (auto begun = db.begin(); !begun)
      return begun;
    auto put = db.prepare("INSERT INTO t VALUES(?, ?)");
    EXPECT_TRUE(done(put));
    for (int i = from; i < from + count; ++i) {
      std::string body(3900, static_cast<char>('a' + i % 26));
      if (auto ran = put->bind(1, i).bind(2, body).run(); !ran) {
        db.rollback();
        return ran;
      }
    }
    return db.commit();
  }
  // Changes every third row twice, in one transaction that does not fit into a small cache.
  void rewrite(sqlite::connection& db) {
    ASSERT_TRUE(done(db.begin()));
    ASSERT_TRUE(done(db.execute("UPDATE t SET body = zeroblob(3900) WHERE id % 3 = 0")));
    ASSERT_TRUE(done(db.execute("UPDATE t SET body = CAST(char(97 + id % 26) || '!' || "
                                "replace(printf('%3898s', ''), ' ', 'x') AS BLOB) WHERE id % 3 = 0")));
    EXPECT_EQ(rows(db), 300) << "read back within the transaction";
    ASSERT_TRUE(done(db.commit()));
  }
  std::int64_t rows(sqlite::connection& db) {
    auto count = db.query_int(
        "SELECT count(*) FROM t WHERE length(body) = 3900 AND CAST(substr(body, 1, 1) AS TEXT) = "
        "char(97 + id % 26)");
    EXPECT_TRUE(done(count));
    return count ? *count : -1;
  }
};

TEST_F(gather_vfs_test, a_transaction_goes_down_in_one_write) {
  auto db = open();
  ASSERT_TRUE(done(insert(*db, 1, 1)));
  auto before = disk.writes();
  ASSERT_TRUE(done(insert(*db, 2, 10)));
  EXPECT_EQ(disk.writes() - before, 1u) << "of some 12 pages, each with a head";
  EXPECT_EQ(rows(*db), 11);
}

TEST_F(gather_vfs_test, a_long_one_goes_down_in_pieces) {
  auto db = open();
  ASSERT_TRUE(done(insert(*db, 1, 1)));
  auto before = disk.writes();
  ASSERT_TRUE(done(insert(*db, 2, 100)));
  auto pieces = 100 * 4120 / storage::gather_bytes;
  EXPECT_GE(disk.writes() - before, pieces);
  EXPECT_LE(disk.writes() - before, pieces + 3);
  EXPECT_EQ(rows(*db), 101);
}

TEST_F(gather_vfs_test, without_a_sync_the_file_holds_what_was_committed) {
  {
    auto db = open(sqlite::synchronous::normal);
    ASSERT_TRUE(done(insert(*db, 1, 5)));
    // As after the process was killed: what it wrote is there, what it held in memory is not.
    std::filesystem::copy_file(path, path + ".copy");
    std::filesystem::copy_file(path + "-wal", path + ".copy-wal");
  }
  path += ".copy";
  EXPECT_EQ(rows(*open()), 5);
}

TEST_F(gather_vfs_test, a_transaction_larger_than_the_cache_reads_back_what_it_wrote) {
  auto db = open(sqlite::synchronous::full, 16 * 4096);
  ASSERT_TRUE(done(insert(*db, 1, 300)));
  rewrite(*db);
  EXPECT_EQ(rows(*db), 300);
  auto whole = db->integrity_check();
  ASSERT_TRUE(done(whole));
  EXPECT_EQ(*whole, "ok");
  ASSERT_TRUE(done(db->checkpoint(true)));
  EXPECT_EQ(rows(*db), 300);
}

TEST_F(gather_vfs_test, a_transaction_that_the_disk_refused_never_comes_back) {
  {
    auto db = open();
    ASSERT_TRUE(done(insert(*db, 1, 3)));
    disk.capacity = disk.bytes_used();
    EXPECT_TRUE(failed_as(insert(*db, 100, 10), code::full));
    EXPECT_EQ(rows(*db), 3);
    disk.capacity = UINT64_MAX; // had it been kept, it would go down with what comes next
    ASSERT_TRUE(done(insert(*db, 4, 1)));
    EXPECT_EQ(rows(*db), 4);
  }
  EXPECT_EQ(rows(*open()), 4);
}

// What a transaction of many pages does when it changes pages that have left the cache: SQLite writes the
// frames' checksums last of all, behind the commit, and syncs nothing.
TEST_F(gather_vfs_test, frames_written_again_are_in_the_file_when_the_transaction_has_ended) {
  {
    auto db = open(sqlite::synchronous::normal, 16 * 4096);
    ASSERT_TRUE(done(insert(*db, 1, 300)));
    rewrite(*db);
    std::filesystem::copy_file(path, path + ".copy");
    std::filesystem::copy_file(path + "-wal", path + ".copy-wal");
  }
  path += ".copy";
  auto db = open();
  EXPECT_EQ(rows(*db), 300);
  auto rewritten = db->query_int("SELECT count(*) FROM t WHERE CAST(substr(body, 2, 1) AS TEXT) = '!'");
  ASSERT_TRUE(done(rewritten));
  EXPECT_EQ(*rewritten, 100);
}

// A transaction takes the place of one that was rolled back after some of its pages had gone to the WAL.
TEST_F(gather_vfs_test, what_was_rolled_back_is_written_over) {
  {
    auto db = open(sqlite::synchronous::normal, 16 * 4096);
    ASSERT_TRUE(done(insert(*db, 1, 3)));
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(done(db->begin()));
      ASSERT_TRUE(done(
          db->execute("WITH RECURSIVE n(i) AS (VALUES(1000) UNION ALL SELECT i + 1 FROM n WHERE i < 1100) "
                      "INSERT INTO t SELECT i, zeroblob(3900) FROM n")));
      db->rollback();
      ASSERT_TRUE(done(insert(*db, 4 + 10 * round, 10)));
    }
    EXPECT_EQ(rows(*db), 33);
    std::filesystem::copy_file(path, path + ".copy");
    std::filesystem::copy_file(path + "-wal", path + ".copy-wal");
  }
  path += ".copy";
  auto db = open();
  EXPECT_EQ(rows(*db), 33);
  auto whole = db->integrity_check();
  ASSERT_TRUE(done(whole));
  EXPECT_EQ(*whole, "ok");
}

} // namespace
} // namespace troupe::testing
