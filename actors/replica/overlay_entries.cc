#include "actors/replica/overlay_entries.h"

namespace troupe::replica {

overlay_entries::overlay_entries(std::shared_ptr<const item::local_indexes> indexes)
    : indexes_(std::move(indexes)) {}

void overlay_entries::add(std::string_view key, std::string_view item) {
  std::vector<item::index_entry> made;
  indexes_->entries(key, item, made); // bytes that are no item have none
  for (auto& entry : made)
    entries_.emplace(std::pair(entry.index, std::move(entry.key)), key);
}

void overlay_entries::remove(std::string_view key, std::string_view item) {
  std::vector<item::index_entry> made;
  indexes_->entries(key, item, made);
  for (auto& entry : made)
    entries_.erase({entry.index, std::move(entry.key)});
}

} // namespace troupe::replica
