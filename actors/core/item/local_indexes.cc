#include "actors/core/item/local_indexes.h"
#include "actors/core/item/canonical.h"
#include "actors/core/item/index_key.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::item {
namespace {

using local_index = msg::TableOptions::LocalIndex;

enum class fault { none, type, empty, length };

fault fault_of(const msg::KeyAttribute& sort, const key_value& value) {
  if (value.type != key_type_name(sort.type()))
    return fault::type;
  if (sort.type() == msg::KEY_TYPE_N)
    return fault::none;
  if (value.bytes.empty())
    return fault::empty;
  return value.bytes.size() > limits::sort_key_bytes ? fault::length : fault::none;
}

std::string empty_value(std::string_view type) {
  return "The AttributeValue for a key attribute cannot contain an empty " +
         std::string(type == "S" ? "string" : "binary") + " value.";
}

// Calls blame(index, fault, value) for what is wrong first: types, then the rest, each in the order of names.
template <class Find, class Blame>
verdict check_each(const index_list& indexes, Find find, Blame blame) {
  std::vector<const local_index*> by_name;
  for (const auto& index : indexes)
    by_name.push_back(&index);
  std::sort(by_name.begin(), by_name.end(),
            [](const auto* a, const auto* b) { return a->name() < b->name(); });
  for (const bool types : {true, false})
    for (const auto* index : by_name) {
      const std::optional<key_value> value = find(index->sort().name());
      const fault found = value ? fault_of(index->sort(), *value) : fault::none;
      if (found != fault::none && (found == fault::type) == types)
        return blame(*index, found, *value);
    }
  return {};
}

std::uint32_t units_of(std::size_t bytes) {
  return static_cast<std::uint32_t>(
      std::max<std::size_t>((bytes + limits::write_unit_bytes - 1) / limits::write_unit_bytes, 1));
}

std::optional<std::uint32_t> units_of_item(std::string_view bytes) {
  auto item = parse_item(bytes);
  if (!item)
    return {};
  return units_of(item_size(*item));
}

} // namespace

index_projection::index_projection(const msg::KeySchema& table, const local_index& index)
    : all_(index.projection() == msg::TableOptions::ALL) {
  if (all_)
    return;
  names_ = {table.partition().name(), table.sort().name(), index.sort().name()};
  if (index.projection() == msg::TableOptions::INCLUDE)
    names_.insert(names_.end(), index.included().begin(), index.included().end());
  std::sort(names_.begin(), names_.end());
}

bool index_projection::has(std::string_view attribute) const {
  return all_ || std::binary_search(names_.begin(), names_.end(), attribute);
}

std::optional<std::string> index_projection::apply(std::string_view item) const {
  std::string out;
  if (!each_attribute(item, [&](const attribute_bytes& one) {
        if (has(one.name))
          out += one.whole;
      }))
    return {};
  return out;
}

local_indexes::local_indexes(msg::LocalIndexes from) : from_(std::move(from)) {
  for (const auto& index : from_.indexes())
    projections_.emplace_back(from_.keys(), index);
}

std::shared_ptr<const local_indexes> local_indexes::make(msg::LocalIndexes from) {
  if (from.indexes_size() == 0)
    return nullptr;
  return std::shared_ptr<const local_indexes>(new local_indexes(std::move(from)));
}

bool local_indexes::entries(std::string_view key, std::string_view item,
                            std::vector<index_entry>& out) const {
  const std::size_t head = collection_length(from_.keys().partition().type(), key);
  if (head == 0)
    return false;
  std::vector<std::string_view> values(size()); // serialized; empty: not there
  const bool sound = each_attribute(item, [&](const attribute_bytes& one) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (from_.indexes(static_cast<int>(i)).sort().name() == one.name)
        values[i] = one.value;
  });
  if (!sound)
    return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty())
      continue;
    const auto& sort = from_.indexes(static_cast<int>(i)).sort();
    const auto value = key_value_in(values[i]);
    if (!value)
      return false;
    index_entry entry{static_cast<std::uint32_t>(i + 1), std::string(key.substr(0, head)), {}};
    if (fault_of(sort, *value) != fault::none || append_followed_key(sort, *value, entry.key))
      continue; // was never accepted; if it is there all the same, it has no place in the order
    entry.key += key.substr(head);
    if (!projections_[i].all())
      entry.projected = projections_[i].apply(item);
    out.push_back(std::move(entry));
  }
  return true;
}

