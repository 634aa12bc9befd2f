#include "actors/core/item/key_encoding.h"
#include "actors/core/item/number.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include "config/limits.h"
#include <simdjson.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace troupe::item {
namespace {

constexpr std::size_t hash_bytes = 8;

void append_big_endian(std::uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xFF);
}

// 00 becomes 00 FF, and 00 01 ends: so the end sorts before any continuation, and a continuation by zero
// before one by anything else.
void append_escaped(std::string_view bytes, std::string& out) {
  for (std::size_t zero; (zero = bytes.find('\0')) != std::string_view::npos;) {
    out += bytes.substr(0, zero + 1);
    out += '\xFF';
    bytes.remove_prefix(zero + 1);
  }
  out += bytes;
  out += '\0';
  out += '\1';
}

// Takes the escaped bytes of append_escaped off the front. False when they are not that.
bool take_escaped(std::string_view& bytes, std::string& out) {
  for (;;) {
    const std::size_t zero = bytes.find('\0');
    if (zero == std::string_view::npos || zero + 1 == bytes.size())
      return false;
    const char mark = bytes[zero + 1];
    out += bytes.substr(0, zero);
    bytes.remove_prefix(zero + 2);
    if (mark == '\1')
      return true;
    if (mark != '\xFF')
      return false;
    out += '\0';
  }
}

// The same without reading them.
bool skip_escaped(std::string_view& bytes) {
  for (;;) {
    const std::size_t zero = bytes.find('\0');
    if (zero == std::string_view::npos || zero + 1 == bytes.size())
      return false;
    const char mark = bytes[zero + 1];
    bytes.remove_prefix(zero + 2);
    if (mark != '\xFF')
      return mark == '\1';
  }
}

} // namespace

key_value key_value_of(const msg::Value& value) {
  using kind = msg::Value::KindCase;
  switch (value.kind_case()) {
  case kind::kS:
    return {"S", value.s()};
  case kind::kN:
    return {"N", value.n()};
  case kind::kB:
    return {"B", value.b()};
  default:
    return {type_name(value), {}};
  }
}

std::optional<key_value> key_in(const msg::AttributeMap& item, const std::string& name) {
  const msg::Value* value = find(item, name);
  if (value == nullptr)
    return {};
  return key_value_of(*value);
}

std::string_view key_type_name(msg::KeyType type) {
  switch (type) {
  case msg::KEY_TYPE_S:
    return "S";
  case msg::KEY_TYPE_N:
    return "N";
  case msg::KEY_TYPE_B:
    return "B";
  default:
    return "";
  }
}

verdict check_key_value(const msg::KeyAttribute& what, const key_value& value, bool partition) {
  const std::string_view expected = key_type_name(what.type());
  if (value.type != expected)
    return refusal{texts::invalid + "Type mismatch for key " + what.name() +
                   " expected: " + std::string(expected) + " actual: " + std::string(value.type)};
  if (what.type() == msg::KEY_TYPE_N)
    return {}; // its encoding is short, and finds out whether it is a number
  if (value.bytes.empty())
    return refusal{
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
        "an empty " +
        std::string(what.type() == msg::KEY_TYPE_S ? "string" : "binary") + " value. Key: " + what.name()};
  // The missing blank before 2048 is DynamoDB's.
  if (partition && value.bytes.size() > limits::partition_key_bytes)
    return refusal{texts::invalid + "Size of hashkey has exceeded the maximum size limit of" +
                   std::to_string(limits::partition_key_bytes) + " bytes"};
  if (!partition && value.bytes.size() > limits::sort_key_bytes)
    return refusal{texts::invalid + "Aggregated size of all range keys has exceeded the size limit of " +
                   std::to_string(limits::sort_key_bytes) + " bytes"};
  return {};
}

verdict append_partition_key(const msg::KeyAttribute& what, const key_value& value, std::string& out) {
  const auto hash = [&](std::string_view bytes) {
    // The type's letter is the seed: "1", 1 and the byte 0x31 are three different keys.
    append_big_endian(
        XXH3_64bits_withSeed(bytes.data(), bytes.size(), static_cast<XXH64_hash_t>(value.type[0])), out);
  };
  if (what.type() != msg::KEY_TYPE_N) {
    hash(value.bytes);
    append_escaped(value.bytes, out);
    return {};
  }
  auto parsed = number::parse(value.bytes);
  if (!parsed)
    return parsed.why();
  std::string encoded; // fits the small string of no library we know of, and costs one short-lived allocation
  parsed->encode(encoded);
  hash(encoded);
  out += encoded;
  return {};
}

verdict append_sort_key(const msg::KeyAttribute& what, const key_value& value, std::string& out) {
  if (what.type() != msg::KEY_TYPE_N) {
    out += value.bytes; // nothing follows, so the end of the key is the end of the value
    return {};
  }
  auto parsed = number::parse(value.bytes);
  if (!parsed)
    return parsed.why();
  parsed->encode(out);
  return {};
}

verdict append_followed_key(const msg::KeyAttribute& what, const key_value& value, std::string& out) {
  if (what.type() == msg::KEY_TYPE_N) // no number's encoding is the beginning of another's
    return append_sort_key(what, value, out);
  append_escaped(value.bytes, out);
  return {};
}

std::optional<msg::Value> take_key(msg::KeyType type, bool followed, std::string_view& bytes) {
  msg::Value out;
  if (type == msg::KEY_TYPE_N) {
    const auto read = number::decode(bytes);
    if (!read)
      return {};
    out.set_n(read->text());
    return out;
  }
  std::string content;
  if (!followed) {
    content = bytes;
    bytes = {};
  } else if (!take_escaped(bytes, content)) {
    return {};
  }
  if (type == msg::KEY_TYPE_B)
    out.set_b(std::move(content));
  else if (simdjson::validate_utf8(content))
    out.set_s(std::move(content));
  else
    return {};
  return out;
}

bool skip_key(msg::KeyType type, std::string_view& bytes) {
  return type == msg::KEY_TYPE_N ? number::decode(bytes).has_value() : skip_escaped(bytes);
}

std::size_t collection_length(msg::KeyType partition, std::string_view encoded) {
  if (encoded.size() < hash_bytes)
    return 0;
  std::string_view rest = encoded.substr(hash_bytes);
  if (!skip_key(partition, rest))
    return 0;
  return encoded.size() - rest.size();
}

result<std::string> encode_key_values(const msg::KeySchema& schema, const std::optional<key_value>& partition,
                                      const std::optional<key_value>& sort) {
  const auto missing = [](const msg::KeyAttribute& what) {
    return refusal{texts::invalid + "Missing the key " + what.name() + " in the item"};
  };
  if (!partition)
    return missing(schema.partition());
  if (auto bad = check_key_value(schema.partition(), *partition, true))
    return *bad;
  if (schema.has_sort()) {
    if (!sort)
      return missing(schema.sort());
    if (auto bad = check_key_value(schema.sort(), *sort, false))
      return *bad;
  }
  std::string out;
  out.reserve(8 + partition->bytes.size() + 2 + (sort ? sort->bytes.size() : 0) +
              2 * number::max_encoded_bytes);
  if (auto bad = append_partition_key(schema.partition(), *partition, out))
    return *bad;
  if (schema.has_sort())
    if (auto bad = append_sort_key(schema.sort(), *sort, out))
      return *bad;
  return out;
}

} // namespace troupe::item
