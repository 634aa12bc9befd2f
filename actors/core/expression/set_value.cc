#include "actors/core/expression/set_value.h"
#include "actors/core/expression/path.h"
#include "actors/core/item/number.h"
#include "actors/core/item/value.h"
#include "config/limits.h"

namespace troupe::expression {
namespace {

using step = msg::UpdateExpression::Step;
using failure = worked_out::failure;

// Of two operands that must both be of a type: a wrong type is reported before a missing operand.
template <class IsRight>
const worked_out* first_failure(const worked_out& a, const worked_out& b, IsRight is_right) {
  static const worked_out wrong = worked_out::fail(failure::type, texts::wrong_type);
  for (const worked_out* operand : {&a, &b})
    if (operand->why() == failure::type || (operand->why() == failure::none && !is_right(operand->value())))
      return &wrong;
  for (const worked_out* operand : {&a, &b})
    if (operand->why() != failure::none)
      return operand;
  return nullptr;
}

worked_out append_lists(const worked_out& a, const worked_out& b) {
  if (const auto* failed = first_failure(a, b, [](const msg::Value& value) { return value.has_l(); }))
    return *failed;
  // Lists of lists of one value could grow without end before anybody looks at the item's size.
  if (item::value_size(a.value()) + item::value_size(b.value()) > limits::item_bytes)
    return worked_out::fail(failure::number, texts::too_large);
  msg::Value out = a.value();
  out.mutable_l()->mutable_values()->MergeFrom(b.value().l().values());
  return worked_out::keep(std::move(out));
}

worked_out combine_numbers(const worked_out& a, const worked_out& b, bool subtract) {
  if (const auto* failed = first_failure(a, b, [](const msg::Value& value) { return value.has_n(); }))
    return *failed;
  return add_numbers(a.value(), b.value(), subtract);
}

} // namespace

worked_out worked_out::borrow(const msg::Value& value) {
  worked_out out;
  out.borrowed_ = &value;
  return out;
}
worked_out worked_out::keep(msg::Value value) {
  worked_out out;
  out.kept_ = std::move(value);
  return out;
}
worked_out worked_out::fail(failure why, std::string text) {
  worked_out out;
  out.why_ = why;
  out.text_ = std::move(text);
  return out;
}

worked_out add_numbers(const msg::Value& a, const msg::Value& b, bool subtract) {
  const auto x = item::number::parse(a.n()), y = item::number::parse(b.n());
  if (!x || !y)
    return worked_out::fail(failure::number, (x ? y : x).why().message);
  const auto sum = item::number::add(*x, subtract ? y->negated() : *y);
  if (!sum)
    return worked_out::fail(failure::number, sum.why().message);
  msg::Value out;
  out.set_n(sum->text());
  return worked_out::keep(std::move(out));
}

bool is_sound(const google::protobuf::RepeatedPtrField<step>& steps, int values) {
  int stack = 0;
  for (const step& what : steps) {
    const bool reads = what.op() == step::PUSH || what.op() == step::IF_NOT_EXISTS;
    if (!step::Operator_IsValid(what.op()) || (reads && !is_sound(what.operand(), values)) ||
        what.operand().size() || (what.op() == step::IF_NOT_EXISTS && !what.operand().has_path()))
      return false;
    const int taken = what.op() == step::PUSH ? 0 : what.op() == step::IF_NOT_EXISTS ? 1 : 2;
    if (taken > stack)
      return false;
    stack += 1 - taken;
  }
  return stack == 1;
}

worked_out work_out(const google::protobuf::RepeatedPtrField<step>& steps,
                    const std::vector<msg::Value>& values, const msg::AttributeMap& item) {
  std::vector<worked_out> stack;
  for (const step& what : steps) {
    const msg::Value* there = what.operand().has_path() ? look_up(item, what.operand().path()) : nullptr;
    switch (what.op()) {
    case step::PUSH:
      if (!what.operand().has_path())
        stack.push_back(worked_out::borrow(values[what.operand().value()]));
      else if (there != nullptr)
        stack.push_back(worked_out::borrow(*there));
      else
        stack.push_back(worked_out::fail(failure::missing, texts::missing));
      break;
    case step::IF_NOT_EXISTS: // in place of whatever became of the other operand
      if (there != nullptr)
        stack.back() = worked_out::borrow(*there);
      break;
    default: {
      const worked_out second = std::move(stack.back());
      stack.pop_back();
      worked_out& first = stack.back();
      first = what.op() == step::LIST_APPEND ? append_lists(first, second)
                                             : combine_numbers(first, second, what.op() == step::MINUS);
    }
    }
  }
  return std::move(stack.back());
}

} // namespace troupe::expression
