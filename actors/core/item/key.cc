#include "actors/core/item/key.h"
#include "actors/core/item/key_encoding.h"
#include "actors/core/item/number.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include <algorithm>
#include <cstdint>

namespace troupe::item {
namespace {

constexpr std::size_t hash_bytes = 8;
constexpr std::size_t end_mark_bytes = 2; // of an escaped value

verdict check_attribute(const msg::KeyAttribute& what) {
  constexpr std::size_t longest = 255; // DynamoDB's limit for the names of key attributes
  if (what.name().empty())
    return refusal{"A key attribute has no name"};
  if (what.name().size() > longest)
    return refusal{"The name of a key attribute has " + std::to_string(what.name().size()) +
                   " bytes; at most " + std::to_string(longest) + " are allowed"};
  if (key_type_name(what.type()).empty())
    return refusal{"Key attribute " + what.name() + " must be of type S, N or B"};
  return {};
}

refusal condition_type_mismatch() {
  return {texts::invalid + "Condition parameter type does not match schema type"};
}

// Appends a bound on the sort key to the encoded partition key.
result<std::string> sort_bound(const msg::KeySchema& schema, const std::string& collection,
                               const msg::Value& bound, bool followed) {
  const key_value value = key_value_of(bound);
  if (value.type != key_type_name(schema.sort().type()))
    return condition_type_mismatch();
  if (auto bad = check_key_value(schema.sort(), value, false))
    return *bad;
  std::string out = collection;
  if (auto bad = (followed ? append_followed_key : append_sort_key)(schema.sort(), value, out))
    return *bad;
  return out;
}

// The smallest key above `key`.
std::string after(std::string key) {
  key += '\0';
  return key;
}

} // namespace

verdict check_schema(const msg::KeySchema& schema) {
  if (!schema.has_partition())
    return refusal{"A table needs a partition key"};
  if (auto bad = check_attribute(schema.partition()))
    return bad;
  if (!schema.has_sort())
    return {};
  if (auto bad = check_attribute(schema.sort()))
    return bad;
  if (schema.partition().name() == schema.sort().name())
    return refusal{"Partition key and sort key must be different attributes; both are named " +
                   schema.sort().name()};
  return {};
}

result<std::string> encode_key(const msg::KeySchema& schema, const msg::AttributeMap& item) {
  return encode_key_values(schema, key_in(item, schema.partition().name()),
                           schema.has_sort() ? key_in(item, schema.sort().name()) : std::nullopt);
}

result<std::string> encode_exact_key(const msg::KeySchema& schema, const msg::AttributeMap& key) {
  const auto partition = key_in(key, schema.partition().name());
  const auto sort = schema.has_sort() ? key_in(key, schema.sort().name()) : std::nullopt;
  if (key.attributes_size() != (schema.has_sort() ? 2 : 1) || !partition ||
      partition->type != key_type_name(schema.partition().type()) ||
      (schema.has_sort() && (!sort || sort->type != key_type_name(schema.sort().type()))))
    return refusal{texts::wrong_key};
  return encode_key_values(schema, partition, sort);
}

result<std::string> query_collection(const msg::KeySchema& schema, const msg::Query& query) {
  if (!query.has_partition_key())
    return refusal{"Query condition missed key schema element: " + schema.partition().name()};
  const key_value partition = key_value_of(query.partition_key());
  if (partition.type != key_type_name(schema.partition().type()))
    return condition_type_mismatch();
  if (auto bad = check_key_value(schema.partition(), partition, true))
    return *bad;
  std::string collection;
  if (auto bad = append_partition_key(schema.partition(), partition, collection))
    return *bad;
  return collection;
}

result<key_range> bounded_range(const msg::KeySchema& schema, const msg::Query& query,
                                const std::string& collection, bool followed) {
  // Above all keys whose sort key is the bound.
  const auto beyond = [followed](std::string bound) {
    return followed ? prefix_end(std::move(bound)) : after(std::move(bound));
  };
  key_range range{collection, prefix_end(collection)};
  const bool prefixed = !query.prefix_s().empty() || !query.prefix_b().empty();
  if (!query.has_from() && !query.has_to() && !prefixed)
    return range;
  if (!schema.has_sort() || (prefixed && (query.has_from() || query.has_to())))
    return refusal{"Query key condition not supported"};

  if (prefixed) {
    const bool text = schema.sort().type() == msg::KEY_TYPE_S;
    if (query.prefix_s().empty() == text ||
        query.prefix_b().empty() == (schema.sort().type() == msg::KEY_TYPE_B))
      return condition_type_mismatch();
    range.from = collection;
    const key_value prefix{key_type_name(schema.sort().type()), text ? query.prefix_s() : query.prefix_b()};
    if (auto bad = (followed ? append_followed_key : append_sort_key)(schema.sort(), prefix, range.from))
      return *bad;
    if (followed)
      range.from.resize(range.from.size() - end_mark_bytes); // the value goes on
    range.to = prefix_end(range.from);
    return range;
  }
  if (query.has_from()) {
    auto bound = sort_bound(schema, collection, query.from(), followed);
    if (!bound)
      return bound.why();
    range.from = query.from_exclusive() ? beyond(std::move(*bound)) : std::move(*bound);
  }
  if (query.has_to()) {
    auto bound = sort_bound(schema, collection, query.to(), followed);
    if (!bound)
      return bound.why();
    range.to = query.to_exclusive() ? std::move(*bound) : beyond(std::move(*bound));
  }
  return range;
}

result<key_range> resume_query(key_range range, const msg::Query& query, const std::string& collection,
                               std::string key) {
  if (!key.starts_with(collection))
    return refusal{"The provided starting key is outside query boundaries based on provided conditions"};
  if (!range.contains(key))
    return refusal{"The provided starting key does not match the range key predicate"};
  if (query.backward())
    range.to = std::move(key);
  else
    range.from = after(std::move(key));
  return range;
}

result<key_range> query_range(const msg::KeySchema& schema, const msg::Query& query) {
  auto collection = query_collection(schema, query);
  if (!collection)
    return collection.why();
  auto range = bounded_range(schema, query, *collection, false);
  if (range && !query.start_key().empty()) {
    auto start = parse_item(query.start_key());
    if (!start)
      return refusal{texts::invalid_start};
    auto key = encode_exact_key(schema, *start);
    if (!key)
      return refusal{texts::invalid_start};
    range = resume_query(std::move(*range), query, *collection, std::move(*key));
  }
  if (range && range->empty())
    range->to = range->from;
  return range;
}

std::optional<msg::AttributeMap> decode_key(const msg::KeySchema& schema, std::string_view encoded) {
  if (encoded.size() < hash_bytes)
    return {};
  std::string_view rest = encoded.substr(hash_bytes);
  auto partition = take_key(schema.partition().type(), true, rest);
  if (!partition)
    return {};
  msg::AttributeMap out;
  msg::Attribute* first = out.add_attributes();
  first->set_name(schema.partition().name());
  *first->mutable_value() = std::move(*partition);
  if (schema.has_sort()) {
    auto sort = take_key(schema.sort().type(), false, rest);
    if (!sort)
      return {};
    msg::Attribute* second = out.add_attributes();
    second->set_name(schema.sort().name());
    *second->mutable_value() = std::move(*sort);
  }
  // Whatever is wrong with the bytes beyond their form - the hash, an empty value, one too long, something
  // left over - shows in that they are not what the values make.
  const auto again = encode_exact_key(schema, out);
  if (!again || *again != encoded)
    return {};
  if (schema.has_sort() && schema.sort().name() < schema.partition().name())
    out.mutable_attributes()->SwapElements(0, 1);
  return out;
}

namespace {

// Where part `i` of `count` even parts of the hash space begins: floor(i * 2^64 / count), as the bytes of a
// key. Empty for the first.
std::string boundary(std::uint64_t i, std::uint64_t count) {
  std::string bytes;
  if (i == 0)
    return bytes;
  const auto hash = static_cast<std::uint64_t>((static_cast<uint128>(i) << 64) / count);
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>(hash >> shift & 0xFF);
  return bytes;
}

} // namespace

std::vector<key_range> even_ranges(std::size_t count) {
  count = std::clamp<std::size_t>(count, 1, limits::initial_partitions);
  std::vector<key_range> out(count);
  for (std::size_t i = 1; i < count; ++i)
    out[i - 1].to = out[i].from = boundary(i, count);
  return out;
}

key_range segment_range(std::uint32_t segment, std::uint32_t segments) {
  return {boundary(segment, segments), segment + 1 < segments ? boundary(segment + 1, segments) : ""};
}

result<key_range> resume_scan(key_range range, std::string key) {
  if (!range.contains(key))
    return refusal{"The provided starting key is outside the segment"};
  range.from = after(std::move(key));
  return range;
}

result<key_range> scan_range(const msg::KeySchema& schema, std::uint32_t segment, std::uint32_t segments,
                             std::string_view start_key) {
  key_range range = segment_range(segment, segments);
  if (start_key.empty())
    return range;
  auto start = parse_item(start_key);
  if (!start)
    return refusal{texts::invalid_start};
  auto key = encode_exact_key(schema, *start);
  if (!key)
    return refusal{texts::invalid_start + ": " + key.why().message};
  return resume_scan(std::move(range), std::move(*key));
}

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF')
    prefix.pop_back();
  if (!prefix.empty())
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

} // namespace troupe::item
