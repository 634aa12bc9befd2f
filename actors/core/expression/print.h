// Expressions as text again: for logs, and for the tests that read what they printed. Every name and every
// value becomes a placeholder, so that any expression can be read by parse.h.
//
// Thread: pure functions. Expressions are sound: they come from parse.h or legacy.h.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include <string>
#include <utility>
#include <vector>

namespace troupe::expression {

struct printed {
  std::string text;
  std::vector<std::pair<std::string, std::string>> names; // "#n0" and what it stands for
  std::vector<std::pair<std::string, msg::Value>> values; // ":v0"; only those that the text uses
};

printed print(const msg::ConditionExpression& condition);
printed print(const msg::UpdateExpression& update);
printed print(const msg::ProjectionExpression& projection);

} // namespace troupe::expression
