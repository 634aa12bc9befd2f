// The one place that knows SQLite's C interface: a connection and its statements with owners, the settings
// all our files share, and SQLite's result codes turned into ours.
//
// All files: WAL, an exclusive lock for as long as the connection lives (the WAL's index then needs no shared
// memory and a read no lock), and no automatic checkpoint: the owner decides when, on this same connection.
// Page sizes are the files' own: what is dirty is written by the page, twice, so they decide most of the
// cost.
//
// Threads: one owner per connection, no mutex inside.
#pragma once
#include "storage/result.h"
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace troupe::storage::sqlite {

enum class synchronous {
  off,    // for files that are built aside and synced at the end
  normal, // synced at checkpoints and by sync_wal()
  full,   // synced at every commit
};
enum class journal { wal, off };

struct open_options {
  bool create = false; // otherwise `missing` when there is no file
  sqlite::synchronous sync = sqlite::synchronous::full;
  sqlite::journal journal = sqlite::journal::wal;
  int page_bytes = 8192; // of a new file
  std::size_t cache_bytes = 2u << 20;
  std::uint64_t wal_kept_bytes = 0; // a longer WAL file is cut to this when it is restarted; 0: never
  std::string vfs;                  // empty: the system's own
};

class statement;

class connection {
public:
  // The file is locked and readable when this succeeds. `busy` when another process has it.
  static result<std::unique_ptr<connection>> open(const std::string& path, const open_options& options);
  ~connection(); // checkpoints what is left and deletes the WAL, as SQLite does
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  const std::string& path() const { return path_; }

  result<void> execute(const char* sql);
  result<std::int64_t> query_int(const char* sql);
  // The statement must not outlive the connection. SQL that does not compile against a sound schema is
  // `corrupt`.
  result<statement> prepare(const char* sql);
  result<void> prepare(std::initializer_list<std::pair<statement*, const char*>> statements);

  // Makes the tables in an empty file and stamps it; refuses a file with another stamp. True when it was
  // made.
  result<bool> ensure_schema(std::int64_t application, std::int64_t version, const char* tables);

  result<void> begin();  // takes the write lock
  result<void> commit(); // on failure the transaction is rolled back
  void rollback();       // harmless when there is none
  std::int64_t changes() const;
  std::int64_t last_row() const; // id of the row inserted last

  // All frames into the file; then the next write starts the WAL from its beginning. `truncate` also gives
  // its room back.
  result<void> checkpoint(bool truncate);
  // One fsync of the WAL; nothing when it is not there. What was committed is durable after it.
  result<void> sync_wal();
  std::uint64_t wal_bytes() const; // of frames since it was last restarted
  std::uint64_t file_bytes() const;

  // "ok", or what SQLite found first.
  result<std::string> integrity_check();

  // The last failed call's code as an error that names the file and `what`.
  struct error failure(int code, const char* what) const;

private:
  connection(std::string path, sqlite3* db);
  result<void> trust() const;
  std::string path_;
  sqlite3* db_;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t wal_frames_ = 0;
  mutable bool poisoned_ = false; // a sync failed: nothing more is written, not even when closing
  std::unique_ptr<statement> begin_;
  std::unique_ptr<statement> commit_;
  friend class statement;
  static int wal_hook(void* self, sqlite3* db, const char* name, int frames);
};

// A prepared statement. Bound views must live until the statement is reset (or bound anew); columns until the
// next step.
class statement {
public:
  statement() = default;
  statement(connection& owner, sqlite3_stmt* handle) : owner_(&owner), handle_(handle) {}
  statement(statement&& other) noexcept;
  statement& operator=(statement&& other) noexcept;
  ~statement();

  explicit operator bool() const { return handle_ != nullptr; }

  statement& bind(int position, std::int64_t value); // positions from 1
  statement& bind(int position, std::string_view bytes);

  result<bool> step(); // true: a row is there
  result<void> run();  // steps once and resets; for statements without rows
  void reset();

  std::int64_t column_int(int column) const; // columns from 0
  std::string_view column_bytes(int column) const;

private:
  connection* owner_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
};

} // namespace troupe::storage::sqlite
