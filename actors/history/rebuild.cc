#include "actors/history/rebuild.h"
#include "actors/history/snapshots.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include <deque>

namespace troupe::history {

using storage::code;
using storage::error;
using storage::result;

namespace {

constexpr auto snapshot_end = "-snapshot";    // of the name of the file that is fetched
constexpr std::uint64_t only_member = 1;      // nobody else has the file
constexpr std::size_t batch_bytes = 4u << 20; // of items in one transaction

result<void> remove_files(const std::string& path) {
  for (auto end : {"", "-wal", "-shm", snapshot_end})
    if (auto removed = storage::remove_file(path + end); !removed)
      return removed;
  return {};
}

std::uint64_t bytes_of(const storage::archived_snapshot& about) {
  std::uint64_t bytes = 0;
  for (const auto& part : about.parts)
    bytes += part.bytes;
  return bytes;
}

} // namespace

rebuild::~rebuild() {
  items_.reset();
  (void)remove_files(order_.path); // the next one for that path removes what stays
}

result<void> rebuild::room_for(std::uint64_t bytes) const {
  return order_.room ? order_.room(bytes) : result<void>();
}

// The item file is that of a snapshot, if there is one that may be begun with; and where the log goes on
// behind it.
result<log_position> rebuild::install_newest(storage::object_store& store) const {
  auto file = order_.path + snapshot_end;
  for (std::optional<archive::snapshot_id> before; !order_.log_alone;) {
    auto found = newest_snapshot(store, archive::folder_of(order_.whose), order_.last, before);
    if (!found)
      return found.error();
    if (!*found)
      break;
    before = **found;
    auto about = read_snapshot_manifest(store, order_.whose, **found);
    if (about && order_.time_ms != 0 && about->header.time_ms() > order_.time_ms)
      continue; // it holds something younger
    const std::uint64_t bytes = about ? bytes_of(*about) : 0;
    if (about) // the file that is fetched, and what it is installed as
      if (auto may = room_for(2 * bytes); !may)
        return may.error();
    if (about)
      about = fetch_snapshot(store, order_.whose, **found, file);
    if (!about && about.error().code != code::corrupt && about.error().code != code::missing)
      return about.error();
    if (!about)
      continue;
    if (auto may = room_for(bytes); !may) {
      if (auto removed = storage::remove_file(file); !removed)
        return removed.error();
      return may.error();
    }
    storage::install_options options;
    options.group = order_.whose.group;
    options.member = only_member;
    options.size_of = order_.items.size_of;
    options.entries = order_.items.entries;
    options.from = order_.items.from;
    options.to = order_.items.to;
    auto installed = storage::install_snapshot(file, order_.path, options);
    if (auto removed = storage::remove_file(file); !removed)
      return removed.error();
    if (!installed)
      return installed.error();
    return log_position{installed->index, installed->link};
  }
  return log_position{};
}

result<void> rebuild::open_items() {
  auto options = order_.items;
  options.group = order_.whose.group;
  options.member = only_member;
  options.create = began_with_ == 0;
  auto items = storage::item_store::open(order_.path, options);
  if (!items)
    return items.error();
  items_ = std::move(*items);
  auto known = items_->requests();
  if (!known)
    return known.error();
  requests_.restore(*known);
  return {};
}

result<std::unique_ptr<rebuild>> rebuild::begin(storage::object_store& store, rebuild_order order) {
  if (auto removed = remove_files(order.path); !removed)
    return removed.error();
  std::unique_ptr<rebuild> made(new rebuild(std::move(order)));
  auto from = made->install_newest(store);
  if (!from)
    return from.error();
  made->at_ = *from;
  made->began_with_ = from->index;
  if (auto opened = made->open_items(); !opened)
    return opened.error();
  made->reader_.emplace(store, made->order_.whose, *from);
  made->whole_ = made->order_.last == from->index;
  return made;
}

// Puts as much of the entries into the items as is wanted. True: there is nothing to come.
result<bool> rebuild::take(const std::vector<msg::Entry>& entries) {
  std::deque<msg::Command> commands; // whose bytes the batch refers to
  storage::item_batch batch;
  std::size_t bytes = 0;
  bool over = false;
  auto to = at_;
  batch.position = items_->applied();
  auto put = [&]() -> result<void> {
    batch.position.index = to.index;
    batch.position.link = to.link;
    batch.requests = requests_.take_new();
    batch.forget_requests_before_ms = requests_.oldest_ms();
    if (auto applied = items_->apply(batch); !applied)
      return applied;
    at_ = to;
    batch.changes.clear();
    commands.clear();
    bytes = 0;
    return {};
  };
  for (auto& entry : entries) {
    if (entry.index() > order_.last) {
      over = true;
      break;
    }
    if (entry.kind() == msg::Entry::COMMAND) {
      auto& command = commands.emplace_back();
      if (!command.ParseFromString(entry.payload()))
        return error{code::corrupt, "group " + std::to_string(order_.whose.group) + ", entry " +
                                        std::to_string(entry.index()) + ": its command cannot be read"};
      if (order_.time_ms != 0 && command.time_ms() > order_.time_ms) {
        over = past_time_ = true; // a group's command times never fall
        next_time_ms_ = command.time_ms();
        break;
      }
      batch.position.time_ms = command.time_ms();
      for (auto& effect : command.effects())
        batch.changes.push_back({effect.key(), effect.item(), effect.remove()});
      requests_.add(command.id(), {entry.index(), dedup::refusal_in(command)}, dedup::clock_in(command));
    } else if (entry.kind() == msg::Entry::CONFIGURATION) {
      msg::Configuration next;
      if (!next.ParseFromString(entry.payload()))
        return error{code::corrupt, "group " + std::to_string(order_.whose.group) + ", entry " +
                                        std::to_string(entry.index()) + ": its configuration cannot be read"};
      batch.position.configuration = std::move(next);
      batch.position.configuration_index = entry.index();
    }
    to = {entry.index(), entry.link()};
    bytes += entry.payload().size();
    if (bytes >= batch_bytes)
      if (auto done = put(); !done)
        return done.error();
  }
  if (to.index > at_.index)
    if (auto done = put(); !done)
      return done.error();
  return over || at_.index == order_.last;
}

result<bool> rebuild::step() {
  if (over_)
    return *over_;
  if (whole_)
    return true;
  auto entries = reader_->next();
  if (!entries)
    return entries.error();
  if (entries->empty() && order_.last == everything)
    return whole_ = true;
  if (entries->empty())
    return error{code::missing, "the archive of group " + std::to_string(order_.whose.group) +
                                    " ends with entry " + std::to_string(reader_->position().index) +
                                    "; entry " + std::to_string(order_.last) + " is wanted"};
  auto over = take(*entries);
  if (over)
    whole_ = *over;
  else
    over_ = over.error();
  return over;
}

result<void> rebuild::finish() {
  for (;;) {
    auto done = step();
    if (!done)
      return done.error();
    if (*done)
      return {};
  }
}

} // namespace troupe::history
