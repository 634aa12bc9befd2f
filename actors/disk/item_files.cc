#include "actors/disk/item_files.h"
#include "actors/core/item/value.h"
#include "actors/disk/entry_rules.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include "storage/files.h"
#include <algorithm>
#include <chrono>
#include <filesystem>

namespace troupe::disk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view outgoing_end = "-out.snapshot";
constexpr std::string_view incoming_end = "-in.snapshot";

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
  if (kept && reader)
    return;
  writer.reset();
  reader.reset();
  std::error_code ignored; // a leftover is removed at the next start
  fs::remove(path, ignored);
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

std::string item_files::outgoing_path(std::uint64_t group, std::uint64_t transfer) const {
  return directory_ + "/snapshots/" + std::to_string(group) + "-" + std::to_string(transfer) +
         std::string(outgoing_end);
}

std::string item_files::incoming_path(std::uint64_t group) const {
  return directory_ + "/snapshots/" + std::to_string(group) + std::string(incoming_end);
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
                                             item_rules rules, std::int64_t now_us) {
  if (auto in = incoming_.find(group); in != incoming_.end()) // whoever ordered it is another one now
    incoming_.erase(in);
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

std::vector<std::string> item_files::outgoing_files(std::uint64_t group) const {
  std::vector<std::string> found;
  std::error_code none;
  const auto begins = std::to_string(group) + "-";
  for (fs::directory_iterator at(directory_ + "/snapshots", none), end; at != end; at.increment(none))
    if (const auto name = at->path().filename().string();
        name.starts_with(begins) && name.ends_with(outgoing_end))
      found.push_back(at->path().string());
  return found;
}

// The items are others from now on, or were found wrong: nobody is given what was cut of them, in this run or
// in one before.
void item_files::remove_outgoing(std::uint64_t group) {
  if (auto it = files_.find(group); it != files_.end())
    it->second.outgoing.clear();
  for (const auto& path : outgoing_files(group))
    if (auto removed = storage::remove_file(path); !removed)
      kit::log(kit::level::warning, "items", removed.error().text);
}

// Those who were fetching it come again. A file that was not finished has another name.
void item_files::adopt_snapshots(item_file& file, std::int64_t now_us) {
  for (const auto& path : outgoing_files(file.group)) {
    auto out = std::make_unique<outgoing_snapshot>();
    out->path = path;
    auto reader = storage::snapshot_reader::open(out->path);
    if (!reader || (*reader)->header().group() != file.group ||
        (*reader)->header().index() > file.store->applied().index ||
        file.outgoing.size() >= limits::snapshots_kept)
      continue; // and so it is removed
    out->index = (*reader)->header().index();
    out->reader = std::move(*reader);
    out->begun_us = out->used_us = now_us;
    file.outgoing.push_back(std::move(out));
  }
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

outgoing_snapshot* item_file::being_cut() const {
  for (auto& one : outgoing)
    if (one->writer)
      return one.get();
  return nullptr;
}

namespace {

outgoing_snapshot* join(outgoing_snapshot& one, std::uint64_t transfer, std::int64_t now_us) {
  one.transfers.push_back(transfer);
  if (one.transfers.size() > limits::snapshot_transfers)
    one.transfers.erase(one.transfers.begin());
  one.used_us = now_us;
  return &one;
}

} // namespace

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
  if (question.resume != 0)
    for (auto& one : file.outgoing)
      if (one->reader && one->reader->file_sum() == question.resume)
        return join(*one, question.transfer, now_us);
  if (question.chunk != 0 || question.resume != 0)
    return storage::error{storage::code::missing,
                          "the snapshot that this transfer began with is gone; begin anew"};
  for (auto& one : file.outgoing) {
    if (one->failed || one->index < question.at_least || now_us - one->begun_us > snapshot_offered_us)
      continue;
    return join(*one, question.transfer, now_us);
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
  out->path = outgoing_path(file.group, question.transfer);
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

void item_files::forget_incoming(std::uint64_t group) {
  incoming_.erase(group);
  if (auto gone = storage::snapshot_receiver::discard(incoming_path(group)); !gone)
    kit::log(kit::level::warning, "items", gone.error().text);
}

storage::result<item_files::stored> item_files::store_snapshot(const wire::store_snapshot& order) {
  if (order.anew && !order.file.empty()) {
    if (auto removed = storage::remove_file(order.file); !removed)
      kit::log(kit::level::warning, "items", removed.error().text);
    return stored{0, 0, false, true}; // nobody waits for that
  }
  auto& in = incoming_[order.group];
  bool same = in.transfer == order.transfer;
  in.member = order.member;
  in.transfer = order.transfer;
  in.who = order.who;
  in.rules = {entry_rules_of(order.local_indexes), order.from, order.to};
  in.installer.reset();
  if (!order.file.empty())
    return take_file(order, in);
  if (!order.chunk)
    return take_up(order, in);
  auto there = reached(order.group, order.member, order.chunk->header().index());
  if (!there)
    return there.error();
  if (*there) {
    forget_incoming(order.group);
    return stored{0, 0, true, false};
  }
  if (!same || !in.receiver || in.rechecking) {
    in.rechecking = false;
    in.receiver.reset();
    auto receiver = storage::snapshot_receiver::create(incoming_path(order.group));
    if (!receiver)
      return receiver.error();
    in.receiver = std::move(*receiver);
  }
  auto whole = in.receiver->add(*order.chunk);
  if (!whole) {
    if (order.chunk->last()) // nothing that came before is of use: what was announced is something else
      forget_incoming(order.group);
    return whole.error();
  }
  if (!*whole)
    return stored{in.receiver->wanted(), 0, false, false};
  return begin_install(order.group, in);
}

// What an earlier transfer has left, of this run or of one before: a whole snapshot, or the pieces before
// some piece.
storage::result<item_files::stored> item_files::take_up(const wire::store_snapshot& order, incoming& in) {
  const auto path = incoming_path(order.group);
  auto nothing = [&]() -> storage::result<stored> {
    in.receiver.reset();
    in.rechecking = false;
    if (auto gone = storage::snapshot_receiver::discard(path); !gone)
      return gone.error();
    return stored{};
  };
  if (order.anew)
    return nothing();
  if (!in.receiver && storage::exists(path)) {
    auto whole = storage::snapshot_reader::open(path);
    if (whole && (*whole)->header().index() >= order.at_least)
      return begin_install(order.group, in);
    return nothing();
  }
  if (!in.receiver) {
    auto left = storage::snapshot_receiver::resume(path);
    if (!left && left.error().code == storage::code::missing)
      return nothing();
    if (!left)
      return left.error();
    in.receiver = std::move(*left);
    in.rechecking = true;
  }
  if (in.receiver->snapshot() == 0 || in.receiver->index() < order.at_least)
    return nothing();
  return stored{in.receiver->wanted(), in.receiver->snapshot(), false, in.rechecking};
}

// What came by another way takes the place of all that came in pieces.
storage::result<item_files::stored> item_files::take_file(const wire::store_snapshot& order, incoming& in) {
  in.receiver.reset();
  in.rechecking = false;
  const auto path = incoming_path(order.group);
  auto there = storage::snapshot_receiver::discard(path);
  if (there)
    there = storage::rename_durably(order.file, path);
  if (!there)
    return there.error();
  auto snapshot = storage::snapshot_reader::open(path);
  if (!snapshot)
    return snapshot.error();
  auto stands = reached(order.group, order.member, (*snapshot)->header().index());
  if (!stands)
    return stands.error();
  if (!*stands)
    return begin_install(order.group, in);
  forget_incoming(order.group);
  return stored{0, 0, true, false};
}

storage::result<item_files::stored> item_files::begin_install(std::uint64_t group, incoming& in) {
  in.receiver.reset();
  auto it = files_.find(group);
  if (it != files_.end() && it->second.member != in.member)
    return storage::error{storage::code::missing,
                          "group " + std::to_string(group) + " has no item file here"};
  const auto& rules = it == files_.end() ? in.rules : it->second.rules;
  storage::install_options options;
  options.group = group;
  options.member = in.member;
  options.size_of = size_of;
  options.entries = rules.entries;
  options.from = rules.from;
  options.to = rules.to;
  options.replace_damaged = it == files_.end();
  auto work = storage::snapshot_installer::begin(incoming_path(group), path_of(group), options);
  if (!work) {
    forget_incoming(group);
    return work.error();
  }
  in.installer = std::move(*work);
  return stored{0, 0, false, true};
}

std::uint64_t item_files::next_to_work_on() {
  auto waits = [](auto& one) { return one.second.rechecking || one.second.installer; };
  auto from = incoming_.upper_bound(worked_last_);
  auto it = std::find_if(from, incoming_.end(), waits);
  if (it == incoming_.end())
    it = std::find_if(incoming_.begin(), from, waits);
  if (it == incoming_.end() || !waits(*it))
    return 0;
  return worked_last_ = it->first;
}

storage::result<item_files::stored> item_files::work_on(std::uint64_t group, std::size_t bytes) {
  auto& in = incoming_.at(group);
  if (in.rechecking) {
    auto all = in.receiver->recheck(bytes);
    if (!all) {
      forget_incoming(group);
      return all.error();
    }
    in.rechecking = !*all;
    return stored{in.receiver->wanted(), in.receiver->snapshot(), false, in.rechecking};
  }
  auto built = in.installer->step(bytes);
  if (!built) {
    forget_incoming(group);
    return built.error();
  }
  if (!*built)
    return stored{0, 0, false, true};
  return finish_install(group);
}

// The file is replaced: no store may have it open.
storage::result<item_files::stored> item_files::finish_install(std::uint64_t group) {
  auto in = std::move(incoming_.at(group));
  auto it = files_.find(group);
  remove_outgoing(group);
  if (it != files_.end() && it->second.store) {
    it->second.store.reset();
    --open_;
  }
  auto installed = in.installer->finish();
  forget_incoming(group);
  if (!installed)
    return installed.error();
  if (it == files_.end()) {
    auto& made = files_[group];
    made.group = group;
    made.member = in.member;
    made.rules = std::move(in.rules);
  }
  return stored{0, 0, true, false};
}

} // namespace troupe::disk
