#include "storage/files.h"
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::storage {

namespace {

result<void> sync_descriptor(const std::string& path, int fd) {
  if (::fsync(fd) == 0)
    return {};
  return error{code::io_fatal, path + ": sync: " + std::strerror(errno)};
}

int open_retrying(const char* path, int flags, unsigned mode = 0) {
  int fd;
  do
    fd = ::open(path, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return fd;
}

} // namespace

struct error errno_error(const std::string& path, const char* what, int number) {
  enum code code = code::io;
  if (number == ENOSPC || number == EDQUOT)
    code = code::full;
  else if (number == ENOENT)
    code = code::missing;
  return {code, path + ": " + what + ": " + std::strerror(number)};
}

result<std::unique_ptr<file_reader>> file_reader::open(const std::string& path) {
  int fd = open_retrying(path.c_str(), O_RDONLY);
  if (fd < 0)
    return errno_error(path, "open", errno);
  struct stat found;
  if (::fstat(fd, &found) != 0) {
    int number = errno;
    ::close(fd);
    return errno_error(path, "stat", number);
  }
  return std::unique_ptr<file_reader>(new file_reader(path, fd, static_cast<std::uint64_t>(found.st_size)));
}

file_reader::~file_reader() {
  ::close(fd_);
}

result<void> file_reader::read_at(std::uint64_t offset, char* into, std::size_t count) {
  while (count > 0) {
    ssize_t got = ::pread(fd_, into, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return errno_error(path_, "read", errno);
    if (got == 0)
      return error{code::missing, path_ + ": ends before byte " + std::to_string(offset + count)};
    into += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
  return {};
}

result<std::unique_ptr<file_writer>> file_writer::create(const std::string& path) {
  std::string temporary = path + std::string(temporary_suffix);
  int fd = open_retrying(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0640);
  if (fd < 0)
    return errno_error(temporary, "create", errno);
  return std::unique_ptr<file_writer>(new file_writer(path, temporary, fd));
}

result<std::unique_ptr<file_writer>> file_writer::reopen(const std::string& path, std::uint64_t bytes) {
  std::string temporary = path + std::string(temporary_suffix);
  int fd = open_retrying(temporary.c_str(), O_WRONLY);
  if (fd < 0)
    return errno_error(temporary, "open", errno);
  std::unique_ptr<file_writer> again(new file_writer(path, temporary, fd));
  again->kept_ = true; // also when it cannot be gone on with
  const auto end = static_cast<off_t>(bytes);
  if (::ftruncate(fd, end) != 0)
    return errno_error(temporary, "truncate", errno);
  if (::lseek(fd, end, SEEK_SET) != end)
    return errno_error(temporary, "seek", errno);
  again->kept_ = false;
  again->written_ = again->on_its_way_ = bytes;
  return again;
}

file_writer::~file_writer() {
  if (fd_ < 0)
    return;
  ::close(fd_);
  if (!kept_)
    ::unlink(temporary_.c_str());
}

result<void> file_writer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return errno_error(temporary_, "write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
    written_ += static_cast<std::uint64_t>(put);
  }
  if (written_ - on_its_way_ >= writeback_bytes) {
    // Only so that the sync at the end is short for whoever shares this thread; whether all is well, that
    // says.
    (void)::sync_file_range(fd_, static_cast<off64_t>(on_its_way_),
                            static_cast<off64_t>(written_ - on_its_way_), SYNC_FILE_RANGE_WRITE);
    on_its_way_ = written_;
  }
  return {};
}

result<void> file_writer::sync() {
  return sync_descriptor(temporary_, fd_);
}

result<void> file_writer::publish() {
  require(fd_ >= 0, "file writer: published twice");
  if (auto done = sync(); !done)
    return done;
  ::close(fd_);
  fd_ = -1;
  auto done = rename_durably(temporary_, path_);
  if (!done)
    ::unlink(temporary_.c_str());
  return done;
}

bool exists(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0;
}

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

result<void> make_directories(const std::string& path) {
  struct stat found;
  if (::stat(path.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode))
      return {};
    return error{code::io, path + ": is not a directory"};
  }
  std::string parent = directory_of(path);
  if (parent != path && parent != ".")
    if (auto done = make_directories(parent); !done)
      return done;
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST)
    return errno_error(path, "make directory", errno);
  return sync_directory(parent);
}

result<void> sync_file(const std::string& path) {
  int fd = open_retrying(path.c_str(), O_RDONLY);
  if (fd < 0)
    return errno_error(path, "open", errno);
  auto done = sync_descriptor(path, fd);
  ::close(fd);
  return done;
}

void begin_writeback(const std::string& path) {
  int fd = open_retrying(path.c_str(), O_RDONLY);
  if (fd < 0)
    return;
  (void)::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  ::close(fd);
}

result<void> sync_directory(const std::string& path) {
  int fd = open_retrying(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0)
    return errno_error(path, "open", errno);
  auto done = sync_descriptor(path, fd);
  ::close(fd);
  return done;
}

result<void> rename_durably(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    return errno_error(from, "rename", errno);
  return sync_directory(directory_of(to));
}

result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return errno_error(path, "remove", errno);
  return {};
}

result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr)
    return errno_error(path, "open", errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* found = ::readdir(directory)) {
    std::string name = found->d_name;
    if (name != "." && name != "..")
      names.push_back(std::move(name));
    errno = 0;
  }
  int number = errno;
  ::closedir(directory);
  if (number != 0)
    return errno_error(path, "list", number);
  return names;
}

result<std::string> read_whole(const std::string& path, std::size_t max_bytes) {
  auto file = file_reader::open(path);
  if (!file)
    return file.error();
  if ((*file)->size() > max_bytes)
    return error{code::corrupt, path + ": is " + std::to_string((*file)->size()) + " bytes long, at most " +
                                    std::to_string(max_bytes) + " make sense"};
  std::string bytes((*file)->size(), '\0');
  if (auto done = (*file)->read_at(0, bytes.data(), bytes.size()); !done)
    return done.error();
  return bytes;
}

} // namespace troupe::storage
