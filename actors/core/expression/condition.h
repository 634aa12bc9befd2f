// Whether conditions and filters hold: the leader's half of expressions.
//
// An expression is made ready once and asked about as many items as there are. Items are canonical
// (core/item/value.h), as everything stored is. Rules of comparison are DynamoDB's (Developer Guide,
// "Comparison operator and function reference"): between different types, and with what is not there,
// everything is false but
// <> and attribute_not_exists.
//
// Thread: values, share them as you like once made.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::expression {

class condition {
public:
  // Nothing when `from` is not what parse_condition() or legacy.h make: damage, or a newer version's.
  static std::optional<condition> make(msg::ConditionExpression from);

  // nullptr is "there is no item", which is judged like an item without attributes.
  bool holds(const msg::AttributeMap* item) const;

  // The same on a serialized item; nullopt is "there is no item". Nothing when the bytes are no item, which
  // can only be damage.
  std::optional<bool> holds(std::optional<std::string_view> item) const;

private:
  using node = msg::ConditionExpression::Node;

  bool test(const node& what, const msg::AttributeMap& item) const;
  // The operand's value, or nullptr; `made` keeps it when it has to be computed.
  const msg::Value* value_of(const msg::Operand& operand, const msg::AttributeMap& item,
                             msg::Value& made) const;

  msg::ConditionExpression nodes_;
  std::vector<msg::Value> values_;
};

} // namespace troupe::expression
