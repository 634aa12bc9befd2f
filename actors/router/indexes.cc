#include "actors/router/indexes.h"
#include "actors/core/item/key.h"

namespace troupe::router {

namespace {

// Whether the filter looks at an attribute that the index does not have.
bool looks_beyond(const msg::ConditionExpression& filter, const item::index_projection& projection) {
  for (const auto& node : filter.nodes())
    for (const auto& operand : node.operands())
      if (operand.has_path() && !projection.has(operand.path().elements(0).name()))
        return true;
  return false;
}

} // namespace

item::verdict find_index(const msg::TableRecord& table, const msg::IndexRead& read,
                         const msg::ConditionExpression* filter, index_page& into) {
  const auto& indexes = table.options().local_indexes();
  into.number = item::index_number(indexes, read.name());
  if (into.number == 0)
    return item::refusal{"The table does not have the specified index: " + read.name()};
  const auto& index = indexes[static_cast<int>(into.number) - 1];
  into.sort = index.sort();
  const auto& projection = into.projection.emplace(table.keys(), index);
  if (projection.all())
    return {};
  into.whole = read.whole();
  for (const auto& attribute : read.attributes())
    into.whole = into.whole || !projection.has(attribute);
  if (!into.whole && filter && looks_beyond(*filter, projection)) {
    into.whole = true;
    into.only_projected = true;
  }
  return {};
}

void tell_indexes(const index_telling& wish, std::string_view key, const msg::ReplicaReply& from,
                  msg::ItemReply& into) {
  for (int i = 0; i < from.index_units_size() && i < static_cast<int>(wish.names.size()); ++i) {
    if (from.index_units(i) == 0)
      continue;
    auto& one = *into.add_index_units();
    one.set_name(wish.names[static_cast<std::size_t>(i)]);
    one.set_units(from.index_units(i));
  }
  if (!wish.keys)
    return;
  auto attributes = item::decode_key(*wish.keys, key);
  if (!attributes)
    return;
  msg::AttributeMap collection;
  for (auto& one : *attributes->mutable_attributes())
    if (one.name() == wish.keys->partition().name())
      *collection.add_attributes() = std::move(one);
  into.set_collection_key(collection.SerializeAsString());
  into.set_collection_bytes(from.partition_bytes());
}

} // namespace troupe::router
