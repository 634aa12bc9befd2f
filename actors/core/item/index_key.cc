#include "actors/core/item/index_key.h"
#include "actors/core/item/key_encoding.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::item {
namespace {

// The entry's key from a map of exactly the attributes of both keys.
result<std::string> encode_exact_entry(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                       const msg::AttributeMap& key) {
  const auto value = key_in(key, sort.name());
  const int names = sort.name() == table.sort().name() ? 2 : 3;
  const auto of_item = key_in(key, table.sort().name());
  const auto partition = key_in(key, table.partition().name());
  const auto fits = [](const msg::KeyAttribute& what, const std::optional<key_value>& found) {
    return found && found->type == key_type_name(what.type());
  };
  if (key.attributes_size() != names || !fits(table.partition(), partition) || !fits(table.sort(), of_item) ||
      !fits(sort, value))
    return refusal{texts::wrong_key};
  auto item = encode_key_values(table, partition, of_item);
  if (!item)
    return item;
  if (auto bad = check_key_value(sort, *value, false))
    return *bad;
  const std::size_t head = collection_length(table.partition().type(), *item);
  std::string out = item->substr(0, head);
  if (auto bad = append_followed_key(sort, *value, out))
    return *bad;
  out.append(*item, head);
  return out;
}

result<std::string> encode_start(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                 std::string_view start_key) {
  auto start = parse_item(start_key);
  if (!start)
    return refusal{texts::invalid_start};
  auto key = encode_exact_entry(table, sort, *start);
  if (!key)
    return refusal{texts::invalid_start};
  return key;
}

} // namespace

result<key_range> index_query_range(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                    const msg::Query& query) {
  msg::KeySchema schema;
  *schema.mutable_partition() = table.partition();
  *schema.mutable_sort() = sort;
  auto collection = query_collection(schema, query);
  if (!collection)
    return collection.why();
  auto range = bounded_range(schema, query, *collection, true);
  if (range && !query.start_key().empty()) {
    auto key = encode_start(table, sort, query.start_key());
    if (!key)
      return key.why();
    range = resume_query(std::move(*range), query, *collection, std::move(*key));
  }
  if (range && range->empty())
    range->to = range->from;
  return range;
}

result<key_range> index_scan_range(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                   std::uint32_t segment, std::uint32_t segments,
                                   std::string_view start_key) {
  key_range range = segment_range(segment, segments);
  if (start_key.empty())
    return range;
  auto key = encode_start(table, sort, start_key);
  if (!key)
    return key.why();
  return resume_scan(std::move(range), std::move(*key));
}

std::optional<msg::AttributeMap> decode_entry_key(const msg::KeySchema& table, const msg::KeyAttribute& sort,
                                                  std::string_view encoded) {
  const std::size_t head = collection_length(table.partition().type(), encoded);
  if (head == 0)
    return {};
  std::string_view rest = encoded.substr(head);
  auto value = take_key(sort.type(), true, rest);
  if (!value)
    return {};
  auto out = decode_key(table, std::string(encoded.substr(0, head)) + std::string(rest));
  if (!out)
    return {};
  if (sort.name() != table.sort().name()) {
    msg::Attribute* last = out->add_attributes();
    last->set_name(sort.name());
    *last->mutable_value() = std::move(*value);
    auto& all = *out->mutable_attributes();
    for (int at = all.size() - 1; at > 0 && all[at].name() < all[at - 1].name(); --at)
      all.SwapElements(at, at - 1);
  }
  const auto again = encode_exact_entry(table, sort, *out);
  if (!again || *again != encoded)
    return {};
  return out;
}

std::string item_key_of(const msg::KeySchema& table, const msg::KeyAttribute& sort, std::string_view entry) {
  const std::size_t head = collection_length(table.partition().type(), entry);
  if (head == 0)
    return {};
  std::string_view rest = entry.substr(head);
  if (!skip_key(sort.type(), rest))
    return {};
  std::string out(entry.substr(0, head));
  out += rest;
  return out;
}

} // namespace troupe::item
