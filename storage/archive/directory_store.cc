#include "storage/archive/directory_store.h"
#include "storage/files.h"
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <random>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::storage {

namespace {

constexpr std::string_view marker = ".troupe-archive";
constexpr std::string_view unfinished = ".put-";
constexpr std::time_t unfinished_kept_s = 24 * 3600; // another node may be writing it
constexpr std::time_t sweep_every_s = 3600;
constexpr int levels_max = 32;

// A sync that fails ends a node whose own data it was. Here it is one failed put of many possible ones. And a
// directory that vanishes meanwhile is an archive that cannot be reached.
struct error softened(struct error why) {
  if (why.code == code::io_fatal || why.code == code::missing)
    why.code = code::io;
  return why;
}

// Gives the temporary file its name, unless that is taken.
result<put_outcome> name_file(const std::string& temporary, const std::string& path) {
  if (::link(temporary.c_str(), path.c_str()) == 0)
    return put_outcome::stored;
  if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) // no hard links here
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
      return put_outcome::stored;
  if (errno == EEXIST)
    return put_outcome::exists;
  return errno_error(path, "link", errno);
}

struct listing {
  const std::string& prefix;
  const std::string& after;
  std::size_t max;
  object_page page;
};

enum class kind { file, directory, other, gone };

// An error is an error: an object that cannot be looked at must not be taken for one that is not there.
result<kind> kind_of(const std::string& path, std::uint64_t* bytes = nullptr) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) // it was removed meanwhile
      return kind::gone;
    auto why = softened(errno_error(path, "stat", errno));
    return why;
  }
  if (bytes)
    *bytes = static_cast<std::uint64_t>(found.st_size);
  return S_ISDIR(found.st_mode) ? kind::directory : S_ISREG(found.st_mode) ? kind::file : kind::other;
}

// A name in a directory. `whole` is the object's, or ends with '/'.
struct place {
  std::string whole;
  bool directory = false;
  bool operator<(const place& other) const { return whole < other.whole; }
};

bool wanted_file(const std::string& whole, const listing& of) {
  return whole > of.after && whole.starts_with(of.prefix) && is_object_name(whole);
}

// Whether anything below it may be wanted.
bool wanted_directory(const std::string& whole, const listing& of) {
  auto before = whole < of.after && !of.after.starts_with(whole);
  return !before && (whole.starts_with(of.prefix) || of.prefix.starts_with(whole));
}

// What of the directory `path` may be in the listing. A group's directory holds every segment ever written:
// what the names alone rule out costs nothing but the reading of the directory.
result<std::vector<place>> places_in(const std::string& path, const std::string& parts, const listing& of) {
  std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory)
    return errno_error(path, "open", errno);
  std::vector<place> places;
  for (;;) {
    errno = 0;
    const dirent* found = ::readdir(directory.get());
    if (!found && errno != 0)
      return softened(errno_error(path, "list", errno));
    if (!found)
      return places;
    if (found->d_name[0] == '.') // itself, its parent, ours to write
      continue;
    auto as_file = parts + found->d_name;
    auto as_directory = as_file + '/';
    auto file = wanted_file(as_file, of);
    auto below = wanted_directory(as_directory, of);
    if (!file && !below)
      continue;
    auto what = result<kind>(found->d_type == DT_DIR   ? kind::directory
                             : found->d_type == DT_REG ? kind::file
                                                       : kind::other);
    if (found->d_type == DT_UNKNOWN) // not every file system says it here
      what = kind_of(path + "/" + found->d_name);
    if (!what)
      return what.error();
    if (*what == kind::directory && below)
      places.push_back({std::move(as_directory), true});
    else if (*what == kind::file && file)
      places.push_back({std::move(as_file), false});
  }
}

// Visits the directory `path`, whose objects' names begin with `parts`, in the order of whole names: a
// directory stands where its name with the '/' stands. False: the page is full.
result<bool> walk(const std::string& path, const std::string& parts, int level, listing& into) {
  if (level > levels_max)
    return error{code::corrupt, path + ": directories lie deeper than any object's name"};
  auto places = places_in(path, parts, into);
  if (!places && places.error().code == code::missing && level > 0)
    return true; // it was removed meanwhile
  if (!places)
    return softened(places.error());
  // No more of them than fill the page, and one that says that there are more, is ever looked at.
  auto few = std::min(places->size(), into.max - into.page.objects.size() + 1);
  auto end = places->begin() + static_cast<std::ptrdiff_t>(few);
  std::partial_sort(places->begin(), end, places->end());
  auto sorted = end;
  for (auto one = places->begin(); one != places->end(); ++one) {
    if (one == sorted) { // some that came first were empty
      std::sort(sorted, places->end());
      sorted = places->end();
    }
    auto name = path + "/" + one->whole.substr(parts.size());
    if (one->directory) {
      name.pop_back();
      auto on = walk(name, one->whole, level + 1, into);
      if (!on || !*on)
        return on;
      continue;
    }
    if (into.page.objects.size() == into.max) {
      into.page.more = true;
      return false;
    }
    std::uint64_t bytes = 0;
    auto what = kind_of(name, &bytes);
    if (!what)
      return what.error();
    if (*what == kind::file)
      into.page.objects.push_back({std::move(one->whole), bytes});
  }
  return true;
}

} // namespace

