#include "storage/meta_store.h"
#include "storage/bytes.h"
#include "storage/checksum.h"
#include "storage/files.h"
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

namespace troupe::storage {

namespace {

constexpr std::string_view magic = "TROUPEID";
constexpr std::uint32_t version = 1;
constexpr std::size_t file_bytes_max = 64u << 20;

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::uint64_t random_disk_id() {
  std::uint64_t id = 0;
  while (id == 0)
    require(::getrandom(&id, sizeof id, 0) == sizeof id || errno == EINTR, "identity: no random bytes");
  return id;
}

std::string encode(const msg::NodeMeta& meta) {
  std::string file(magic);
  file += meta.SerializeAsString();
  append_u64(file, checksum(file));
  return file;
}

result<msg::NodeMeta> decode(const std::string& path, std::string_view file) {
  msg::NodeMeta meta;
  if (file.size() < magic.size() + 8 || file.substr(0, magic.size()) != magic)
    return error{code::corrupt, path + ": is not an identity file"};
  std::string_view covered = file.substr(0, file.size() - 8);
  std::string_view body = covered.substr(magic.size());
  if (get_u64(file.data() + covered.size()) != checksum(covered) ||
      !meta.ParseFromArray(body.data(), static_cast<int>(body.size())))
    return error{code::corrupt, path +
                                    ": is damaged. Who wrote this directory is not known any more: move it "
                                    "away, and let the node begin anew with an empty one"};
  if (meta.version() != version)
    return error{code::refused, path + ": written in format version " + std::to_string(meta.version()) +
                                    ", this program knows version " + std::to_string(version)};
  return meta;
}

} // namespace

struct meta_store::state {
  std::string directory;
  int lock = -1;
  bool created = false;
  msg::NodeMeta meta;

  ~state() {
    if (lock >= 0)
      ::close(lock); // which gives the lock back
  }
  std::string file() const { return directory + "/node.meta"; }

  result<void> take_lock();
  result<void> read_or_make(const std::string& cluster, const std::string& node);
  result<void> refuse_data_without_identity() const;
  result<void> save(const msg::NodeMeta& next);
};

result<void> meta_store::state::take_lock() {
  std::string path = directory + "/lock";
  lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock < 0)
    return errno_error(path, "open", errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0)
    return {};
  if (errno == EWOULDBLOCK)
    return error{code::busy, directory + ": another process uses this data directory"};
  return errno_error(path, "lock", errno);
}

result<void> meta_store::state::refuse_data_without_identity() const {
  auto names = list_directory(directory);
  if (!names)
    return names.error();
  for (const auto& name : *names)
    if (name == "log.db" || name == "log.db-wal" || name == "items")
      return error{code::refused,
                   directory + ": holds " + name +
                       " but no identity file (node.meta): what was promised with it is not known "
                       "any more. Move the directory away, and let the node begin anew with an "
                       "empty one"};
  return {};
}

result<void> meta_store::state::read_or_make(const std::string& cluster, const std::string& node) {
  if (auto gone = remove_file(file() + std::string(temporary_suffix)); !gone)
    return gone;
  auto bytes = read_whole(file(), file_bytes_max);
  if (!bytes && bytes.error().code != code::missing)
    return bytes.error();
  msg::NodeMeta next;
  if (bytes) {
    auto decoded = decode(file(), *bytes);
    if (!decoded)
      return decoded.error();
    next = std::move(*decoded);
    if (next.cluster() != cluster || next.node() != node)
      return error{code::refused, directory + ": belongs to node " + next.node() + " of cluster " +
                                      next.cluster() + ", not to node " + node + " of cluster " + cluster};
  } else {
    if (auto empty = refuse_data_without_identity(); !empty)
      return empty;
    created = true;
    next.set_version(version);
    next.set_cluster(cluster);
    next.set_node(node);
    next.set_disk(random_disk_id());
    next.set_created_ms(now_ms());
  }
  next.set_starts(next.starts() + 1);
  if (auto saved = save(next); !saved)
    return saved;
  for (const char* folder : {"/items", "/snapshots"}) // behind the identity, without which they are refused
    if (auto made = make_directories(directory + folder); !made)
      return made;
  return {};
}

// Memory follows the file.
result<void> meta_store::state::save(const msg::NodeMeta& next) {
  auto file_out = file_writer::create(file());
  if (!file_out)
    return file_out.error();
  if (auto done = (*file_out)->write(encode(next)); !done)
    return done;
  if (auto done = (*file_out)->publish(); !done)
    return done;
  meta = next;
  return {};
}

result<std::unique_ptr<meta_store>> meta_store::open(const std::string& directory, const std::string& cluster,
                                                     const std::string& node) {
  auto s = std::make_unique<state>();
  s->directory = directory;
  if (auto made = make_directories(directory); !made)
    return made.error();
  if (auto locked = s->take_lock(); !locked)
    return locked.error();
  if (auto done = s->read_or_make(cluster, node); !done)
    return done.error();
  return std::unique_ptr<meta_store>(new meta_store(std::move(s)));
}

meta_store::meta_store(std::unique_ptr<state> s) : state_(std::move(s)) {}
meta_store::~meta_store() = default;

const std::string& meta_store::directory() const {
  return state_->directory;
}

std::string meta_store::log_path() const {
  return directory() + "/log.db";
}

std::string meta_store::item_path(std::uint64_t group) const {
  return directory() + "/items/" + std::to_string(group) + ".db";
}

bool meta_store::created() const {
  return state_->created;
}

std::uint64_t meta_store::disk() const {
  return state_->meta.disk();
}

std::uint64_t meta_store::starts() const {
  return state_->meta.starts();
}

const msg::NodeMeta& meta_store::all() const {
  return state_->meta;
}

std::vector<msg::LocalReplica> meta_store::replicas() const {
  return {state_->meta.replicas().begin(), state_->meta.replicas().end()};
}

std::optional<msg::LocalReplica> meta_store::replica(std::uint64_t group) const {
  for (const auto& r : state_->meta.replicas())
    if (r.group() == group)
      return r;
  return {};
}

result<void> meta_store::put(const std::vector<msg::LocalReplica>& replicas) {
  msg::NodeMeta next = state_->meta;
  auto& list = *next.mutable_replicas();
  for (const auto& replica : replicas) {
    auto same =
        std::find_if(list.begin(), list.end(), [&](const auto& r) { return r.group() == replica.group(); });
    if (same != list.end())
      *same = replica;
    else
      *list.Add() = replica;
  }
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.group() < b.group(); });
  return state_->save(next);
}

result<void> meta_store::put(const msg::LocalReplica& replica) {
  return put(std::vector{replica});
}

result<void> meta_store::remove(const std::vector<std::uint64_t>& groups) {
  msg::NodeMeta next = state_->meta;
  auto& list = *next.mutable_replicas();
  auto leaving = [&](const msg::LocalReplica& r) {
    return std::find(groups.begin(), groups.end(), r.group()) != groups.end();
  };
  auto kept = std::remove_if(list.begin(), list.end(), leaving);
  if (kept == list.end())
    return {};
  list.erase(kept, list.end());
  return state_->save(next);
}

result<void> meta_store::remove(std::uint64_t group) {
  return remove(std::vector{group});
}

} // namespace troupe::storage
