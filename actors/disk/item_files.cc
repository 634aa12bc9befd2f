#include "actors/disk/item_files.h"
#include "actors/core/item/value.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include "storage/files.h"
#include <algorithm>
#include <chrono>
#include <filesystem>

namespace troupe::disk {

namespace fs = std::filesystem;

std::uint64_t size_of_item(std::string_view, std::string_view item) {
  return item::serialized_size(item).value_or(0);
}

msg::SnapshotHeader position_of(const storage::item_store& store) {
  msg::SnapshotHeader header;
  auto& at = store.applied();
  header.set_group(store.group());
  header.set_index(at.index);
  header.set_link(at.link);
  *header.mutable_ballot() = at.ballot;
  *header.mutable_configuration() = at.configuration;
  header.set_configuration_index(at.configuration_index);
  header.set_time_ms(at.time_ms);
  return header;
}

void remove_snapshots(const std::string& directory) {
  std::error_code none;
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::seconds(leftovers_kept_s);
  for (fs::directory_iterator at(directory + "/snapshots", none), end; at != end; at.increment(none)) {
    const auto name = at->path().filename().string();
    const bool whole = name.ends_with(outgoing_end) || name.ends_with(incoming_end);
    const bool pieces = name.ends_with("-in.snapshot.part") || name.ends_with("-in.snapshot.pieces.part");
    std::error_code why;
    const auto written = fs::last_write_time(at->path(), why);
    if ((whole || pieces) && !why && written >= oldest)
      continue;
    if (!fs::remove(at->path(), why))
      kit::log(kit::level::warning, "items", "cannot remove " + at->path().string() + ": " + why.message());
  }
}

item_files::item_files(std::string directory, std::size_t open_max, settler settle)
    : directory_(std::move(directory)), open_max_(open_max), settle_(std::move(settle)) {}

std::string item_files::path_of(std::uint64_t group) const {
  return directory_ + "/items/" + std::to_string(group) + ".db";
}

storage::result<void> item_files::open_store(item_file& file, bool create) {
  storage::item_options options;
  options.group = file.group;
  options.member = file.member;
  options.create = create;
  options.size_of = size_of_item;
  options.entries = file.rules.entries;
  options.from = file.rules.from;
  options.to = file.rules.to;
  auto store = storage::item_store::open(path_of(file.group), options);
  if (!store)
    return store.error();
  file.store = std::move(*store);
  file.told_durable = file.store->durable_applied();
  ++open_;
  return {};
}

storage::result<item_file*> item_files::open(std::uint64_t group, std::uint64_t member, bool create,
                                             item_rules rules, std::int64_t now_us) {
  leave_incoming(group, now_us);
  auto [it, is_new] = files_.try_emplace(group);
  auto& file = it->second;
  file.group = group;
  if (!is_new && file.member != member && file.store) {
    file.outgoing.clear();
    file.store.reset();
    --open_;
  }
  file.member = member;
  file.rules = std::move(rules);
  if (!file.store) {
    if (auto opened = open_store(file, create); !opened) {
      files_.erase(it);
      return opened.error();
    }
  }
  file.used = ++uses_;
  if (is_new)
    adopt_snapshots(file, now_us);
  close_surplus();
  return &file;
}

storage::result<item_file*> item_files::use(std::uint64_t group) {
  auto it = files_.find(group);
  if (it == files_.end())
    return storage::error{storage::code::missing,
                          "group " + std::to_string(group) + " has no item file here"};
  auto& file = it->second;
  file.used = ++uses_;
  if (!file.store)
    if (auto opened = open_store(file, false); !opened)
      return opened.error();
  return &file;
}

void item_files::drop(std::uint64_t group) {
  if (auto it = files_.find(group); it != files_.end()) {
    if (it->second.store)
      --open_;
    files_.erase(it);
  }
  forget_incoming(group);
  remove_outgoing(group);
  std::error_code ignored; // what stays is refused as another member's, should the group come back
  for (auto end : {"", "-wal", "-shm"})
    fs::remove(path_of(group) + end, ignored);
}

storage::result<std::string> item_files::quarantine(std::uint64_t group, std::int64_t unix_ms) {
  std::uint64_t member = 0;
  if (auto it = files_.find(group); it != files_.end()) {
    member = it->second.member;
    if (it->second.store)
      --open_;
    files_.erase(it); // closed: its WAL goes into it, as far as that can be done
  }
  forget_incoming(group);
  remove_outgoing(group);
  if (!storage::exists(path_of(group)))
    return std::string();
  const std::string folder = directory_ + "/quarantine";
  if (auto made = storage::make_directories(folder); !made)
    return made.error();
  std::string to = folder + "/" + std::to_string(unix_ms) + "-" + std::to_string(group) + "-" +
                   std::to_string(member) + ".db";
  for (auto end : {"", "-wal"}) // in it may be what nobody has written into the file yet
    if (storage::exists(path_of(group) + end))
      if (auto moved = storage::rename_durably(path_of(group) + end, to + end); !moved)
        return moved.error();
  bound_quarantine(folder);
  if (auto synced = storage::sync_directory(directory_ + "/items"); !synced)
    return synced.error();
  return to;
}

// The newest stay, as names begin with the time.
void item_files::bound_quarantine(const std::string& folder) {
  std::vector<fs::path> there;
  std::error_code ignored;
  for (const auto& one : fs::directory_iterator(folder, ignored))
    if (one.path().extension() == ".db")
      there.push_back(one.path());
  std::sort(there.begin(), there.end());
  std::uintmax_t bytes = 0;
  std::size_t kept = 0;
  for (auto it = there.rbegin(); it != there.rend(); ++it) {
    const auto size = fs::file_size(*it, ignored);
    bytes += size == static_cast<std::uintmax_t>(-1) ? 0 : size;
    if (kept++ == 0 || (kept <= limits::quarantined_files && bytes <= limits::quarantined_bytes))
      continue;
    fs::remove(*it, ignored);
    fs::remove(it->string() + "-wal", ignored);
  }
}

void item_files::close_surplus() {
  while (open_ > open_max_) {
    item_file* oldest = nullptr;
    for (auto& [group, file] : files_)
      if (file.store && !file.being_cut() && (!oldest || file.used < oldest->used))
        oldest = &file;
    if (!oldest || oldest->used == uses_ || !settle_(*oldest))
      return;
    oldest->store.reset();
    --open_;
  }
}

item_files::~item_files() {
  close_all();
}

// Who fetches a snapshot goes on with it when the node is back.
void item_files::close_all() {
  for (auto& [group, file] : files_)
    for (auto& one : file.outgoing)
      one->kept = true;
  incoming_.clear();
  files_.clear();
  open_ = 0;
}

void item_files::for_each(const std::function<void(item_file&)>& visit) {
  for (auto& [group, file] : files_)
    visit(file);
}

} // namespace troupe::disk