std::string local_indexes::item_key(std::uint32_t index, std::string_view entry) const {
  if (index == 0 || index > size())
    return {};
  return item_key_of(from_.keys(), from_.indexes(static_cast<int>(index) - 1).sort(), entry);
}

std::optional<std::vector<std::uint32_t>>
local_indexes::write_units(std::string_view key, std::optional<std::string_view> before,
                           std::optional<std::string_view> after) const {
  std::vector<index_entry> old_entries, new_entries;
  if ((before && !entries(key, *before, old_entries)) || (after && !entries(key, *after, new_entries)))
    return {};
  std::vector<std::uint32_t> out(size());
  const auto find = [](const std::vector<index_entry>& in, std::size_t i) -> const index_entry* {
    for (const auto& one : in)
      if (one.index == i + 1)
        return &one;
    return nullptr;
  };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const index_entry* was = find(old_entries, i);
    const index_entry* is = find(new_entries, i);
    const auto shown = [](const index_entry* entry, std::optional<std::string_view> item) {
      return !entry             ? std::optional<std::string_view>()
             : entry->projected ? std::optional<std::string_view>(*entry->projected)
                                : item;
    };
    const auto old_shown = shown(was, before);
    const auto new_shown = shown(is, after);
    const auto old_units = old_shown ? units_of_item(*old_shown) : 0;
    const auto new_units = new_shown ? units_of_item(*new_shown) : 0;
    if (!old_units || !new_units)
      return {};
    if (was && is && was->key == is->key)
      out[i] = old_shown == new_shown ? 0 : std::max(*old_units, *new_units);
    else
      out[i] = *old_units + *new_units;
  }
  return out;
}

std::uint32_t index_number(const index_list& indexes, std::string_view name) {
  for (int i = 0; i < indexes.size(); ++i)
    if (indexes[i].name() == name)
      return static_cast<std::uint32_t>(i) + 1;
  return 0;
}

verdict check_index_keys(const index_list& indexes, std::string_view item) {
  std::vector<std::pair<std::string_view, key_value>> found;
  const bool sound = each_attribute(item, [&](const attribute_bytes& one) {
    for (const auto& index : indexes)
      if (index.sort().name() == one.name)
        if (auto value = key_value_in(one.value))
          found.emplace_back(one.name, *value);
  });
  if (!sound)
    return refusal{texts::malformed};
  const auto find = [&](const std::string& name) -> std::optional<key_value> {
    for (const auto& [attribute, value] : found)
      if (attribute == name)
        return value;
    return {};
  };
  return check_each(indexes, find, [](const local_index& index, fault what, const key_value& value) {
    switch (what) {
    case fault::type:
      return index_type_mismatch(index, value.type);
    case fault::empty:
      return refusal{
          "One or more parameter values are not valid. A value specified for a secondary index key is "
          "not supported. " +
          empty_value(value.type) + " IndexName: " + index.name() + ", IndexKey: " + index.sort().name()};
    default:
      return refusal{texts::invalid + "Aggregated size of all range keys has exceeded the size limit of " +
                     std::to_string(limits::sort_key_bytes) + " bytes"};
    }
  });
}

verdict check_updated_index_keys(const index_list& indexes, const msg::AttributeMap& item) {
  const auto find = [&](const std::string& name) { return key_in(item, name); };
  return check_each(indexes, find, [](const local_index&, fault what, const key_value& value) {
    switch (what) {
    case fault::type:
      return refusal{"The update expression attempted to update the secondary index key to unsupported type"};
    case fault::empty:
      return empty_updated_index_key(value.type);
    default:
      return refusal{
          "The update expression attempted to update the secondary index key beyond allowed size limits"};
    }
  });
}

std::string_view type_letter(msg::KeyType type) {
  return key_type_name(type);
}

refusal index_type_mismatch(const local_index& index, std::string_view actual) {
  return {texts::invalid + "Type mismatch for Index Key " + index.sort().name() +
          " Expected: " + std::string(key_type_name(index.sort().type())) +
          " Actual: " + std::string(actual) + " IndexName: " + index.name()};
}

refusal empty_updated_index_key(std::string_view type) {
  return {"One or more parameter values are not valid. The update expression attempted to update a secondary "
          "index "
          "key to a value that is not supported. " +
          empty_value(type)};
}

} // namespace troupe::item
