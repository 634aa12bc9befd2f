// What DynamoDB refuses in an expression that can be parsed, in DynamoDB's order: first its words (functions,
// reserved names), then its size, then placeholders and operands. Inside core/expression only.
#pragma once
#include "actors/core/expression/placeholders.h"
#include "actors/core/expression/syntax.h"
#include "messages/expression.pb.h"
#include <string>
#include <string_view>
#include <vector>

namespace troupe::expression {

class checker {
public:
  // `parameter` is the name of the expression's parameter, as in "UpdateExpression".
  checker(std::string_view parameter, placeholders& use) : parameter_(parameter), use_(use) {}

  verdict condition(const syntax::node& root);
  verdict update(const std::vector<syntax::section>& sections);
  verdict projection(const std::vector<syntax::node_ptr>& paths);

  // "Invalid UpdateExpression: " and the problem.
  refusal invalid(const std::string& problem) const;

private:
  using node = syntax::node;
  enum class place { condition, operand, update };

  verdict words(const node& what, place where);
  verdict words_of_path(const node& path);
  verdict words_of_call(const node& call, place where);
  static std::size_t operators(const node& what);
  verdict count(std::size_t found);

  verdict meaning(const node& what); // placeholders, operands
  verdict meaning_of_path(const node& path);
  verdict meaning_of_value(const node& value);
  verdict meaning_of_between(const node& between);
  verdict meaning_of_call(const node& call);
  verdict meaning_of_attribute_type(const node& call);

  // In a whole update names come first, then values, then functions.
  enum class part { names, values, functions };
  verdict each(const node& what, part which);
  verdict update_function(const node& call);

  verdict operand_types(std::string_view op, const node& of, std::initializer_list<std::string_view> allowed);
  verdict distinct(std::string_view op, const node& of);
  refusal operand_type(std::string_view op, std::string_view type);
  verdict overlap(const std::vector<const node*>& paths);

  std::string_view type_of(const node& operand); // "" when it depends on the item

  std::string parameter_;
  placeholders& use_;
};

// The path with its placeholders resolved, all of which are known to be defined.
msg::DocumentPath resolve(const syntax::node& path, placeholders& use);

} // namespace troupe::expression
