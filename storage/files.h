// Plain files with owners and our errors, for the files that are not SQLite's: identity, lock, snapshots.
//
// Threads: one owner each. Blocking. A sync that fails is `io_fatal`.
#pragma once
#include "storage/result.h"
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

// The error that errno stands for; `missing` when there is no such file.
struct error errno_error(const std::string& path, const char* what, int number);

class file_reader {
public:
  static result<std::unique_ptr<file_reader>> open(const std::string& path);
  ~file_reader();
  file_reader(const file_reader&) = delete;
  file_reader& operator=(const file_reader&) = delete;

  std::uint64_t size() const { return size_; } // when it was opened
  // All of `count` bytes, or `missing` when the file ends before.
  result<void> read_at(std::uint64_t offset, char* into, std::size_t count);

private:
  file_reader(std::string path, int fd, std::uint64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}
  std::string path_;
  int fd_;
  std::uint64_t size_;
};

// Writes a new file under a temporary name beside its path; publish() syncs it and puts it there atomically.
class file_writer {
public:
  // The name that is used until publish(): path + temporary_suffix.
  static result<std::unique_ptr<file_writer>> create(const std::string& path);
  // Goes on behind the first `bytes` of one that was kept, and cuts off what lies above; `missing`: none was.
  static result<std::unique_ptr<file_writer>> reopen(const std::string& path, std::uint64_t bytes);
  ~file_writer(); // unpublished: removes it, unless it is to be kept
  file_writer(const file_writer&) = delete;
  file_writer& operator=(const file_writer&) = delete;

  const std::string& temporary_path() const { return temporary_; }
  void keep() { kept_ = true; } // under the temporary name, for reopen()
  result<void> write(std::string_view bytes);
  std::uint64_t written() const { return written_; }
  result<void> sync();
  result<void> publish();

private:
  file_writer(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
  std::string path_;
  std::string temporary_;
  int fd_;
  std::uint64_t written_ = 0;
  std::uint64_t on_its_way_ = 0; // of it, to the disk
  bool kept_ = false;
};

inline constexpr std::string_view temporary_suffix = ".part";

bool exists(const std::string& path);
std::string directory_of(const std::string& path);
result<void> make_directories(const std::string& path); // with parents; not an error when it is there
result<void> sync_file(const std::string& path);
// How much is written before it is sent on its way.
inline constexpr std::size_t writeback_bytes = 8u << 20;
// Has what was written so far be on its way to the disk, so that the sync at the end is short. Says nothing
// of whether it gets there.
void begin_writeback(const std::string& path);
result<void> sync_directory(const std::string& path);
// Renames and syncs the directory of `to`. What was at `to` is replaced.
result<void> rename_durably(const std::string& from, const std::string& to);
result<void> remove_file(const std::string& path);                        // not an error when it is not there
result<std::vector<std::string>> list_directory(const std::string& path); // names, unordered
result<std::string> read_whole(const std::string& path, std::size_t max_bytes); // longer is `corrupt`

} // namespace troupe::storage
