// The part of an item that a ProjectionExpression asks for. Thread: values, share them as you like once made.
#pragma once
#include "actors/core/expression/path_tree.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <optional>

namespace troupe::expression {

class projection {
public:
  // Nothing when `from` is not what parse_projection() or legacy.h make.
  static std::optional<projection> make(const msg::ProjectionExpression& from);

  // The item is canonical and so is the answer, which is empty when nothing asked for is there. Nested values
  // come in the maps and lists in which they stand; list elements are moved together.
  msg::AttributeMap apply(const msg::AttributeMap& item) const { return paths_.select(item); }

private:
  path_tree paths_;
};

} // namespace troupe::expression
