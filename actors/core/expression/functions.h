// The functions of the language, by name. Inside core/expression only.
#pragma once
#include "messages/expression.pb.h"
#include <cstddef>
#include <string_view>

namespace troupe::expression {

struct function {
  enum class use {
    condition, // is true or false
    operand,   // has a value, inside a condition
    update,    // has a value, in what SET writes
  };
  std::string_view name;
  use where;
  std::size_t operands;
  bool needs_path;                       // its first operand
  msg::ConditionExpression::Operator op; // conditions only
};

inline constexpr function functions[] = {
    {"attribute_exists", function::use::condition, 1, true, msg::ConditionExpression::ATTRIBUTE_EXISTS},
    {"attribute_not_exists", function::use::condition, 1, true,
     msg::ConditionExpression::ATTRIBUTE_NOT_EXISTS},
    {"attribute_type", function::use::condition, 2, true, msg::ConditionExpression::ATTRIBUTE_TYPE},
    {"begins_with", function::use::condition, 2, false, msg::ConditionExpression::BEGINS_WITH},
    {"contains", function::use::condition, 2, false, msg::ConditionExpression::CONTAINS},
    {"size", function::use::operand, 1, false, {}},
    {"if_not_exists", function::use::update, 2, true, {}},
    {"list_append", function::use::update, 2, false, {}},
};

// Names are written in small letters only. nullptr when there is none.
inline const function* find_function(std::string_view name) {
  for (const function& known : functions)
    if (known.name == name)
      return &known;
  return nullptr;
}

} // namespace troupe::expression
