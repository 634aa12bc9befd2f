// Snapshots that come, in pieces or as a file, and become item files: what came survives a restart, and
// reading it again and building from it are done in steps.
#include "actors/disk/entry_rules.h"
#include "actors/disk/item_files.h"
#include "actors/kit/log.h"
#include "storage/files.h"
#include <algorithm>

namespace troupe::disk {

std::string item_files::incoming_path(std::uint64_t group) const {
  return directory_ + "/snapshots/" + std::to_string(group) + std::string(incoming_end);
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

// Whoever ordered it is another one now. He may go on with what came, for a while.
void item_files::leave_incoming(std::uint64_t group, std::int64_t now_us) {
  incoming_.erase(group);
  if (storage::snapshot_receiver::left(incoming_path(group)))
    incoming_[group].used_us = now_us;
}

bool item_files::forget_idle_transfers(std::int64_t now_us) {
  std::vector<std::uint64_t> old;
  for (auto& [group, in] : incoming_) {
    if (in.installer || in.rechecking())
      continue;
    if (now_us - in.used_us > incoming_idle_us) {
      in.receiver.reset();
      in.who = nullptr;
    }
    if (now_us - in.used_us > leftovers_kept_s * 1'000'000)
      old.push_back(group);
  }
  for (auto group : old)
    forget_incoming(group);
  return !incoming_.empty();
}

storage::result<item_files::stored> item_files::store_snapshot(const wire::store_snapshot& order,
                                                               std::int64_t now_us) {
  auto& in = incoming_[order.group];
  in.used_us = now_us;
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
  if (!same || !in.receiver || in.rechecking()) {
    in.receiver.reset();
    auto receiver = storage::snapshot_receiver::create(incoming_path(order.group));
    if (!receiver)
      return receiver.error();
    in.receiver = std::move(*receiver);
  }
  auto whole = in.receiver->add(*order.chunk);
  if (!whole) {
    const auto code = whole.error().code;
    if (code != storage::code::corrupt && code != storage::code::refused)
      in.receiver.reset(); // a part of the piece may lie there: whoever comes next looks what does
    return whole.error();
  }
  if (!*whole)
    return stored{in.receiver->wanted(), 0, false, false};
  return begin_install(order.group, in);
}

storage::result<item_files::stored> item_files::start_anew(std::uint64_t group, incoming& in) {
  in.receiver.reset();
  if (auto gone = storage::snapshot_receiver::discard(incoming_path(group)); !gone)
    return gone.error();
  return stored{};
}

// What an earlier transfer has left, of this run or of one before: a whole snapshot, or the pieces before
// some piece.
storage::result<item_files::stored> item_files::take_up(const wire::store_snapshot& order, incoming& in) {
  const auto path = incoming_path(order.group);
  if (order.anew)
    return start_anew(order.group, in);
  if (!in.receiver && storage::exists(path)) {
    auto whole = storage::snapshot_reader::open(path);
    if (whole && (*whole)->header().index() >= order.at_least)
      return begin_install(order.group, in);
    return start_anew(order.group, in);
  }
  if (!in.receiver) {
    auto left = storage::snapshot_receiver::resume(path);
    if (!left && left.error().code != storage::code::missing)
      kit::log(kit::level::warning, "items",
               "what is left of a snapshot cannot be used: " + left.error().text);
    if (!left)
      return start_anew(order.group, in);
    in.receiver = std::move(*left);
  }
  if (in.receiver->snapshot() == 0 || in.receiver->index() < order.at_least)
    return start_anew(order.group, in);
  return stored{in.receiver->wanted(), in.receiver->snapshot(), false, in.rechecking()};
}

// What came by another way takes the place of all that came in pieces.
storage::result<item_files::stored> item_files::take_file(const wire::store_snapshot& order, incoming& in) {
  in.receiver.reset();
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
  options.size_of = size_of_item;
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
  auto waits = [](auto& one) { return one.second.rechecking() || one.second.installer; };
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
  if (in.rechecking()) {
    auto all = in.receiver->recheck(bytes);
    if (!all) {
      forget_incoming(group);
      return all.error();
    }
    if (*all && in.receiver->wanted() == 0)
      return start_anew(group, in); // of that very snapshot nothing is here: any other is as good
    return stored{in.receiver->wanted(), in.receiver->snapshot(), false, !*all};
  }
  auto built = in.installer->step(bytes);
  if (!built) {
    install_failed(group, built.error());
    return built.error();
  }
  if (!*built)
    return stored{0, 0, false, true};
  return finish_install(group);
}

// All of the snapshot is here, and stays when it is only room that was missing. After anything else it is
// fetched anew: what cannot be read would not be read the next time either.
void item_files::install_failed(std::uint64_t group, const storage::error& why) {
  if (why.code == storage::code::full)
    incoming_.at(group).installer.reset();
  else
    forget_incoming(group);
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
  if (!installed) {
    install_failed(group, installed.error());
    return installed.error();
  }
  forget_incoming(group);
  if (it == files_.end()) {
    auto& made = files_[group];
    made.group = group;
    made.member = in.member;
    made.rules = std::move(in.rules);
  }
  return stored{0, 0, true, false};
}

} // namespace troupe::disk
