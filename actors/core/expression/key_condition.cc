#include "actors/core/expression/key_condition.h"
#include "actors/core/expression/condition.h"
#include "actors/core/expression/path.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::expression {
namespace {

using ops = msg::ConditionExpression;
using node = ops::Node;

const std::string in_expression = "Invalid condition in KeyConditionExpression: ";

// The operator as DynamoDB names it.
std::string name_of(ops::Operator op) {
  switch (op) {
  case ops::NOT_EQUAL:
    return "<>";
  case ops::ATTRIBUTE_EXISTS:
    return "attribute_exists";
  case ops::ATTRIBUTE_NOT_EXISTS:
    return "attribute_not_exists";
  case ops::ATTRIBUTE_TYPE:
    return "attribute_type";
  case ops::BEGINS_WITH:
    return "begins_with";
  case ops::CONTAINS:
    return "contains";
  default:
    return ops::Operator_Name(op);
  }
}

bool is_indexable(ops::Operator op) {
  switch (op) {
  case ops::EQUAL:
  case ops::LESS:
  case ops::LESS_EQUAL:
  case ops::GREATER:
  case ops::GREATER_EQUAL:
  case ops::BETWEEN:
  case ops::BEGINS_WITH:
    return true;
  default:
    return false;
  }
}

ops::Operator mirrored(ops::Operator op) {
  switch (op) {
  case ops::LESS:
    return ops::GREATER;
  case ops::LESS_EQUAL:
    return ops::GREATER_EQUAL;
  case ops::GREATER:
    return ops::LESS;
  case ops::GREATER_EQUAL:
    return ops::LESS_EQUAL;
  default:
    return op;
  }
}

class reader {
public:
  reader(const ops& parsed, std::vector<msg::Value> values) : parsed_(parsed), values_(std::move(values)) {
    starts_.reserve(static_cast<std::size_t>(parsed.nodes_size()));
    std::vector<int> open; // where the subtrees begin whose result is on the stack
    for (int i = 0; i < parsed.nodes_size(); ++i) {
      const node& what = parsed.nodes(i);
      const std::size_t taken = what.op() == ops::NOT ? 1 : what.joined();
      const int start = taken == 0 ? i : open[open.size() - taken];
      open.resize(open.size() - taken);
      open.push_back(start);
      starts_.push_back(start);
    }
  }

  // The subtree whose last node is at `root`: an operator that may not be there is refused before what is
  // inside.
  verdict read(int root) {
    const node& what = parsed_.nodes(root);
    if (what.op() == ops::AND) {
      std::vector<int> parts;
      for (int part = root - 1; part >= starts_[static_cast<std::size_t>(root)];
           part = starts_[static_cast<std::size_t>(part)] - 1)
        parts.push_back(part);
      for (auto part = parts.rbegin(); part != parts.rend(); ++part)
        if (auto bad = read(*part))
          return bad;
      return {};
    }
    if (!is_indexable(what.op()))
      return refusal{"Invalid operator used in KeyConditionExpression: " + name_of(what.op())};
    return read_test(what);
  }

  std::vector<key_test> take() { return std::move(tests_); }

  // What is wrong with a test's value, which is told only when everything is a test.
  const verdict& wrong_value() const { return wrong_value_; }

private:
  verdict read_test(const node& what) {
    key_test out{{}, what.op(), {}};
    const bool leads = what.op() == ops::BETWEEN || what.op() == ops::BEGINS_WITH;
    if (leads && !(what.operands(0).has_path() && !what.operands(0).size()))
      return refusal{in_expression + name_of(what.op()) +
                     " operator must have the key attribute as its first operand"};
    for (int i = 0; i < what.operands_size(); ++i) {
      const msg::Operand& operand = what.operands(i);
      if (operand.size())
        return refusal{"KeyConditionExpressions cannot contain nested operations"};
      if (!operand.has_path()) {
        out.values.push_back(values_[operand.value()]);
        continue;
      }
      if (!out.attribute.empty())
        return refusal{in_expression + "Multiple attribute names used in one condition"};
      if (operand.path().elements_size() > 1)
        return refusal{"KeyConditionExpressions cannot have conditions on nested attributes"};
      out.attribute = operand.path().elements(0).name();
      if (i > 0)
        out.op = mirrored(out.op);
    }
    if (out.attribute.empty())
      return refusal{in_expression + "No key attribute specified"};
    // Documents, truths and nulls; the other operators have refused them before.
    if (const auto type = item::type_name(out.values.front());
        !wrong_value_ && out.op == ops::EQUAL &&
        (type == "L" || type == "M" || type == "BOOL" || type == "NULL"))
      wrong_value_ =
          refusal{"One or more parameter values were invalid: ComparisonOperator EQ is not valid for " +
                  std::string(type) + " AttributeValue type"};
    for (const key_test& other : tests_)
      if (other.attribute == out.attribute)
        return refusal{"KeyConditionExpressions must only contain one condition per key"};
    tests_.push_back(std::move(out));
    return {};
  }

