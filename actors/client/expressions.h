// DynamoDB's expressions, as text, made into what requests carry.
//
//   auto wish = client::parse({.update = "ADD visits :one", .condition = "attribute_exists(id)",
//                              .values = {{":one", client::n(1)}}});
//   if (!wish.ok()) ... wish.trouble
//   db->call(client::update_item{.table = "pages", .key = ..., .update = wish.update, .condition =
//   wish.condition});
//
// All expressions of one request are read together, because a placeholder that none of them uses is a
// mistake.
//
// Thread: pure functions. Errors: in DynamoDB's words.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <string>
#include <utility>
#include <vector>

namespace troupe::client {

// An expression that is empty is not there.
struct expressions {
  std::string update;
  std::string condition;
  std::string filter;
  std::vector<std::pair<std::string, std::string>> names; // "#n" -> attribute
  std::vector<std::pair<std::string, msg::Value>> values; // ":v" -> value
};

struct parsed_expressions {
  std::string trouble; // empty when all could be read
  msg::UpdateExpression update;
  msg::ConditionExpression condition; // without content, it always holds; so does the filter
  msg::ConditionExpression filter;

  bool ok() const { return trouble.empty(); }
};

parsed_expressions parse(const expressions& texts);

// Whether there is anything in it.
bool says_something(const msg::ConditionExpression& condition);

} // namespace troupe::client
