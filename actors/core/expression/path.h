// Document paths and the other operands: writing them, looking along them, and whether those that came over
// the wire are sound. Inside core/expression only.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <optional>
#include <string>
#include <vector>

namespace troupe::expression {

// "[a, [1], b]", as DynamoDB quotes paths.
std::string path_text(const msg::DocumentPath& path);

bool same_element(const msg::DocumentPath::Element& a, const msg::DocumentPath::Element& b);
bool same_path(const msg::DocumentPath& a, const msg::DocumentPath& b);

// The attribute of a canonical map, or nullptr.
const msg::Value* find_attribute(const msg::AttributeMap& map, const std::string& name);

// The value at the path in a canonical item, or nullptr. The first `elements` of the path only.
const msg::Value* look_up(const msg::AttributeMap& item, const msg::DocumentPath& path, int elements);
inline const msg::Value* look_up(const msg::AttributeMap& item, const msg::DocumentPath& path) {
  return look_up(item, path, path.elements_size());
}

// One to 32 elements, none unset, the first a name: what evaluation relies on.
bool is_sound(const msg::DocumentPath& path);
// A sound path, or one of so many values.
bool is_sound(const msg::Operand& operand, int values);

// The values of an expression, canonical. Nothing when there is one that is no value.
std::optional<std::vector<msg::Value>>
read_values(const google::protobuf::RepeatedPtrField<std::string>& serialized);

msg::DocumentPath top_level(const std::string& name);

} // namespace troupe::expression
