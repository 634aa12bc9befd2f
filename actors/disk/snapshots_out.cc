// Snapshots that are cut of item files, for members that fetch them: each a file that a restart does not
// lose.
#include "actors/disk/item_files.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include "storage/files.h"
#include <algorithm>
#include <filesystem>

namespace troupe::disk {

namespace fs = std::filesystem;

outgoing_snapshot::~outgoing_snapshot() {
  if (kept && reader)
    return;
  writer.reset();
  reader.reset();
  std::error_code ignored; // a leftover is removed at the next start
  fs::remove(path, ignored);
}

std::string item_files::outgoing_path(std::uint64_t group, std::uint64_t transfer) const {
  return directory_ + "/snapshots/" + std::to_string(group) + "-" + std::to_string(transfer) +
         std::string(outgoing_end);
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
      if (one->reader && one->reader->file_sum() == question.resume && one->index >= question.resume_at_least)
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

} // namespace troupe::disk
