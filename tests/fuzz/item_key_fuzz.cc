// Any bytes as an encoded key under every kind of schema: decoded to what encodes to the same bytes, or
// refused. And any two strings as key values: encoded in their order, and decoded again.
#include "actors/core/item/key.h"
#include "fuzz.h"
#include <cstdint>

using namespace troupe;
using namespace troupe::item;

namespace {

msg::KeySchema schema_of(msg::KeyType partition, msg::KeyType sort) {
  msg::KeySchema out;
  out.mutable_partition()->set_name("p");
  out.mutable_partition()->set_type(partition);
  if (sort != msg::KEY_TYPE_NONE) {
    out.mutable_sort()->set_name("s");
    out.mutable_sort()->set_type(sort);
  }
  return out;
}

std::optional<std::string> encode(const msg::KeySchema& schema, std::string_view partition,
                                  std::string_view sort) {
  msg::AttributeMap key;
  msg::Attribute* p = key.add_attributes();
  p->set_name("p");
  p->mutable_value()->set_b(std::string(partition));
  msg::Attribute* s = key.add_attributes();
  s->set_name("s");
  s->mutable_value()->set_b(std::string(sort));
  const auto bytes = encode_exact_key(schema, key);
  if (!bytes)
    return {};
  FUZZ_CHECK(decode_key(schema, *bytes)->SerializeAsString() == key.SerializeAsString());
  return *bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr msg::KeyType types[] = {msg::KEY_TYPE_NONE, msg::KEY_TYPE_S, msg::KEY_TYPE_N, msg::KEY_TYPE_B};
  for (const msg::KeyType partition : types)
    for (const msg::KeyType sort : types) {
      if (partition == msg::KEY_TYPE_NONE)
        continue;
      const auto schema = schema_of(partition, sort);
      if (const auto key = decode_key(schema, input))
        FUZZ_CHECK(*encode_exact_key(schema, *key) == input);
    }

  if (size < 3)
    return 0;
  // Cut in four: two partition keys, two sort keys.
  const std::size_t rest = size - 3;
  const auto cut = [&](std::size_t i) { return 3 + data[i] * rest / 256; };
  std::size_t edges[] = {3, cut(0), cut(1), cut(2), size};
  for (std::size_t i = 1; i < 4; ++i)
    edges[i] = edges[i] < edges[i - 1] ? edges[i - 1] : edges[i];
  const auto part = [&](std::size_t i) { return input.substr(edges[i], edges[i + 1] - edges[i]); };
  const auto schema = schema_of(msg::KEY_TYPE_B, msg::KEY_TYPE_B);
  const auto a = encode(schema, part(0), part(1)), b = encode(schema, part(2), part(3));
  if (a && b) {
    const auto values = std::pair(part(0), part(1)) <=> std::pair(part(2), part(3));
    FUZZ_CHECK((a->substr(8) <=> b->substr(8)) == values);
  }
  return 0;
}
