#include "actors/core/item/condition.h"
#include "actors/core/item/canonical.h"
#include "actors/core/item/texts.h"
#include "actors/core/item/value.h"
#include "config/limits.h"

namespace troupe::item {
namespace {

using clause = msg::Condition::Clause;

bool compares(const clause& what) {
  return what.test() == clause::EQUALS || what.test() == clause::NOT_EQUALS;
}

bool clause_holds(const clause& what, const msg::Value* stored) {
  switch (what.test()) {
  case clause::EXISTS:
    return stored != nullptr;
  case clause::NOT_EXISTS:
    return stored == nullptr;
  case clause::EQUALS:
    return stored != nullptr && equal(*stored, what.operand());
  case clause::NOT_EQUALS:
    return stored == nullptr || !equal(*stored, what.operand());
  default: // from a newer version: refuse the write rather than do it on a guess
    return false;
  }
}

} // namespace

verdict canonicalise(msg::Condition& condition) {
  if (static_cast<std::size_t>(condition.clauses_size()) > limits::condition_clauses)
    return refusal{"The condition has " + std::to_string(condition.clauses_size()) + " clauses; at most " +
                   std::to_string(limits::condition_clauses) + " are allowed"};
  for (clause& what : *condition.mutable_clauses()) {
    const auto about = [&] { return "The condition on attribute " + texts::clip(what.attribute()); };
    if (what.attribute().empty())
      return refusal{"A clause of the condition names no attribute"};
    if (!clause::Test_IsValid(what.test()))
      return refusal{about() + " has a test that this version does not know"};
    if (compares(what) != what.has_operand())
      return refusal{about() + (compares(what) ? " compares with nothing: its operand is missing"
                                               : " tests for existence and takes no operand")};
    if (compares(what))
      if (auto bad = canonicalise(*what.mutable_operand()))
        return refusal{about() + " contains invalid value: " + bad->message};
  }
  return {};
}

bool holds(const msg::Condition& condition, const msg::AttributeMap* item) {
  for (const clause& what : condition.clauses())
    if (!clause_holds(what, item == nullptr ? nullptr : find(*item, what.attribute())))
      return false;
  return true;
}

std::optional<bool> holds(const msg::Condition& condition, std::optional<std::string_view> item) {
  if (!item)
    return holds(condition, static_cast<const msg::AttributeMap*>(nullptr));
  // A stored item is canonical, and only the attributes that are asked about are read.
  for (const clause& what : condition.clauses()) {
    const attribute_search found = find_in_canonical(*item, what.attribute());
    msg::Value stored; // stays empty when only its existence matters
    if (found.damaged || (found.value && compares(what) && !parse_value_into(stored, *found.value)))
      return {};
    if (!clause_holds(what, found.value ? &stored : nullptr))
      return false;
  }
  return true;
}

} // namespace troupe::item
