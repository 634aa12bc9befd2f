// What a KeyConditionExpression, or KeyConditions, says about keys: one test on the partition key, perhaps
// one on the sort key. In two steps, as DynamoDB validates: what can be said without the table, then with its
// schema.
//
// Thread: pure functions. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/item/result.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <string>
#include <vector>

namespace troupe::expression {

using item::refusal;
using item::result;
using item::verdict;

struct key_test {
  std::string attribute;
  msg::ConditionExpression::Operator op;
  std::vector<msg::Value> values; // canonical; two for BETWEEN, one otherwise; legacy tests may have others
};

// From what parse_condition() made of a KeyConditionExpression; asked after placeholders::check_all_used().
// One or two tests, on different attributes, with the attribute on the left.
result<std::vector<key_test>> read_key_condition(const msg::ConditionExpression& parsed);

// Writes partition_key and the sort key's from, to and prefix of `query`, under the schema of the table or of
// the index. Lengths and emptiness of bounds are item::query_range()'s to check.
verdict write_query(const std::vector<key_test>& tests, const msg::KeySchema& schema, msg::Query& query);

} // namespace troupe::expression
