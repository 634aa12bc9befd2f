// Short ways to write items and conditions in C++.
//
// Thread: pure functions. Nothing here checks limits; the router does, and refuses with VALIDATION.
#pragma once
#include "messages/item.pb.h"
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::client {

msg::Value s(std::string text);
msg::Value n(std::string_view decimal); // "1", "-2.5", "1e3": up to 38 digits, which no machine type holds
msg::Value n(long long number);
inline msg::Value n(int number) {
  return n(static_cast<long long>(number));
}
msg::Value b(std::string bytes);
msg::Value boolean(bool value);
msg::Value null();
msg::Value list(std::initializer_list<msg::Value> values);
msg::Value map(msg::AttributeMap attributes);

// Attributes in any order, each name once; the result is in the order of names. A name that is given twice
// keeps its first value.
msg::AttributeMap make_item(std::initializer_list<std::pair<std::string_view, msg::Value>> attributes);

// The attribute of that name, or nullptr.
const msg::Value* find(const msg::AttributeMap& attributes, std::string_view name);

// Conditions on the item as it stands before the write.
msg::Condition exists(std::string attribute);
msg::Condition not_exists(std::string attribute);
msg::Condition equals(std::string attribute, msg::Value value);
msg::Condition not_equals(std::string attribute, msg::Value value);
msg::Condition all_of(std::initializer_list<msg::Condition> conditions);

} // namespace troupe::client
