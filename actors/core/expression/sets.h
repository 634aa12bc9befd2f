// Adding to sets and taking away from them. Inside core/expression only.
#pragma once
#include "messages/item.pb.h"

namespace troupe::expression {

// Of two canonical sets of the same type; the answer is canonical, and may be empty for the difference.
msg::Value set_union(const msg::Value& a, const msg::Value& b);
msg::Value set_difference(const msg::Value& a, const msg::Value& b);

bool is_empty_set(const msg::Value& value);

} // namespace troupe::expression
