#include "actors/core/expression/condition.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/path.h"
#include "actors/core/expression/values.h"
#include "actors/core/item/value.h"
#include <algorithm>
#include <compare>
#include <google/protobuf/arena.h>

namespace troupe::expression {
namespace {

using ops = msg::ConditionExpression;

// How many operands a test has, from and to.
std::pair<int, int> operands_of(ops::Operator op) {
  switch (op) {
  case ops::AND:
  case ops::OR:
  case ops::NOT:
    return {0, 0};
  case ops::BETWEEN:
    return {3, 3};
  case ops::IN:
    return {2, static_cast<int>(bounds::in_operands) + 1};
  case ops::ATTRIBUTE_EXISTS:
  case ops::ATTRIBUTE_NOT_EXISTS:
    return {1, 1};
  default:
    return {2, 2};
  }
}

// Every node finds the results that it joins, and one is left.
bool is_whole(const msg::ConditionExpression& from) {
  std::uint64_t results = 0;
  for (const auto& node : from.nodes()) {
    const auto [least, most] = operands_of(node.op());
    if (!ops::Operator_IsValid(node.op()) || node.operands_size() < least || node.operands_size() > most)
      return false;
    for (const msg::Operand& operand : node.operands())
      if (!is_sound(operand, from.values_size()))
        return false;
    const bool joins = node.op() == ops::AND || node.op() == ops::OR;
    const std::uint64_t taken = joins ? node.joined() : node.op() == ops::NOT ? 1 : 0;
    if (taken > results || (joins && taken == 0))
      return false;
    results = results - taken + 1;
  }
  return results == 1 || from.nodes_size() == 0;
}

} // namespace

std::optional<condition> condition::make(msg::ConditionExpression from) {
  auto values = read_values(from.values());
  if (!values || !is_whole(from))
    return {};
  condition out;
  out.values_ = std::move(*values);
  from.clear_values();
  out.nodes_ = std::move(from);
  return out;
}

bool condition::holds(const msg::AttributeMap* item) const {
  const msg::AttributeMap& there = item != nullptr ? *item : msg::AttributeMap::default_instance();
  std::vector<bool> results;
  for (const node& what : nodes_.nodes()) {
    if (what.op() == ops::NOT) {
      results.back() = !results.back();
      continue;
    }
    if (what.op() != ops::AND && what.op() != ops::OR) {
      results.push_back(test(what, there));
      continue;
    }
    const bool decides = what.op() == ops::OR; // one of these is enough
    const auto first = results.end() - static_cast<std::ptrdiff_t>(what.joined());
    const bool found = std::find(first, results.end(), decides) != results.end();
    results.erase(first, results.end());
    results.push_back(found == decides);
  }
  return results.empty() || results.back();
}

std::optional<bool> condition::holds(std::optional<std::string_view> item) const {
  if (!item)
    return holds(static_cast<const msg::AttributeMap*>(nullptr));
  google::protobuf::Arena arena;
  auto& there = *google::protobuf::Arena::CreateMessage<msg::AttributeMap>(&arena);
  if (!item::parse_item_into(there, *item))
    return {};
  return holds(&there);
}

const msg::Value* condition::value_of(const msg::Operand& operand, const msg::AttributeMap& item,
                                      msg::Value& made) const {
  const msg::Value* found = operand.has_path() ? look_up(item, operand.path()) : &values_[operand.value()];
  if (found == nullptr || !operand.size())
    return found;
  const auto size = size_of(*found);
  if (!size)
    return nullptr;
  made.set_n(std::to_string(*size));
  return &made;
}

bool condition::test(const node& what, const msg::AttributeMap& item) const {
  msg::Value first_made, other_made, last_made;
  const msg::Value* first = value_of(what.operands(0), item, first_made);
  if (what.op() == ops::ATTRIBUTE_EXISTS || what.op() == ops::ATTRIBUTE_NOT_EXISTS)
    return (first != nullptr) == (what.op() == ops::ATTRIBUTE_EXISTS);
  if (what.op() == ops::IN)
    return first != nullptr && std::any_of(what.operands().begin() + 1, what.operands().end(),
                                           [&](const msg::Operand& candidate) {
                                             const msg::Value* other = value_of(candidate, item, other_made);
                                             return other != nullptr && item::equal(*first, *other);
                                           });

  const msg::Value* other = value_of(what.operands(1), item, other_made);
  if (first == nullptr || other == nullptr)
    return what.op() == ops::NOT_EQUAL;
  switch (what.op()) {
  case ops::EQUAL:
    return item::equal(*first, *other);
  case ops::NOT_EQUAL:
    return !item::equal(*first, *other);
  case ops::LESS:
    return std::is_lt(compare(*first, *other));
  case ops::LESS_EQUAL:
    return std::is_lteq(compare(*first, *other));
  case ops::GREATER:
    return std::is_gt(compare(*first, *other));
  case ops::GREATER_EQUAL:
    return std::is_gteq(compare(*first, *other));
  case ops::BETWEEN: {
    const msg::Value* last = value_of(what.operands(2), item, last_made);
    return last != nullptr && std::is_gteq(compare(*first, *other)) && std::is_lteq(compare(*first, *last));
  }
  case ops::ATTRIBUTE_TYPE:
    return other->has_s() && item::type_name(*first) == other->s();
  case ops::BEGINS_WITH:
    return begins_with(*first, *other);
  case ops::CONTAINS:
    return contains(*first, *other);
  default: // make() has let none of the others through
    return false;
  }
}

} // namespace troupe::expression
