#include "actors/history/rebuild.h"
#include "storage/files.h"
#include <deque>

namespace troupe::history {

using storage::code;
using storage::error;
using storage::result;

namespace {

constexpr std::size_t batch_bytes = 4u << 20; // of items in one transaction

result<void> remove_files(const std::string& path) {
  for (auto end : {"", "-wal", "-shm"})
    if (auto removed = storage::remove_file(path + end); !removed)
      return removed;
  return {};
}

} // namespace

rebuild::rebuild(storage::object_store& store, rebuild_order order)
    : order_(std::move(order)), reader_(store, order_.whose) {}

rebuild::~rebuild() {
  items_.reset();
  (void)remove_files(order_.path); // the next one for that path removes what stays
}

result<std::unique_ptr<rebuild>> rebuild::begin(storage::object_store& store, rebuild_order order) {
  if (auto removed = remove_files(order.path); !removed)
    return removed.error();
  std::unique_ptr<rebuild> made(new rebuild(store, std::move(order)));
  auto options = made->order_.items;
  options.group = made->order_.whose.group;
  options.member = 1;
  options.create = true;
  auto items = storage::item_store::open(made->order_.path, options);
  if (!items)
    return items.error();
  made->items_ = std::move(*items);
  made->whole_ = made->order_.last == 0;
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
        break;
      }
      batch.position.time_ms = command.time_ms();
      for (auto& effect : command.effects())
        batch.changes.push_back({effect.key(), effect.item(), effect.remove()});
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
  if (whole_)
    return true;
  auto entries = reader_.next();
  if (!entries)
    return entries.error();
  if (entries->empty() && order_.last == everything)
    return whole_ = true;
  if (entries->empty())
    return error{code::missing, "the archive of group " + std::to_string(order_.whose.group) +
                                    " ends with entry " + std::to_string(reader_.position().index) +
                                    "; entry " + std::to_string(order_.last) + " is wanted"};
  auto over = take(*entries);
  if (over)
    whole_ = *over;
  return over;
}

} // namespace troupe::history
