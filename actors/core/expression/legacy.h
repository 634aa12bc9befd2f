// The parameters that expressions have replaced (Developer Guide, "Legacy conditional parameters"), in the
// same form as expressions: there is one evaluator.
//
// The gateway fills plain structs from JSON; what is missing there is missing here. Order is the request's.
// Thread: pure functions. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/expression/key_condition.h"
#include "actors/core/item/result.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::expression {

// One member of Expected, QueryFilter, ScanFilter or KeyConditions. Value and Exists are Expected's alone.
struct legacy_test {
  std::string attribute;
  std::optional<std::string> comparison; // ComparisonOperator: EQ, NE, LE, LT, GE, GT, NOT_NULL, NULL, ...
  std::optional<std::vector<msg::Value>> values; // AttributeValueList
  std::optional<msg::Value> value;
  std::optional<bool> exists;
};

// ConditionalOperator: whether all tests or any of them must hold.
enum class legacy_join { all, any };

// For requests that have a ConditionalOperator: `tests` is how many tests it joins, nothing when there is no
// Expected and no filter.
verdict check_conditional_operator(std::optional<std::size_t> tests);

// No tests make a condition that always holds.
result<msg::ConditionExpression> condition_from_expected(std::span<const legacy_test> tests,
                                                         legacy_join join);
result<msg::ConditionExpression> condition_from_filter(std::span<const legacy_test> tests, legacy_join join);

// For write_query() of key_condition.h.
result<std::vector<key_test>> read_key_conditions(std::span<const legacy_test> tests);

// One member of AttributeUpdates.
struct legacy_update {
  std::string attribute;
  std::optional<std::string> action; // PUT when missing; ADD, DELETE
  std::optional<msg::Value> value;
};
result<msg::UpdateExpression> update_from_attribute_updates(std::span<const legacy_update> updates);

result<msg::ProjectionExpression> projection_from_attributes_to_get(std::span<const std::string> names);

} // namespace troupe::expression
