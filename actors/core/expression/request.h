// What DynamoDB checks about expressions beyond each one's own text: which parameters go together, and what
// may be said about key attributes.
//
// Thread: pure functions. Errors: refusals in DynamoDB's words.
#pragma once
#include "actors/core/item/result.h"
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <span>
#include <string_view>

namespace troupe::expression {

using item::refusal;
using item::result;
using item::verdict;

struct parameter {
  std::string_view name; // "FilterExpression"
  bool given;
};

// The first check of a request that may have expressions. `expressions` are all that the operation takes and
// `others` those that do not go with them, such as Expected, each in DynamoDB's order: for Query the
// expressions ProjectionExpression, FilterExpression, KeyConditionExpression, the others AttributesToGet,
// QueryFilter, ConditionalOperator, and KeyConditions only when KeyConditionExpression is given.
verdict check_parameters(std::span<const parameter> expressions, std::span<const parameter> others,
                         bool names_given, bool values_given);

// With the table's schema known. Query only: a filter says nothing about the keys of what is queried. `what`
// is "Filter Expression" or "QueryFilter".
verdict check_filter(const msg::ConditionExpression& filter, const msg::KeySchema& schema,
                     std::string_view what);

// Key attributes hold no documents: no path leads into one. `kind` is "Key", or "IndexKey" for an index's
// schema.
verdict check_paths(const msg::ConditionExpression& condition, const msg::KeySchema& schema,
                    std::string_view kind);
verdict check_paths(const msg::ProjectionExpression& projection, const msg::KeySchema& schema,
                    std::string_view kind);
verdict check_paths(const msg::UpdateExpression& update, const msg::KeySchema& schema, std::string_view kind);

// An update leaves the key attributes of its table alone.
verdict check_update(const msg::UpdateExpression& update, const msg::KeySchema& schema);

} // namespace troupe::expression
