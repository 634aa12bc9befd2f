#include "actors/disk/item_files.h"
#include "actors/core/item/value.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include "storage/files.h"
#include <algorithm>
#include <filesystem>

namespace troupe::disk {

namespace fs = std::filesystem;

namespace {

// Bytes that are no item are found by those who read them, not by those who count them.
std::uint64_t size_of(std::string_view, std::string_view item) {
  return item::serialized_size(item).value_or(0);
}

} // namespace

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

outgoing_snapshot::~outgoing_snapshot() {
  writer.reset();
  reader.reset();
  std::error_code ignored; // a leftover is removed at the next start
  fs::remove(path, ignored);
}

void remove_snapshots(const std::string& directory) {
  std::error_code none;
  for (fs::directory_iterator at(directory + "/snapshots", none), end; at != end; at.increment(none))
    if (std::error_code why; !fs::remove(at->path(), why))
      kit::log(kit::level::warning, "items", "cannot remove " + at->path().string() + ": " + why.message());
}

item_files::item_files(std::string directory, std::size_t open_max, settler settle)
    : directory_(std::move(directory)), open_max_(open_max), settle_(std::move(settle)) {}

std::string item_files::path_of(std::uint64_t group) const {
  return directory_ + "/items/" + std::to_string(group) + ".db";
}

std::string item_files::snapshot_path(std::uint64_t group, std::uint64_t transfer, const char* kind) const {
  return directory_ + "/snapshots/" + std::to_string(group) + "-" + std::to_string(transfer) + kind +
         ".snapshot";
}

storage::result<void> item_files::open_store(item_file& file, bool create) {
  storage::item_options options;
  options.group = file.group;
  options.member = file.member;
  options.create = create;
  options.size_of = size_of;
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
                                             item_rules rules) {
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
  incoming_.erase(group);
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
  incoming_.erase(group);
  const std::string folder = directory_ + "/quarantine";
  std::error_code trouble;
  if (!fs::exists(path_of(group), trouble))
    return std::string();
  std::string to = folder + "/" + std::to_string(unix_ms) + "-" + std::to_string(group) + "-" +
                   std::to_string(member) + ".db";
  fs::create_directories(folder, trouble);
  if (!trouble)
    fs::rename(path_of(group), to, trouble);
  if (!trouble && fs::exists(path_of(group) + "-wal", trouble))
    fs::rename(path_of(group) + "-wal", to + "-wal", trouble);
  if (trouble)
    return storage::error{storage::code::io, path_of(group) + ": " + trouble.message()};
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

void item_files::close_all() {
  incoming_.clear();
  files_.clear();
  open_ = 0;
}

void item_files::for_each(const std::function<void(item_file&)>& visit) {
  for (auto& [group, file] : files_)
    visit(file);
}

outgoing_snapshot* item_file::being_cut() const {
  for (auto& one : outgoing)
    if (one->writer)
      return one.get();
  return nullptr;
}

storage::result<outgoing_snapshot*>
item_files::snapshot_for(item_file& file, const wire::read_snapshot& question, std::int64_t now_us) {
  for (auto& one : file.outgoing) {
    if (std::find(one->transfers.begin(), one->transfers.end(), question.transfer) == one->transfers.end())
      continue;
    if (one->failed)
      return *one->failed;
    one->used_us = now_us;
    return one.get();
  }
  if (question.chunk != 0)
    return storage::error{storage::code::missing, "this transfer has ended; begin anew"};
  for (auto& one : file.outgoing) {
    if (one->failed || one->index < question.at_least || now_us - one->begun_us > snapshot_offered_us)
      continue;
    one->transfers.push_back(question.transfer);
    if (one->transfers.size() > limits::snapshot_transfers)
      one->transfers.erase(one->transfers.begin());
    one->used_us = now_us;
    return one.get();
  }
  auto at = file.store->applied().index;
  if (at < question.at_least)
    return storage::error{storage::code::missing, "the items stand at " + std::to_string(at) +
                                                      " here, wanted is " +
                                                      std::to_string(question.at_least)};
  if (file.being_cut())
    return nullptr;
  if (file.outgoing.size() >= limits::snapshots_kept)
    file.outgoing.erase(std::min_element(file.outgoing.begin(), file.outgoing.end(), [](auto& a, auto& b) {
      return std::pair(!a->failed, a->used_us) < std::pair(!b->failed, b->used_us);
    }));
  auto out = std::make_unique<outgoing_snapshot>();
  out->path = snapshot_path(file.group, question.transfer, "-out");
  auto writer = storage::snapshot_writer::begin(*file.store, out->path);
  if (!writer)
    return writer.error();
  out->writer = std::move(*writer);
  out->index = at;
  out->transfers.push_back(question.transfer);
  out->begun_us = out->used_us = now_us;
  return file.outgoing.emplace_back(std::move(out)).get();
}

void item_files::cut(outgoing_snapshot& out, std::size_t bytes) {
  auto done = out.writer->step(bytes);
  if (done && !*done)
    return;
  out.writer.reset(); // the walk has ended
  if (!done) {
    out.failed = done.error();
    return;
  }
  auto reader = storage::snapshot_reader::open(out.path);
  if (reader)
    out.reader = std::move(*reader);
  else
    out.failed = reader.error();
}

item_file* item_files::next_to_cut() {
  auto from = files_.upper_bound(cut_last_);
  auto find = [](auto begin, auto end) {
    return std::find_if(begin, end, [](auto& one) { return one.second.being_cut() != nullptr; });
  };
  auto it = find(from, files_.end());
  if (it == files_.end())
    it = find(files_.begin(), from);
  if (it == files_.end() || !it->second.being_cut())
    return nullptr;
  cut_last_ = it->first;
  return &it->second;
}

void item_files::forget_unused_snapshots(item_file& file, std::int64_t now_us) {
  std::erase_if(file.outgoing, [&](auto& one) { return now_us - one->used_us > snapshot_kept_us; });
}

// Whether the group's file holds, durably, what a snapshot at this index would bring. It does where a crash
// came between the installing of a snapshot and the log's going on from there.
storage::result<bool> item_files::reached(std::uint64_t group, std::uint64_t member, std::uint64_t index) {
  if (auto it = files_.find(group); it == files_.end() || it->second.member != member)
    return false;
  auto file = use(group);
  if (!file && file.error().code == storage::code::missing)
    return false;
  if (!file)
    return file.error();
  if ((*file)->store->applied().index < index)
    return false;
  if (auto synced = (*file)->store->sync(); !synced)
    return synced.error();
  return true;
}

storage::result<item_files::stored> item_files::store_snapshot(std::uint64_t group, std::uint64_t member,
                                                               std::uint64_t transfer,
                                                               const msg::SnapshotChunk& chunk,
                                                               item_rules rules) {
  auto there = reached(group, member, chunk.header().index());
  if (!there)
    return there.error();
  if (*there) {
    incoming_.erase(group);
    return stored{0, true};
  }
  auto& in = incoming_[group];
  if (in.transfer != transfer || !in.receiver) {
    in = incoming{transfer, snapshot_path(group, transfer, "-in"), nullptr};
    auto receiver = storage::snapshot_receiver::create(in.path);
    if (!receiver)
      return receiver.error();
    in.receiver = std::move(*receiver);
  }
  auto whole = in.receiver->add(chunk);
  if (!whole)
    return whole.error();
  if (!*whole)
    return stored{in.receiver->wanted(), false};
  auto path = in.path;
  incoming_.erase(group);
  // From here no store may have the file open: it is replaced.
  auto it = files_.find(group);
  bool made = it == files_.end();
  if (made) {
    it = files_.try_emplace(group).first;
    it->second.group = group;
    it->second.member = member;
    it->second.rules = std::move(rules);
  } else if (it->second.member != member) {
    return storage::error{storage::code::missing,
                          "group " + std::to_string(group) + " has no item file here"};
  }
  it->second.outgoing.clear();
  if (it->second.store) {
    it->second.store.reset();
    --open_;
  }
  storage::install_options options;
  options.group = group;
  options.member = member;
  options.size_of = size_of;
  options.entries = it->second.rules.entries;
  options.from = it->second.rules.from;
  options.to = it->second.rules.to;
  options.replace_damaged = made;
  auto installed = storage::install_snapshot(path, path_of(group), options);
  std::error_code ignored;
  fs::remove(path, ignored);
  if (!installed) {
    if (made)
      files_.erase(it);
    return installed.error();
  }
  return stored{0, true};
}

} // namespace troupe::disk