  const ops& parsed_;
  std::vector<msg::Value> values_;
  std::vector<int> starts_; // of the subtree that ends at each node
  std::vector<key_test> tests_;
  verdict wrong_value_;
};

void write_sort(const key_test& test, msg::Query& query) {
  const msg::Value& value = test.values.front();
  switch (test.op) {
  case ops::EQUAL:
    *query.mutable_from() = value;
    *query.mutable_to() = value;
    break;
  case ops::LESS:
  case ops::LESS_EQUAL:
    *query.mutable_to() = value;
    query.set_to_exclusive(test.op == ops::LESS);
    break;
  case ops::GREATER:
  case ops::GREATER_EQUAL:
    *query.mutable_from() = value;
    query.set_from_exclusive(test.op == ops::GREATER);
    break;
  case ops::BETWEEN:
    *query.mutable_from() = value;
    *query.mutable_to() = test.values.back();
    break;
  default: // BEGINS_WITH
    query.set_prefix_s(value.s());
    query.set_prefix_b(value.b());
  }
}

std::string_view type_name(msg::KeyType type) {
  return type == msg::KEY_TYPE_S ? "S" : type == msg::KEY_TYPE_N ? "N" : type == msg::KEY_TYPE_B ? "B" : "";
}

// A prefix goes into the query as bare bytes, so that it is here where an empty one is seen.
verdict check_prefix(const key_test& test) {
  if (test.op != ops::BEGINS_WITH || !test.values.front().s().empty() || !test.values.front().b().empty())
    return {};
  return refusal{
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
      "empty " +
      std::string(test.values.front().has_s() ? "string" : "binary") + " value. Key: " + test.attribute};
}

} // namespace

result<std::vector<key_test>> read_key_condition(const msg::ConditionExpression& parsed) {
  auto values = read_values(parsed.values());
  if (!values || parsed.nodes_size() == 0 || !condition::make(parsed))
    return refusal{
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."};
  reader read(parsed, std::move(*values));
  if (auto bad = read.read(parsed.nodes_size() - 1))
    return *bad;
  if (read.wrong_value())
    return *read.wrong_value();
  auto tests = read.take();
  if (tests.size() > 2)
    return refusal{"Conditions can be of length 1 or 2 only"};
  return tests;
}

verdict write_query(const std::vector<key_test>& tests, const msg::KeySchema& schema, msg::Query& query) {
  const refusal not_supported{"Query key condition not supported"};
  if (!schema.has_sort() && tests.size() > 1)
    return not_supported;
  const auto write = [&](const msg::KeyAttribute& key, bool partition) -> verdict {
    const auto test = std::find_if(tests.begin(), tests.end(),
                                   [&](const key_test& one) { return one.attribute == key.name(); });
    if (test == tests.end())
      return partition || tests.size() > 1
                 ? verdict(refusal{"Query condition missed key schema element: " + key.name()})
                 : verdict();
    if (!is_indexable(test->op))
      return refusal{"Attempted conditional constraint is not an indexable operation"};
    for (const msg::Value& value : test->values)
      if (item::type_name(value) != type_name(key.type()))
        return refusal{
            "One or more parameter values were invalid: Condition parameter type does not match schema type"};
    if (partition && test->op != ops::EQUAL)
      return not_supported;
    if (auto bad = check_prefix(*test))
      return bad;
    if (partition)
      *query.mutable_partition_key() = test->values.front();
    else
      write_sort(*test, query);
    return {};
  };
  if (auto bad = write(schema.partition(), true))
    return bad;
  return schema.has_sort() ? write(schema.sort(), false) : verdict();
}

} // namespace troupe::expression
