#include "storage/sqlite.h"
#include "storage/files.h"
#include "storage/gather_vfs.h"
#include <cerrno>
#include <cstring>
#include <sqlite3.h>
#include <sys/stat.h>

namespace troupe::storage::sqlite {

namespace {

enum code meaning_of(int sqlite_code) {
  switch (sqlite_code) {
  case SQLITE_IOERR_FSYNC:
  case SQLITE_IOERR_DIR_FSYNC:
    return code::io_fatal;
  // What was written and cannot be read back is as good as overwritten: trying again does not bring it back,
  // another member has it.
  case SQLITE_IOERR_READ:
  case SQLITE_IOERR_SHORT_READ:
  case SQLITE_IOERR_CORRUPTFS:
  case SQLITE_IOERR_DATA:
    return code::corrupt;
  default:
    break;
  }
  switch (sqlite_code & 0xff) {
  case SQLITE_FULL:
    return code::full;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return code::busy;
  // Our SQL is fixed and compiles against the schema we made: what no longer fits, or breaks a uniqueness
  // that held, is a damaged file.
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_ERROR:
  case SQLITE_CONSTRAINT:
  case SQLITE_SCHEMA:
  case SQLITE_FORMAT:
    return code::corrupt;
  case SQLITE_NOMEM:
    broken("sqlite: out of memory");
  case SQLITE_MISUSE:
  case SQLITE_RANGE:
  case SQLITE_INTERNAL:
  case SQLITE_TOOBIG:
  case SQLITE_MISMATCH:
    broken("sqlite: misused");
  default:
    return code::io;
  }
}

const char* name_of_sync(synchronous sync) {
  switch (sync) {
  case synchronous::off:
    return "OFF";
  case synchronous::normal:
    return "NORMAL";
  case synchronous::full:
    return "FULL";
  }
  broken("sqlite: unknown synchronous");
}

std::string settings(const open_options& options) {
  // The order matters: the page size before the file has pages, the exclusive lock before the WAL is first
  // touched (else its index is shared memory).
  std::string sql;
  sql += "PRAGMA page_size=" + std::to_string(options.page_bytes) + ";";
  sql += "PRAGMA locking_mode=EXCLUSIVE;";
  sql += options.journal == journal::wal ? "PRAGMA journal_mode=WAL;" : "PRAGMA journal_mode=OFF;";
  sql += std::string("PRAGMA synchronous=") + name_of_sync(options.sync) + ";";
  sql += "PRAGMA cache_size=-" + std::to_string(options.cache_bytes / 1024) + ";";
  sql += "PRAGMA mmap_size=0;"; // docs/decisions/019: a sector that cannot be read must not end the process
  if (options.wal_kept_bytes != 0)
    sql += "PRAGMA journal_size_limit=" + std::to_string(options.wal_kept_bytes) + ";";
  sql += "PRAGMA temp_store=MEMORY;";
  sql +=
      "PRAGMA secure_delete=OFF;"; // Debian's default overwrites what is deleted: pages written for nothing
  sql += "PRAGMA trusted_schema=OFF;";
  return sql;
}

} // namespace

int connection::wal_hook(void* self, sqlite3*, const char*, int frames) {
  static_cast<connection*>(self)->wal_frames_ = static_cast<std::uint64_t>(frames);
  return SQLITE_OK;
}

result<std::unique_ptr<connection>> connection::open(const std::string& path, const open_options& options) {
  if (!options.create) {
    struct stat found;
    if (::stat(path.c_str(), &found) != 0 && errno == ENOENT)
      return error{code::missing, path + ": no such file"};
  }
  sqlite3* handle = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options.create)
    flags |= SQLITE_OPEN_CREATE;
  const std::string vfs = gathering(options.vfs);
  int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.c_str());
  require(handle != nullptr, "sqlite: out of memory");
  std::unique_ptr<connection> self(new connection(path, handle));
  if (code != SQLITE_OK)
    return self->failure(code, "open");
  self->page_bytes_ = static_cast<std::uint64_t>(options.page_bytes);
  if (auto done = self->execute(settings(options).c_str()); !done)
    return done.error();
  if (options.journal == journal::wal)
    sqlite3_wal_hook(handle, &connection::wal_hook, self.get()); // takes the automatic checkpoint's place
  // Takes the lock now, so that a second opener is told here.
  if (auto done = self->begin(); !done)
    return done.error();
  if (auto done = self->commit(); !done)
    return done.error();
  auto page = self->query_int("PRAGMA page_size");
  if (!page)
    return page.error();
  self->page_bytes_ = static_cast<std::uint64_t>(*page);
  return self;
}

connection::connection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}

connection::~connection() {
  begin_.reset();
  commit_.reset();
  if (poisoned_)
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  int code = sqlite3_close(db_);
  require(code == SQLITE_OK, "sqlite: a statement outlived its connection");
}

struct error connection::failure(int sqlite_code, const char* what) const {
  std::string text = path_ + ": " + what + ": " + sqlite3_errstr(sqlite_code);
  if (const char* detail = sqlite3_errmsg(db_);
      detail && std::strcmp(detail, sqlite3_errstr(sqlite_code)) != 0)
    text += std::string(" (") + detail + ")";
  text += " [" + std::to_string(sqlite_code) + "]";
  if (int number = sqlite3_system_errno(db_); number != 0 && (sqlite_code & 0xff) != SQLITE_CORRUPT)
    text += std::string(": ") + std::strerror(number);
  enum code meaning = meaning_of(sqlite_code);
  if (meaning == code::io_fatal)
    poisoned_ = true;
  return {meaning, std::move(text)};
}

result<void> connection::execute(const char* sql) {
  if (int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK)
    return failure(code, sql);
  return {};
}