result<std::unique_ptr<directory_store>> directory_store::open(const std::string& root) {
  auto sign = root + "/" + std::string(marker);
  if (!exists(sign)) {
    if (auto made = make_directories(root); !made)
      return softened(made.error());
    auto names = list_directory(root);
    if (!names)
      return names.error();
    // Several nodes may do this at once: what one of them is writing is no stranger's.
    auto strange = std::find_if(names->begin(), names->end(), [](const std::string& name) {
      return !name.starts_with(marker) && !name.starts_with(unfinished);
    });
    if (strange != names->end() && !exists(sign))
      return error{code::refused,
                   root + ": holds '" + *strange + "' and is no archive: name an empty directory"};
    auto written = directory_store(root).put(std::string(marker), "An archive of Troupe's lies here.\n");
    if (!written)
      return written.error();
  }
  // Whoever made it may not have come as far as making that durable.
  if (auto synced = sync_directory(directory_of(root)); !synced)
    return softened(synced.error());
  auto made = at(root);
  if (auto swept = made->sweep(); !swept)
    return swept.error();
  return made;
}

std::unique_ptr<directory_store> directory_store::at(const std::string& root) {
  return std::unique_ptr<directory_store>(new directory_store(root));
}

// Removes what died before it had a name, from time to time.
result<void> directory_store::sweep() {
  auto now = std::time(nullptr);
  if (now - swept_s_ < sweep_every_s)
    return {};
  auto names = list_directory(root_);
  if (!names)
    return softened(names.error());
  for (auto& name : *names) {
    struct stat found;
    auto path = root_ + "/" + name;
    if (!name.starts_with(unfinished) || ::lstat(path.c_str(), &found) != 0 ||
        found.st_mtime >= now - unfinished_kept_s)
      continue; // of these, one that cannot be looked at does no harm
    if (auto removed = remove_file(path); !removed && removed.error().code != code::missing)
      return softened(removed.error());
  }
  swept_s_ = now;
  return {};
}

result<void> directory_store::check_root() const {
  auto sign = root_ + "/" + std::string(marker);
  struct stat found;
  if (::stat(sign.c_str(), &found) == 0)
    return {};
  if (errno != ENOENT)
    return errno_error(sign, "stat", errno);
  return error{code::io, root_ + ": no archive is there; is it mounted?"};
}

result<void> directory_store::check(const std::string& name) const {
  if (!is_object_name(name))
    return error{code::refused, root_ + ": '" + name + "' cannot be the name of an object"};
  return check_root();
}

// Makes the way from the root to an object that was found durable. Its bytes were synced before it had its
// name.
result<void> directory_store::settle(const std::string& path) const {
  for (auto folder = directory_of(path);; folder = directory_of(folder)) {
    if (auto synced = sync_directory(folder); !synced)
      return softened(synced.error());
    if (folder.size() <= root_.size())
      return {};
  }
}

result<put_outcome> directory_store::put(const std::string& name, std::string_view bytes) {
  if (name != marker)
    if (auto fine = check(name); !fine)
      return fine.error();
  auto path = where(name);
  if (exists(path)) {
    if (auto settled = settle(path); !settled)
      return settled.error();
    return put_outcome::exists;
  }
  if (name != marker)
    if (auto swept = sweep(); !swept)
      return swept.error();
  // Nodes that share the directory, and stores of one process, must not share a temporary name.
  auto temporary = root_ + "/" + std::string(unfinished) + std::to_string(::getpid()) + "-" +
                   std::to_string(std::random_device{}()) + "-" + std::to_string(++puts_);
  auto file = file_writer::create(temporary);
  if (!file)
    return softened(file.error());
  if (auto written = (*file)->write(bytes); !written)
    return softened(written.error());
  if (auto synced = (*file)->sync(); !synced)
    return softened(synced.error());
  if (auto made = make_directories(directory_of(path)); !made)
    return softened(made.error());
  auto named = name_file((*file)->temporary_path(), path);
  if (!named)
    return named;
  if (auto settled = settle(path); !settled)
    return settled.error();
  return named;
}

result<std::string> directory_store::get(const std::string& name, std::uint64_t max_bytes) {
  if (auto fine = check(name); !fine)
    return fine.error();
  auto bytes = read_whole(where(name), max_bytes);
  if (!bytes)
    return bytes;
  if (auto settled = settle(where(name)); !settled)
    return settled.error();
  return bytes;
}

result<std::string> directory_store::get_range(const std::string& name, std::uint64_t offset,
                                               std::size_t count) {
  if (auto fine = check(name); !fine)
    return fine.error();
  auto file = file_reader::open(where(name));
  if (!file)
    return file.error();
  std::string bytes;
  if (offset < (*file)->size())
    bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(count, (*file)->size() - offset)));
  if (auto got = (*file)->read_at(offset, bytes.data(), bytes.size()); !got)
    return got.error();
  return bytes;
}

result<object_page> directory_store::list(const std::string& prefix, const std::string& after,
                                          std::size_t max) {
  require(max > 0 && max <= object_page_max, "object store: a page has a bound");
  if (auto fine = check_root(); !fine)
    return fine.error();
  listing into{prefix, after, max, {}};
  auto done = walk(root_, "", 0, into);
  if (!done)
    return done.error();
  return std::move(into.page);
}

result<std::uint64_t> directory_store::head(const std::string& name) {
  if (auto fine = check(name); !fine)
    return fine.error();
  struct stat found;
  if (::stat(where(name).c_str(), &found) != 0)
    return errno_error(where(name), "stat", errno);
  return static_cast<std::uint64_t>(found.st_size);
}

result<void> directory_store::remove(const std::string& name) {
  if (auto fine = check(name); !fine)
    return fine.error();
  if (!exists(where(name)))
    return {};
  if (auto removed = remove_file(where(name)); !removed)
    return softened(removed.error());
  if (auto synced = sync_directory(directory_of(where(name))); !synced)
    return softened(synced.error());
  return {};
}

std::string directory_store::where(const std::string& name) const {
  return root_ + "/" + name;
}

} // namespace troupe::storage
