#include "actors/client/values.h"
#include "actors/core/item/value.h"
#include <map>

namespace troupe::client {

msg::Value s(std::string text) {
  msg::Value value;
  value.set_s(std::move(text));
  return value;
}

msg::Value n(std::string_view decimal) {
  msg::Value value;
  value.set_n(std::string(decimal));
  return value;
}

msg::Value n(long long number) {
  return n(std::string_view(std::to_string(number)));
}

msg::Value b(std::string bytes) {
  msg::Value value;
  value.set_b(std::move(bytes));
  return value;
}

msg::Value boolean(bool truth) {
  msg::Value value;
  value.set_bool_(truth);
  return value;
}

msg::Value null() {
  msg::Value value;
  value.set_null(true);
  return value;
}

msg::Value list(std::initializer_list<msg::Value> values) {
  msg::Value value;
  auto& elements = *value.mutable_l();
  for (const auto& element : values)
    *elements.add_values() = element;
  return value;
}

msg::Value map(msg::AttributeMap attributes) {
  msg::Value value;
  *value.mutable_m() = std::move(attributes);
  return value;
}

msg::AttributeMap make_item(std::initializer_list<std::pair<std::string_view, msg::Value>> attributes) {
  std::map<std::string_view, const msg::Value*> sorted;
  for (const auto& [name, value] : attributes)
    sorted.emplace(name, &value);
  msg::AttributeMap result;
  for (const auto& [name, value] : sorted) {
    auto& attribute = *result.add_attributes();
    attribute.set_name(std::string(name));
    *attribute.mutable_value() = *value;
  }
  return result;
}

const msg::Value* find(const msg::AttributeMap& attributes, std::string_view name) {
  return item::find(attributes, name);
}

namespace {

msg::Condition clause(msg::Condition::Clause::Test test, std::string attribute) {
  msg::Condition condition;
  auto& only = *condition.add_clauses();
  only.set_test(test);
  only.set_attribute(std::move(attribute));
  return condition;
}

msg::Condition clause(msg::Condition::Clause::Test test, std::string attribute, msg::Value operand) {
  auto condition = clause(test, std::move(attribute));
  *condition.mutable_clauses(0)->mutable_operand() = std::move(operand);
  return condition;
}

} // namespace

msg::Condition exists(std::string attribute) {
  return clause(msg::Condition::Clause::EXISTS, std::move(attribute));
}

msg::Condition not_exists(std::string attribute) {
  return clause(msg::Condition::Clause::NOT_EXISTS, std::move(attribute));
}

msg::Condition equals(std::string attribute, msg::Value value) {
  return clause(msg::Condition::Clause::EQUALS, std::move(attribute), std::move(value));
}

msg::Condition not_equals(std::string attribute, msg::Value value) {
  return clause(msg::Condition::Clause::NOT_EQUALS, std::move(attribute), std::move(value));
}

msg::Condition all_of(std::initializer_list<msg::Condition> conditions) {
  msg::Condition result;
  for (const auto& condition : conditions)
    result.MergeFrom(condition);
  return result;
}

} // namespace troupe::client
