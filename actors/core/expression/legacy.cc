#include "actors/core/expression/legacy.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/path.h"
#include "actors/core/expression/values.h"
#include "actors/core/item/value.h"
#include <algorithm>
#include <compare>

namespace troupe::expression {
namespace {

using ops = msg::ConditionExpression;

const std::string invalid = "One or more parameter values were invalid: ";

struct comparison {
  std::string_view name;
  ops::Operator op;
  bool negated; // and true only of an attribute that is there
  std::size_t least, most;
  std::vector<std::string_view> types; // empty: any
};

const std::vector<comparison>& comparisons() {
  static const std::vector<std::string_view> any, ordered = {"S", "N", "B"};
  static const std::vector<std::string_view> members = {"S", "N", "B", "BOOL", "NULL"};
  static const std::vector<comparison> all = {
      {"EQ", ops::EQUAL, false, 1, 1, any},
      {"NE", ops::NOT_EQUAL, false, 1, 1, any},
      {"LE", ops::LESS_EQUAL, false, 1, 1, ordered},
      {"LT", ops::LESS, false, 1, 1, ordered},
      {"GE", ops::GREATER_EQUAL, false, 1, 1, ordered},
      {"GT", ops::GREATER, false, 1, 1, ordered},
      {"NOT_NULL", ops::ATTRIBUTE_EXISTS, false, 0, 0, any},
      {"NULL", ops::ATTRIBUTE_NOT_EXISTS, false, 0, 0, any},
      {"CONTAINS", ops::CONTAINS, false, 1, 1, members},
      {"NOT_CONTAINS", ops::CONTAINS, true, 1, 1, members},
      {"BEGINS_WITH", ops::BEGINS_WITH, false, 1, 1, {"S", "B"}},
      {"IN", ops::IN, false, 1, bounds::in_operands, ordered},
      {"BETWEEN", ops::BETWEEN, false, 2, 2, ordered},
  };
  return all;
}

const comparison* find_comparison(std::string_view name) {
  const auto found = std::find_if(comparisons().begin(), comparisons().end(),
                                  [&](const comparison& one) { return one.name == name; });
  return found == comparisons().end() ? nullptr : &*found;
}

verdict check_values(const comparison& how, std::vector<msg::Value>& values) {
  for (msg::Value& value : values)
    if (auto bad = item::canonicalise(value))
      return bad;
  const std::string name(how.name);
  if (values.size() < how.least || values.size() > how.most)
    return refusal{invalid + "Invalid number of argument(s) for the " + name + " ComparisonOperator"};
  for (const msg::Value& value : values)
    if (value.kind_case() != values.front().kind_case())
      return refusal{invalid + "AttributeValues inside AttributeValueList must be of same type"};
  for (const msg::Value& value : values)
    if (!how.types.empty() &&
        std::find(how.types.begin(), how.types.end(), item::type_name(value)) == how.types.end())
      return refusal{invalid + "ComparisonOperator " + name + " is not valid for " +
                     std::string(item::type_name(value)) + " AttributeValue type"};
  if (how.op == ops::BETWEEN && std::is_gt(compare(values.front(), values.back())))
    return refusal{
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"};
  return {};
}

// A test on one attribute, its values canonical and checked.
struct plain_test {
  const comparison* how;
  std::vector<msg::Value> values;
};

result<plain_test> check_filter_test(const legacy_test& test) {
  const comparison* how = test.comparison ? find_comparison(*test.comparison) : nullptr;
  if (how == nullptr)
    return refusal{invalid + "ComparisonOperator must be specified for Attribute: " + test.attribute};
  plain_test out{how, test.values.value_or(std::vector<msg::Value>())};
  if (auto bad = check_values(*how, out.values))
    return *bad;
  return out;
}

// Expected without ComparisonOperator: Exists and Value.
result<plain_test> check_existence(const legacy_test& test) {
  const std::string about = " for Attribute: " + test.attribute;
  if (test.values)
    return refusal{invalid + "AttributeValueList can only be used with a ComparisonOperator" + about};
  if (test.exists.value_or(true) && !test.value)
    return refusal{invalid + "Value must be provided when Exists is " + (test.exists ? "true" : "null") +
                   about};
  if (!test.exists.value_or(true) && test.value)
    return refusal{invalid + "Value cannot be used when Exists is false" + about};
  if (!test.value)
    return plain_test{find_comparison("NULL"), {}};
  plain_test out{find_comparison("EQ"), {*test.value}};
  if (auto bad = item::canonicalise(out.values.front()))
    return *bad;
  return out;
}

result<plain_test> check_expected_test(const legacy_test& test) {
  const std::string about = " for Attribute: " + test.attribute;
  if (test.values && test.value)
    return refusal{invalid + "Value and AttributeValueList cannot be used together" + about};
  if (!test.comparison)
    return check_existence(test);
  if (test.exists)
    return refusal{invalid + "Exists and ComparisonOperator cannot be used together" + about};
  if (*test.comparison != "NULL" && *test.comparison != "NOT_NULL" && !test.values && !test.value)
    return refusal{invalid + "Value or AttributeValueList must be used with ComparisonOperator: " +
                   *test.comparison + about};
  legacy_test listed = test;
  if (test.value)
    listed.values = std::vector<msg::Value>{*test.value};
  return check_filter_test(listed);
}

void write_test(ops& out, const std::string& attribute, ops::Operator op,
                const std::vector<msg::Value>& values) {
  ops::Node* node = out.add_nodes();
  node->set_op(op);
  *node->add_operands()->mutable_path() = top_level(attribute);
  for (const msg::Value& value : values) {
    node->add_operands()->set_value(static_cast<std::uint32_t>(out.values_size()));
    out.add_values(value.SerializeAsString());
  }
}

void write_test(ops& out, const std::string& attribute, const plain_test& test) {
  write_test(out, attribute, test.how->op, test.values);
  if (!test.how->negated)
    return;
  out.add_nodes()->set_op(ops::NOT);
  write_test(out, attribute, ops::ATTRIBUTE_EXISTS, {});
  ops::Node* both = out.add_nodes();
  both->set_op(ops::AND);
  both->set_joined(2);
}

template <class Check>
result<ops> join_tests(std::span<const legacy_test> tests, legacy_join join, Check check) {
  ops out;
  for (const legacy_test& test : tests) {
    const auto plain = check(test);
    if (!plain)
      return plain.why();
    write_test(out, test.attribute, *plain);
  }
  if (tests.size() > 1) {
    ops::Node* whole = out.add_nodes();
    whole->set_op(join == legacy_join::all ? ops::AND : ops::OR);
    whole->set_joined(static_cast<std::uint32_t>(tests.size()));
  }
  return out;
}

verdict check_update_value(const std::string& action, const msg::Value& value) {
  const std::string type(item::type_name(value));
  if (action == "DELETE" && !is_set(value))
    return refusal{invalid + "DELETE action with value is not supported for the type " + type};
  if (action == "ADD" && !is_set(value) && !value.has_n() && !value.has_l())
    return refusal{invalid + "ADD action is not supported for the type " + type};
  return {};
}

} // namespace

verdict check_conditional_operator(std::optional<std::size_t> tests) {
  if (tests.value_or(0) == 0)
    return refusal{"ConditionalOperator cannot be used without Filter or Expected"};
  if (*tests < 2)
    return refusal{"ConditionalOperator can only be used when Filter or Expected has two or more elements"};
  return {};
}

result<msg::ConditionExpression> condition_from_expected(std::span<const legacy_test> tests,
                                                         legacy_join join) {
  return join_tests(tests, join, check_expected_test);
}

result<msg::ConditionExpression> condition_from_filter(std::span<const legacy_test> tests, legacy_join join) {
  return join_tests(tests, join, check_filter_test);
}

result<std::vector<key_test>> read_key_conditions(std::span<const legacy_test> tests) {
  std::vector<key_test> out;
  for (const legacy_test& test : tests) {
    auto plain = check_filter_test(test);
    if (!plain)
      return plain.why();
    out.push_back({test.attribute, plain->how->op, std::move(plain->values)});
  }
  if (out.empty() || out.size() > 2)
    return refusal{"Conditions can be of length 1 or 2 only"};
  return out;
}

result<msg::UpdateExpression> update_from_attribute_updates(std::span<const legacy_update> updates) {
  using verb = msg::UpdateExpression;
  verb out;
  out.set_legacy(true);
  for (const legacy_update& update : updates) {
    const std::string action = update.action.value_or("PUT");
    if (action != "PUT" && action != "ADD" && action != "DELETE")
      return refusal{invalid + "Unsupported action on attribute " + update.attribute + ": " + action};
    verb::Action* next = out.add_actions();
    *next->mutable_path() = top_level(update.attribute);
    if (!update.value) {
      if (action != "DELETE")
        return refusal{invalid + "Only DELETE action is allowed when no attribute value is specified"};
      next->set_verb(verb::REMOVE);
      continue;
    }
    msg::Value value = *update.value;
    if (auto bad = item::canonicalise(value))
      return *bad;
    if (auto bad = check_update_value(action, value))
      return *bad;
    const auto place = static_cast<std::uint32_t>(out.values_size());
    out.add_values(value.SerializeAsString());
    next->set_verb(action == "PUT" ? verb::SET : action == "ADD" ? verb::ADD : verb::DELETE);
    if (next->verb() == verb::SET)
      next->add_steps()->mutable_operand()->set_value(place);
    else
      next->set_value(place);
  }
  return out;
}

result<msg::ProjectionExpression> projection_from_attributes_to_get(std::span<const std::string> names) {
  msg::ProjectionExpression out;
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) != name)
      return refusal{invalid + "Duplicate value in attribute name: " + *name};
    *out.add_paths() = top_level(*name);
  }
  return out;
}

} // namespace troupe::expression
