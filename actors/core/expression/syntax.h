// The syntax trees of expressions, as written: before placeholders are looked up and anything is checked.
// Inside core/expression only.
#pragma once
#include "messages/expression.pb.h"
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::expression::syntax {

struct path_element {
  enum class kind { name, placeholder, index };
  kind what;
  std::string_view text;
};

struct node;
using node_ptr = std::unique_ptr<node>;

struct node {
  enum class kind {
    path,
    value,       // text: the placeholder
    call,        // text: the function's name
    comparison,  // text: the operator
    between,     // what, lower bound, upper bound
    in,          // what, candidates
    conjunction, // two or more
    disjunction, // two or more
    negation,
    arithmetic, // text: + or -
  };

  explicit node(kind k, std::string_view t = {}) : what(k), text(t) {}

  kind what;
  std::string_view text; // of the expression, which must outlive the tree
  std::vector<path_element> elements;
  std::vector<node_ptr> children;
  bool parenthesised = false;

  // Something that has a value rather than being true or false. A call may be either.
  bool is_operand() const { return what == kind::path || what == kind::value; }
};

struct action {
  node_ptr path;
  node_ptr value; // none for REMOVE
};
struct section {
  msg::UpdateExpression::Verb verb;
  std::vector<action> actions;
};

} // namespace troupe::expression::syntax
