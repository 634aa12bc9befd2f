// From DynamoDB's expression texts to what the leader evaluates. The router's half of expressions.
//
// Grammar, order of validation and texts are DynamoDB's (Developer Guide, "Using expressions in DynamoDB").
// Thread: pure functions. Errors: refusals in DynamoDB's words, beginning with "Invalid ...Expression: ";
// each is a ValidationException.
#pragma once
#include "actors/core/expression/placeholders.h"
#include "messages/expression.pb.h"
#include <string_view>

namespace troupe::expression {

enum class condition_role {
  condition,     // ConditionExpression
  filter,        // FilterExpression
  key_condition, // KeyConditionExpression: what it may say beyond the grammar is key_condition.h's
};

// `text` as the client sent it, in UTF-8. Placeholders that it uses are marked in `use`, also when it is
// refused.
result<msg::ConditionExpression> parse_condition(condition_role role, std::string_view text,
                                                 placeholders& use);
result<msg::UpdateExpression> parse_update(std::string_view text, placeholders& use);
result<msg::ProjectionExpression> parse_projection(std::string_view text, placeholders& use);

} // namespace troupe::expression
