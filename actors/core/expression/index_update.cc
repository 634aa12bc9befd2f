#include "actors/core/expression/index_update.h"
#include "actors/core/item/value.h"
#include <algorithm>
#include <vector>

namespace troupe::expression {
namespace {

using item::refusal;
using item::verdict;
using local_index = msg::TableOptions::LocalIndex;
using update = msg::UpdateExpression;

// What SET or ADD will have put there, when that does not depend on the item.
struct known_value {
  std::string type; // empty: it does
  bool empty = false;
};

known_value literal(const update& from, std::uint32_t place) {
  msg::Value value;
  if (place >= static_cast<std::uint32_t>(from.values_size()) ||
      !item::parse_value_into(value, from.values(static_cast<int>(place))))
    return {};
  const bool empty = (value.has_s() && value.s().empty()) || (value.has_b() && value.b().empty());
  return {std::string(item::type_name(value)), empty};
}

known_value outcome_of(const update& from, const update::Action& action) {
  if (action.verb() == update::ADD)
    return literal(from, action.value());
  if (action.verb() != update::SET || action.steps().empty())
    return {};
  const auto& last = action.steps(action.steps_size() - 1);
  switch (last.op()) {
  case update::Step::PUSH:
    return last.operand().has_value() ? literal(from, last.operand().value()) : known_value();
  case update::Step::PLUS:
  case update::Step::MINUS:
    return {"N"};
  case update::Step::LIST_APPEND:
    return {"L"};
  default:
    return {};
  }
}

// The first index by name of those whose sort key it is, or nullptr.
const local_index* index_of(const item::index_list& indexes, const std::string& attribute) {
  const local_index* found = nullptr;
  for (const auto& index : indexes)
    if (index.sort().name() == attribute && (!found || index.name() < found->name()))
      found = &index;
  return found;
}

verdict check_scalar(const msg::DocumentPath& path, const item::index_list& indexes) {
  const auto& name = path.elements(0).name();
  if (path.elements_size() < 2 || !index_of(indexes, name))
    return {};
  return refusal{"Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
                 "allowed: IndexKey: " +
                 name};
}

} // namespace

verdict check_index_update(const update& from, const item::index_list& indexes) {
  if (indexes.empty())
    return {};
  for (const auto& action : from.actions()) {
    if (auto bad = check_scalar(action.path(), indexes))
      return bad;
    for (const auto& step : action.steps())
      if (step.operand().has_path())
        if (auto bad = check_scalar(step.operand().path(), indexes))
          return bad;
  }
  verdict empty;
  for (const auto& action : from.actions()) {
    const local_index* index = index_of(indexes, action.path().elements(0).name());
    if (!index)
      continue;
    const auto value = outcome_of(from, action);
    if (value.type.empty())
      continue;
    if (value.type != item::type_letter(index->sort().type()))
      return item::index_type_mismatch(*index, value.type);
    if (value.empty && !empty)
      empty = item::empty_updated_index_key(value.type);
  }
  return empty;
}

} // namespace troupe::expression
