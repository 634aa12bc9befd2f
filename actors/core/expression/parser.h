// From tokens to syntax trees. Recursive descent with one token of lookahead; a parenthesis may open a
// condition or an operand, which is known only when it has closed, so the rules for conditions let an operand
// through as far as that and no further. Inside core/expression only.
//
// Refuses what DynamoDB's grammar refuses, naming the token at which reading stopped and the text from the
// token before it to the one after, and parentheses around parentheses.
#pragma once
#include "actors/core/expression/lexer.h"
#include "actors/core/expression/syntax.h"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::expression {

class parser {
public:
  // `text` must outlive the parser and what it makes.
  explicit parser(std::string_view text) : text_(text), tokens_(lex(text)) {}

  // One of these, once. When nothing is returned, problem() says why.
  syntax::node_ptr condition();
  std::optional<std::vector<syntax::section>> update();
  std::optional<std::vector<syntax::node_ptr>> projection();

  // Without "Invalid ...Expression: ".
  const std::string& problem() const { return problem_; }

private:
  using node = syntax::node;
  using node_ptr = syntax::node_ptr;

  const token& here() const { return tokens_[at_]; }
  bool at_symbol(std::string_view text) const;
  bool at_keyword(std::string_view word) const;
  bool at_call() const;
  bool take_symbol(std::string_view text); // moves on when it is there
  bool take_keyword(std::string_view word);
  bool expect(std::string_view symbol); // refuses when it is not there

  // Each refuses unless something was refused before, and returns nothing.
  node_ptr refuse(std::string problem);
  node_ptr refuse_here();
  node_ptr refuse_depth();

  node_ptr disjunction();
  node_ptr conjunction();
  node_ptr negation();
  node_ptr primary();
  node_ptr tail(node_ptr first); // of a comparison whose first operand has been read
  node_ptr join(node::kind kind, std::string_view keyword, node_ptr (parser::*part)());

  node_ptr operand();
  node_ptr call();
  node_ptr path();
  bool element(node& path);
  node_ptr close(node_ptr inner); // the ) after it

  node_ptr set_value();
  std::optional<syntax::section> update_section();
  std::optional<syntax::action> update_action(msg::UpdateExpression::Verb verb);

  // Counts levels while one of the rules above calls itself.
  class level {
  public:
    explicit level(parser& whole) : depth_(whole.depth_) { ++depth_; }
    ~level() { --depth_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;

  private:
    int& depth_;
  };
  bool too_deep() const;

  std::string_view text_;
  std::vector<token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string problem_;
};

} // namespace troupe::expression
