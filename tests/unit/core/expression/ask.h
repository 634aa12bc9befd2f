// Short ways to write expressions in tests.
#pragma once
#include "actors/core/expression/condition.h"
#include "actors/core/expression/parse.h"
#include "actors/core/item/value.h"
#include "make.h"
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::expression::test {

using item::test::value;

using names = std::vector<std::pair<std::string, std::string>>;
using values = std::vector<std::pair<std::string, std::string>>; // values in DynamoDB's JSON

// The same from short pieces; throws when the placeholders themselves are wrong: then the test is.
inline placeholders with(const names& n = {}, const values& v = {}) {
  placeholders::names given_names;
  placeholders::values given_values;
  if (!n.empty())
    given_names = n;
  if (!v.empty()) {
    given_values.emplace();
    for (const auto& [placeholder, json] : v)
      given_values->emplace_back(placeholder, value(json));
  }
  auto out = placeholders::make(std::move(given_names), std::move(given_values));
  if (!out)
    throw std::invalid_argument(out.why().message);
  return *out;
}

inline msg::AttributeMap item(std::string_view json) {
  msg::AttributeMap out = item::test::item(json);
  if (auto bad = item::canonicalise(out))
    throw std::invalid_argument(bad->message);
  return out;
}

template <class T>
std::string problem(const result<T>& parsed) {
  return parsed ? "" : parsed.why().message;
}

// The refusal of a ConditionExpression, "" when there is none.
inline std::string refused(std::string_view text, placeholders use = {}) {
  const std::string whole = problem(parse_condition(condition_role::condition, text, use));
  const std::string_view start = "Invalid ConditionExpression: ";
  EXPECT_TRUE(whole.empty() || whole.starts_with(start)) << whole;
  return whole.empty() ? whole : whole.substr(start.size());
}

inline condition ready(std::string_view text, placeholders use) {
  auto parsed = parse_condition(condition_role::condition, text, use);
  if (!parsed)
    throw std::invalid_argument(parsed.why().message);
  auto out = condition::make(*parsed);
  if (!out)
    throw std::invalid_argument("parsed, and yet not sound: " + parsed->ShortDebugString());
  return *out;
}

inline bool holds(std::string_view text, const msg::AttributeMap& on, placeholders use) {
  return ready(text, std::move(use)).holds(&on);
}
inline bool holds(std::string_view text, std::string_view on, const values& v = {}, const names& n = {}) {
  return holds(text, item(on), with(n, v));
}

} // namespace troupe::expression::test
