// Short ways to write values and items in tests.
#pragma once
#include "actors/core/item/json.h"
#include "messages/item.pb.h"
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::item::test {

// From DynamoDB's JSON. Throws when it cannot be read: then the test is wrong.
inline msg::AttributeMap item(std::string_view json) {
  auto out = read_json(json);
  if (!out)
    throw std::invalid_argument(out.why().message);
  return *out;
}
inline msg::Value value(std::string_view json) {
  auto out = read_json_value(json);
  if (!out)
    throw std::invalid_argument(out.why().message);
  return *out;
}

// {"n": value} inside `levels` maps or lists: the innermost value stands at level `levels` + 1.
inline msg::Value nested(int levels, bool lists) {
  msg::Value out;
  out.set_s("leaf");
  for (int i = 0; i < levels; ++i) {
    msg::Value outer;
    if (lists) {
      *outer.mutable_l()->add_values() = std::move(out);
    } else {
      msg::Attribute* only = outer.mutable_m()->add_attributes();
      only->set_name("n");
      *only->mutable_value() = std::move(out);
    }
    out = std::move(outer);
  }
  return out;
}

} // namespace troupe::item::test
