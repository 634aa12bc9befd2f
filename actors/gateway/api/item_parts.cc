#include "actors/gateway/api/item_parts.h"
#include "actors/core/item/value.h"
#include <set>

namespace troupe::api {

void check_capacity(constraints& c, const maybe_text& word) {
  c.one_of("returnConsumedCapacity", word, {"INDEXES", "TOTAL", "NONE"});
}

void check_collection_metrics(constraints& c, const maybe_text& word) {
  c.one_of("returnItemCollectionMetrics", word, {"SIZE", "NONE"});
}

void check_return_values(constraints& c, const maybe_text& word) {
  c.one_of("returnValues", word, {"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"});
}

void check_return_on_failure(constraints& c, const maybe_text& word) {
  c.one_of("returnValuesOnConditionCheckFailure", word, {"ALL_OLD", "NONE"});
}

void check_join(constraints& c, const maybe_text& word) {
  c.one_of("conditionalOperator", word, {"OR", "AND"});
}

void check_comparisons(constraints& c, std::string_view path, const legacy_tests& tests, bool needed) {
  if (!tests)
    return;
  for (const auto& test : *tests) {
    const auto where = std::string(path) + "." + test.attribute + ".member.comparisonOperator";
    if (needed)
      c.there(where, test.comparison.has_value());
    c.one_of(where, test.comparison,
             {"IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE",
              "BEGINS_WITH", "GE", "CONTAINS"});
  }
}

void check_attributes_to_get(constraints& c, std::string_view path,
                             const std::optional<std::vector<std::string>>& names) {
  if (!names)
    return;
  std::string shown;
  for (const auto& name : *names)
    shown += (shown.empty() ? "" : ", ") + name;
  c.count(path, names->size(), "[" + shown + "]", 1, 255);
}

capacity_report capacity_of(const maybe_text& word) {
  if (word == "TOTAL")
    return capacity_report::total;
  return word == "INDEXES" ? capacity_report::indexes : capacity_report::none;
}

return_values returned_of(const maybe_text& word) {
  if (word == "ALL_OLD")
    return return_values::all_old;
  if (word == "UPDATED_OLD")
    return return_values::updated_old;
  if (word == "ALL_NEW")
    return return_values::all_new;
  return word == "UPDATED_NEW" ? return_values::updated_new : return_values::none;
}

std::optional<expression::legacy_join> join_of(const maybe_text& word) {
  if (!word)
    return std::nullopt;
  return word == "OR" ? expression::legacy_join::any : expression::legacy_join::all;
}

legacy_tests read_tests(const structure& in, std::string_view name, bool expected) {
  const auto members = in.structure_map(name, expected ? "ExpectedAttributeValue" : "Condition");
  if (!members)
    return std::nullopt;
  std::vector<expression::legacy_test> out;
  for (const auto& [attribute, member] : *members) {
    auto& test = out.emplace_back();
    test.attribute = attribute;
    test.values = member.values("AttributeValueList");
    test.comparison = member.text("ComparisonOperator");
    if (expected) {
      test.exists = member.flag("Exists");
      test.value = member.value("Value");
    }
  }
  return out;
}

std::optional<std::vector<expression::legacy_update>> read_updates(const structure& in) {
  const auto members = in.structure_map("AttributeUpdates", "AttributeValueUpdate");
  if (!members)
    return std::nullopt;
  std::vector<expression::legacy_update> out;
  for (const auto& [attribute, member] : *members)
    out.push_back({attribute, member.text("Action"), member.value("Value")});
  return out;
}

trouble make_canonical(msg::AttributeMap& what) {
  if (auto bad = item::canonicalise(what))
    return of_refusal(*bad);
  return std::nullopt;
}

trouble check_duplicates(const std::optional<std::vector<std::string>>& attributes_to_get) {
  if (!attributes_to_get)
    return std::nullopt;
  std::set<std::string_view> seen;
  for (const auto& name : *attributes_to_get)
    if (!seen.insert(name).second)
      return invalid_parameter("Duplicate value in attribute name: " + name);
  return std::nullopt;
}

trouble check_together(std::initializer_list<expression::parameter> expressions,
                       std::initializer_list<expression::parameter> others, const api::expressions& given) {
  if (auto bad = expression::check_parameters({expressions.begin(), expressions.size()},
                                              {others.begin(), others.size()}, given.names.has_value(),
                                              given.values.has_value()))
    return of_refusal(*bad);
  return std::nullopt;
}

} // namespace troupe::api
