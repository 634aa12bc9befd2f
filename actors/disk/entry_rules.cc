#include "actors/disk/entry_rules.h"
#include "actors/core/item/local_indexes.h"
#include "actors/core/item/value.h"

namespace troupe::disk {

storage::entry_rules entry_rules_of(const msg::LocalIndexes& indexes) {
  storage::entry_rules rules;
  auto made = item::local_indexes::make(indexes);
  if (!made)
    return rules;
  rules.indexes = made->size();
  rules.definitions = indexes.SerializeAsString();
  rules.size_of = [](std::string_view, std::string_view shown) -> std::uint64_t {
    return item::serialized_size(shown).value_or(0);
  };
  rules.make = [made](std::string_view key, std::string_view value, std::vector<storage::item_entry>& into) {
    std::vector<item::index_entry> entries;
    if (!made->entries(key, value, entries))
      return false;
    for (auto& entry : entries)
      into.push_back({entry.index, std::move(entry.key), std::move(entry.projected).value_or(std::string())});
    return true;
  };
  return rules;
}

} // namespace troupe::disk