result<std::int64_t> connection::query_int(const char* sql) {
  auto query = prepare(sql);
  if (!query)
    return query.error();
  auto row = query->step();
  if (!row)
    return row.error();
  if (!*row)
    return error{code::corrupt, path_ + ": " + sql + ": no answer"};
  return query->column_int(0);
}

result<statement> connection::prepare(const char* sql) {
  sqlite3_stmt* handle = nullptr;
  if (int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
      code != SQLITE_OK)
    return failure(code, sql);
  return statement(*this, handle);
}

result<void> connection::prepare(std::initializer_list<std::pair<statement*, const char*>> statements) {
  for (const auto& [into, sql] : statements) {
    auto prepared = prepare(sql);
    if (!prepared)
      return prepared.error();
    *into = std::move(*prepared);
  }
  return {};
}

result<bool> connection::ensure_schema(std::int64_t application, std::int64_t version, const char* tables) {
  auto found = query_int("SELECT count(*) FROM sqlite_schema");
  auto its_application = found ? query_int("PRAGMA application_id") : found;
  auto its_version = its_application ? query_int("PRAGMA user_version") : found;
  if (!its_version)
    return its_version.error();
  if (*found != 0) {
    if (*its_application != application)
      return error{code::refused, path_ + ": not a file of the kind that belongs here"};
    if (*its_version != version)
      return error{code::refused, path_ + ": written in format version " + std::to_string(*its_version) +
                                      ", this program knows version " + std::to_string(version)};
    return false;
  }
  std::string sql = tables;
  sql += ";PRAGMA application_id=" + std::to_string(application) + ";";
  sql += "PRAGMA user_version=" + std::to_string(version) + ";";
  if (auto begun = begin(); !begun)
    return begun.error();
  auto made = execute(sql.c_str());
  if (made) {
    made = commit();
  } else {
    rollback();
  }
  if (!made)
    return made.error();
  if (auto synced = sync_directory(directory_of(path_)); !synced)
    return synced.error();
  return true;
}

result<void> connection::trust() const {
  if (poisoned_)
    return error{code::io_fatal, path_ + ": a sync failed before; what the disk holds is unknown"};
  return {};
}

result<void> connection::begin() {
  if (auto trusted = trust(); !trusted)
    return trusted;
  if (!begin_) {
    auto prepared = prepare("BEGIN IMMEDIATE");
    if (!prepared)
      return prepared.error();
    begin_ = std::make_unique<statement>(std::move(*prepared));
  }
  return begin_->run();
}

result<void> connection::commit() {
  if (!commit_) {
    auto prepared = prepare("COMMIT");
    if (!prepared) {
      rollback();
      return prepared.error();
    }
    commit_ = std::make_unique<statement>(std::move(*prepared));
  }
  auto done = commit_->run();
  if (!done)
    rollback();
  return done;
}

void connection::rollback() {
  if (sqlite3_get_autocommit(db_))
    return; // some failures roll back by themselves
  sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  require(sqlite3_get_autocommit(db_) != 0, "sqlite: a transaction cannot be rolled back");
}

std::int64_t connection::changes() const {
  return sqlite3_changes64(db_);
}

std::int64_t connection::last_row() const {
  return sqlite3_last_insert_rowid(db_);
}

result<void> connection::checkpoint(bool truncate) {
  if (auto trusted = trust(); !trusted)
    return trusted;
  int in_wal = 0;
  int moved = 0;
  int code = sqlite3_wal_checkpoint_v2(
      db_, nullptr, truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &in_wal, &moved);
  if (code != SQLITE_OK)
    return failure(code, "checkpoint");
  require(in_wal == moved, "sqlite: a statement was open during a checkpoint");
  wal_frames_ = 0;
  return {};
}

result<void> connection::sync_wal() {
  if (auto trusted = trust(); !trusted)
    return trusted;
  sqlite3_file* file = nullptr;
  int code = sqlite3_file_control(db_, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK)
    return failure(code, "find the WAL");
  if (file == nullptr || file->pMethods == nullptr)
    return {};
  code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK)
    return failure(code, "sync the WAL");
  return {};
}

std::uint64_t connection::wal_bytes() const {
  return wal_frames_ * (page_bytes_ + 24);
}

std::uint64_t connection::file_bytes() const {
  struct stat found;
  return ::stat(path_.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

result<std::string> connection::integrity_check() {
  auto check = prepare("PRAGMA integrity_check(1)");
  if (!check)
    return check.error();
  auto row = check->step();
  if (!row)
    return row.error();
  return std::string(*row ? check->column_bytes(0) : "no answer");
}

statement::statement(statement&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), handle_(std::exchange(other.handle_, nullptr)) {}

statement& statement::operator=(statement&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(handle_, other.handle_);
  return *this;
}

statement::~statement() {
  sqlite3_finalize(handle_);
}

statement& statement::bind(int position, std::int64_t value) {
  require(sqlite3_bind_int64(handle_, position, value) == SQLITE_OK, "sqlite: bind of an integer");
  return *this;
}

statement& statement::bind(int position, std::string_view bytes) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = bytes.empty() ? "" : bytes.data();
  require(sqlite3_bind_blob64(handle_, position, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK,
          "sqlite: bind of bytes");
  return *this;
}

result<bool> statement::step() {
  int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW)
    return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  auto why = owner_->failure(code, sqlite3_sql(handle_));
  sqlite3_reset(handle_);
  return why;
}

result<void> statement::run() {
  auto row = step();
  if (!row)
    return row.error();
  reset();
  return {};
}

void statement::reset() {
  sqlite3_reset(handle_);
}

std::int64_t statement::column_int(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string_view statement::column_bytes(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  int size = sqlite3_column_bytes(handle_, column);
  if (data == nullptr)
    return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

} // namespace troupe::storage::sqlite
