// Working out what SET writes. Inside core/expression only.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <string>
#include <vector>

namespace troupe::expression {

namespace texts {
inline const std::string wrong_type = "An operand in the update expression has an incorrect data type";
inline const std::string missing =
    "The provided expression refers to an attribute that does not exist in the item";
inline const std::string wrong_path =
    "The document path provided in the update expression is invalid for update";
inline const std::string too_large = "Item size to update has exceeded the maximum allowed size";
inline const std::string legacy_wrong_type = "Type mismatch for attribute to update";
} // namespace texts

// A value, or why there is none. Failures are in the order in which DynamoDB reports them.
class worked_out {
public:
  enum class failure { none, type, missing, number };

  worked_out() = default;
  static worked_out borrow(const msg::Value& value); // which must outlive this
  static worked_out keep(msg::Value value);
  static worked_out fail(failure why, std::string text);

  failure why() const { return why_; }
  const std::string& text() const { return text_; }
  // Only without failure.
  const msg::Value& value() const { return borrowed_ != nullptr ? *borrowed_ : kept_; }

private:
  failure why_ = failure::none;
  std::string text_;
  const msg::Value* borrowed_ = nullptr;
  msg::Value kept_;
};

// Whether the steps leave exactly one value and name only sound operands.
bool is_sound(const google::protobuf::RepeatedPtrField<msg::UpdateExpression::Step>& steps, int values);

// Runs sound steps. The answer borrows from `values` and `item`.
worked_out work_out(const google::protobuf::RepeatedPtrField<msg::UpdateExpression::Step>& steps,
                    const std::vector<msg::Value>& values, const msg::AttributeMap& item);

// The sum of two numbers, or the difference.
worked_out add_numbers(const msg::Value& a, const msg::Value& b, bool subtract);

} // namespace troupe::expression
