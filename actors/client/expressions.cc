#include "actors/client/expressions.h"
#include "actors/core/expression/parse.h"
#include "actors/core/expression/placeholders.h"

namespace troupe::client {

namespace {

using expression::condition_role;

// Takes what was made, or says why nothing was.
template <class Made, class Target>
bool take(item::result<Made> made, Target& into, std::string& trouble) {
  if (made)
    into = std::move(*made);
  else
    trouble = made.why().message;
  return trouble.empty();
}

bool parse_all(const expressions& texts, expression::placeholders& use, parsed_expressions& out) {
  auto& trouble = out.trouble;
  return (texts.update.empty() || take(expression::parse_update(texts.update, use), out.update, trouble)) &&
         (texts.condition.empty() ||
          take(expression::parse_condition(condition_role::condition, texts.condition, use), out.condition,
               trouble)) &&
         (texts.filter.empty() ||
          take(expression::parse_condition(condition_role::filter, texts.filter, use), out.filter, trouble));
}

} // namespace

parsed_expressions parse(const expressions& texts) {
  parsed_expressions out;
  expression::placeholders::names names;
  expression::placeholders::values values;
  if (!texts.names.empty())
    names = texts.names;
  if (!texts.values.empty())
    values = texts.values;
  auto use = expression::placeholders::make(std::move(names), std::move(values));
  if (!use) {
    out.trouble = use.why().message;
    return out;
  }
  if (parse_all(texts, *use, out))
    if (auto unused = use->check_all_used())
      out.trouble = unused->message;
  return out;
}

bool says_something(const msg::ConditionExpression& condition) {
  return condition.ByteSizeLong() > 0;
}

} // namespace troupe::client
