#include "actors/core/expression/parser.h"
#include "actors/core/expression/bounds.h"
#include <algorithm>

namespace troupe::expression {
namespace {

using kind = syntax::node::kind;
using verb = msg::UpdateExpression::Verb;

bool is_comparator(const token& what) {
  return what.what == token::kind::symbol && (what.text == "=" || what.text[0] == '<' || what.text[0] == '>');
}

} // namespace

bool parser::at_symbol(std::string_view text) const {
  return here().what == token::kind::symbol && here().text == text;
}
bool parser::at_keyword(std::string_view word) const {
  return here().what == token::kind::keyword && same_word(here().text, word);
}
bool parser::at_call() const {
  const token& following = tokens_[std::min(at_ + 1, tokens_.size() - 1)];
  return here().what == token::kind::word && following.what == token::kind::symbol && following.text == "(";
}
bool parser::take_symbol(std::string_view text) {
  const bool there = at_symbol(text);
  at_ += there;
  return there;
}
bool parser::take_keyword(std::string_view word) {
  const bool there = at_keyword(word);
  at_ += there;
  return there;
}
bool parser::expect(std::string_view symbol) {
  if (take_symbol(symbol))
    return true;
  refuse_here();
  return false;
}
bool parser::too_deep() const {
  return depth_ > bounds::nesting;
}

syntax::node_ptr parser::refuse(std::string problem) {
  if (problem_.empty())
    problem_ = std::move(problem);
  return {};
}

syntax::node_ptr parser::refuse_here() {
  const std::size_t from = at_ > 0 ? tokens_[at_ - 1].from : here().from;
  const std::size_t to = tokens_[std::min(at_ + 1, tokens_.size() - 1)].to;
  return refuse("Syntax error; token: \"" + std::string(here().text) + "\", near: \"" +
                std::string(text_.substr(from, to - from)) + "\"");
}

// At a token that opens one level more than anything valid has.
syntax::node_ptr parser::refuse_depth() {
  const bool doubled = at_ > 0 && at_symbol("(") && tokens_[at_ - 1].text == "(";
  return refuse(doubled ? "The expression has redundant parentheses;"
                        : "The expression contains too many operators; operator count: " +
                              std::to_string(bounds::operators + 1));
}

// Conditions.

syntax::node_ptr parser::condition() {
  node_ptr out = disjunction();
  if (!out)
    return {};
  if (out->is_operand() || here().what != token::kind::end)
    return refuse_here();
  return out;
}

syntax::node_ptr parser::disjunction() {
  return join(kind::disjunction, "OR", &parser::conjunction);
}
syntax::node_ptr parser::conjunction() {
  return join(kind::conjunction, "AND", &parser::negation);
}

syntax::node_ptr parser::join(kind what, std::string_view keyword, node_ptr (parser::*part)()) {
  node_ptr first = (this->*part)();
  if (!first || !at_keyword(keyword))
    return first;
  auto out = std::make_unique<node>(what);
  for (;;) {
    if (!first)
      return {};
    if (first->is_operand())
      return refuse_here();
    out->children.push_back(std::move(first));
    if (!take_keyword(keyword))
      return out;
    first = (this->*part)();
  }
}

syntax::node_ptr parser::negation() {
  if (!at_keyword("NOT"))
    return primary();
  const level nested(*this);
  if (too_deep())
    return refuse_depth();
  ++at_;
  node_ptr inner = negation();
  if (!inner)
    return {};
  if (inner->is_operand())
    return refuse_here();
  auto out = std::make_unique<node>(kind::negation);
  out->children.push_back(std::move(inner));
  return out;
}

syntax::node_ptr parser::primary() {
  if (!at_symbol("(")) {
    node_ptr first = operand();
    return first ? tail(std::move(first)) : node_ptr();
  }
  const level nested(*this);
  if (too_deep())
    return refuse_depth();
  ++at_;
  node_ptr inner = close(disjunction());
  if (!inner)
    return {};
  return inner->is_operand() || inner->what == kind::call ? tail(std::move(inner)) : std::move(inner);
}

syntax::node_ptr parser::tail(node_ptr first) {
  node_ptr out;
  if (is_comparator(here())) {
    out = std::make_unique<node>(kind::comparison, here().text);
    ++at_;
    out->children.push_back(std::move(first));
    out->children.push_back(operand());
  } else if (take_keyword("BETWEEN")) {
    out = std::make_unique<node>(kind::between);
    out->children.push_back(std::move(first));
    out->children.push_back(operand());
    if (!out->children.back())
      return {};
    if (!take_keyword("AND"))
      return refuse_here();
    out->children.push_back(operand());
  } else if (take_keyword("IN")) {
    out = std::make_unique<node>(kind::in);
    out->children.push_back(std::move(first));
    if (!expect("("))
      return {};
    do {
      out->children.push_back(operand());
    } while (out->children.back() && take_symbol(","));
    if (out->children.back() && !expect(")"))
      return {};
  } else {
    return first; // an operand in parentheses, or a function that is a condition
  }
  return out->children.back() ? std::move(out) : node_ptr();
}

// Operands.

syntax::node_ptr parser::close(node_ptr inner) {
  if (!inner || !expect(")"))
    return {};
  if (inner->parenthesised)
    return refuse("The expression has redundant parentheses;");
  inner->parenthesised = true;
  return inner;
}

syntax::node_ptr parser::operand() {
  if (at_symbol("(")) {
    const level nested(*this);
    if (too_deep())
      return refuse_depth();
    ++at_;
    return close(operand());
  }
  if (here().what == token::kind::value)
    return std::make_unique<node>(kind::value, tokens_[at_++].text);
  return at_call() ? call() : path();
}

syntax::node_ptr parser::call() {
  const level nested(*this);
  if (too_deep())
    return refuse_depth();
  auto out = std::make_unique<node>(kind::call, here().text);
  at_ += 2;
  do {
    out->children.push_back(operand());
    if (!out->children.back())
      return {};
  } while (take_symbol(","));
  return expect(")") ? std::move(out) : node_ptr();
}

syntax::node_ptr parser::path() {
  auto out = std::make_unique<node>(kind::path);
  if (!element(*out))
    return {};
  for (;;) {
    if (take_symbol(".")) {
      if (!element(*out))
        return {};
    } else if (take_symbol("[")) {
      if (here().what != token::kind::integer)
        return refuse_here();
      out->elements.push_back({syntax::path_element::kind::index, here().text});
      ++at_;
      if (!expect("]"))
        return {};
    } else {
      return out;
    }
  }
}

bool parser::element(node& path) {
  using element_kind = syntax::path_element::kind;
  if (here().what != token::kind::word && here().what != token::kind::name) {
    refuse_here();
    return false;
  }
  path.elements.push_back(
      {here().what == token::kind::word ? element_kind::name : element_kind::placeholder, here().text});
  ++at_;
  return true;
}

// Updates.

std::optional<std::vector<syntax::section>> parser::update() {
  std::vector<syntax::section> out;
  do {
    auto next = update_section();
    if (!next)
      return {};
    out.push_back(std::move(*next));
  } while (here().what != token::kind::end);
  return out;
}

std::optional<syntax::section> parser::update_section() {
  syntax::section out;
  if (take_keyword("SET"))
    out.verb = msg::UpdateExpression::SET;
  else if (take_keyword("REMOVE"))
    out.verb = msg::UpdateExpression::REMOVE;
  else if (take_keyword("ADD"))
    out.verb = msg::UpdateExpression::ADD;
  else if (take_keyword("DELETE"))
    out.verb = msg::UpdateExpression::DELETE;
  else {
    refuse_here();
    return {};
  }
  do {
    auto next = update_action(out.verb);
    if (!next)
      return {};
    out.actions.push_back(std::move(*next));
  } while (take_symbol(","));
  return out;
}

std::optional<syntax::action> parser::update_action(verb what) {
  syntax::action out;
  out.path = path();
  if (!out.path)
    return {};
  switch (what) {
  case msg::UpdateExpression::SET:
    if (!expect("="))
      return {};
    out.value = set_value();
    break;
  case msg::UpdateExpression::REMOVE:
    return out;
  default: // ADD and DELETE
    if (here().what == token::kind::value)
      out.value = std::make_unique<node>(kind::value, tokens_[at_++].text);
    else
      refuse_here();
  }
  if (!out.value)
    return {};
  return out;
}

// An operand, a sum of two, or one of these in parentheses.
syntax::node_ptr parser::set_value() {
  node_ptr left;
  if (at_symbol("(")) {
    const level nested(*this);
    if (too_deep())
      return refuse_depth();
    ++at_;
    left = close(set_value());
    if (!left || left->what == kind::arithmetic)
      return left;
  } else {
    left = operand();
  }
  if (!left || (!at_symbol("+") && !at_symbol("-")))
    return left;
  auto out = std::make_unique<node>(kind::arithmetic, tokens_[at_++].text);
  out->children.push_back(std::move(left));
  out->children.push_back(operand());
  return out->children.back() ? std::move(out) : node_ptr();
}

// Projections.

std::optional<std::vector<syntax::node_ptr>> parser::projection() {
  std::vector<syntax::node_ptr> out;
  do {
    out.push_back(path());
    if (!out.back())
      return {};
  } while (take_symbol(","));
  if (here().what != token::kind::end) {
    refuse_here();
    return {};
  }
  return out;
}

} // namespace troupe::expression
