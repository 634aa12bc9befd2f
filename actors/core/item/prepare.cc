#include "actors/core/item/prepare.h"
#include "actors/core/item/canonical.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include <google/protobuf/arena.h>

namespace troupe::item {
namespace {

result<prepared_put> prepare_the_long_way(const msg::KeySchema& schema, const std::string& bytes) {
  google::protobuf::Arena arena;
  auto& item = *google::protobuf::Arena::CreateMessage<msg::AttributeMap>(&arena);
  if (!parse_item_into(item, bytes))
    return refusal{texts::malformed};
  if (auto bad = canonicalise(item))
    return *bad;
  prepared_put out;
  out.size = item_size(item);
  if (auto bad = check_item_size(out.size))
    return *bad;
  auto key = encode_key(schema, item);
  if (!key)
    return key.why();
  out.key = std::move(*key);
  out.item = serialize(item);
  return out;
}

} // namespace

result<prepared_put> prepare_put(const msg::KeySchema& schema, std::string&& item) {
  const auto seen = recognise_canonical(schema, item);
  if (!seen)
    return prepare_the_long_way(schema, item);
  if (auto bad = check_item_size(seen->size))
    return *bad;
  auto key = encode_key_values(schema, seen->partition, seen->sort);
  if (!key)
    return key.why();
  return prepared_put{std::move(*key), std::move(item), seen->size};
}

result<std::string> prepare_key(const msg::KeySchema& schema, const std::string& key) {
  if (const auto seen = recognise_canonical(schema, key)) {
    const auto fits = [](const msg::KeyAttribute& what, const std::optional<key_value>& value) {
      return value && value->type == key_type_name(what.type());
    };
    const bool complete =
        fits(schema.partition(), seen->partition) && (!schema.has_sort() || fits(schema.sort(), seen->sort));
    if (complete && seen->attributes == (schema.has_sort() ? 2u : 1u))
      return encode_key_values(schema, seen->partition, seen->sort);
    return refusal{texts::wrong_key};
  }
  google::protobuf::Arena arena;
  auto& map = *google::protobuf::Arena::CreateMessage<msg::AttributeMap>(&arena);
  if (!parse_item_into(map, key))
    return refusal{texts::malformed};
  if (auto bad = canonicalise(map))
    return *bad;
  return encode_exact_key(schema, map);
}

} // namespace troupe::item
