// Short ways to write schemas and keys in tests.
#pragma once
#include "actors/core/item/key.h"
#include "actors/core/item/number.h"
#include "random_items.h"
#include <gtest/gtest.h>

namespace troupe::item::test {

inline msg::KeySchema schema_of(msg::KeyType partition, msg::KeyType sort = msg::KEY_TYPE_NONE) {
  msg::KeySchema out;
  out.mutable_partition()->set_name("pk");
  out.mutable_partition()->set_type(partition);
  if (sort != msg::KEY_TYPE_NONE) {
    out.mutable_sort()->set_name("id");
    out.mutable_sort()->set_type(sort);
  }
  return out;
}

inline msg::Value value_of(msg::KeyType type, const std::string& content) {
  msg::Value out;
  if (type == msg::KEY_TYPE_S)
    out.set_s(content);
  else if (type == msg::KEY_TYPE_N)
    out.set_n(content);
  else
    out.set_b(content);
  return out;
}

inline void set(msg::AttributeMap& item, const std::string& name, const msg::Value& value) {
  msg::Attribute* attribute = item.add_attributes();
  attribute->set_name(name);
  *attribute->mutable_value() = value;
}

inline msg::AttributeMap key_of(const msg::KeySchema& schema, const std::string& partition,
                                const std::string& sort = {}) {
  msg::AttributeMap out;
  if (schema.has_sort())
    set(out, "id", value_of(schema.sort().type(), sort));
  set(out, "pk", value_of(schema.partition().type(), partition));
  return out;
}

inline std::string encode(const msg::KeySchema& schema, const std::string& partition,
                          const std::string& sort = {}) {
  auto key = encode_exact_key(schema, key_of(schema, partition, sort));
  EXPECT_TRUE(key) << key.why().message;
  return key ? *key : "";
}

inline std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += two;
  }
  return out;
}

inline std::string random_content(dice& roll, msg::KeyType type) {
  if (type == msg::KEY_TYPE_N)
    return number::parse(number_text(roll))->text();
  for (;;) // a key is not empty
    if (std::string out = type == msg::KEY_TYPE_S ? text(roll, 4) : bytes(roll, 4); !out.empty())
      return out;
}

inline int compare(msg::KeyType type, const std::string& a, const std::string& b) {
  if (type != msg::KEY_TYPE_N)
    return a.compare(b);
  const auto order = *number::parse(a) <=> *number::parse(b);
  return order < 0 ? -1 : order > 0;
}

inline constexpr msg::KeyType types[] = {msg::KEY_TYPE_S, msg::KEY_TYPE_N, msg::KEY_TYPE_B};

} // namespace troupe::item::test
