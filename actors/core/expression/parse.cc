#include "actors/core/expression/parse.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/check.h"
#include "actors/core/expression/functions.h"
#include "actors/core/expression/parser.h"
#include <algorithm>
#include <vector>

namespace troupe::expression {
namespace {

using kind = syntax::node::kind;
using condition_node = msg::ConditionExpression::Node;
using step = msg::UpdateExpression::Step;

verdict check_text(const checker& check, std::string_view text) {
  if (text.empty())
    return check.invalid("The expression can not be empty;");
  if (text.size() > bounds::text_bytes)
    return check.invalid("Expression size has exceeded the maximum allowed size; expression size: " +
                         std::to_string(text.size()));
  return {};
}

// Writes one expression, of which all is known to be valid.
template <class Expression>
class writer {
public:
  writer(Expression& out, placeholders& use) : out_(out), use_(use) {}

  Expression& out() { return out_; }
  msg::DocumentPath path(const syntax::node& from) { return resolve(from, use_); }

  std::uint32_t value(std::string_view placeholder) {
    const auto known = std::find(written_.begin(), written_.end(), placeholder);
    if (known != written_.end())
      return static_cast<std::uint32_t>(known - written_.begin());
    written_.push_back(placeholder);
    out_.add_values(use_.value(placeholder)->SerializeAsString());
    return static_cast<std::uint32_t>(written_.size() - 1);
  }

  void operand(const syntax::node& from, msg::Operand& to) {
    if (from.what == kind::call) { // size(), and nothing but a path or a value inside
      operand(*from.children.front(), to);
      to.set_size(true);
    } else if (from.what == kind::path) {
      *to.mutable_path() = path(from);
    } else {
      to.set_value(value(from.text));
    }
  }

private:
  Expression& out_;
  placeholders& use_;
  std::vector<std::string_view> written_; // placeholders of out_.values()
};
using condition_writer = writer<msg::ConditionExpression>;
using update_writer = writer<msg::UpdateExpression>;

msg::ConditionExpression::Operator comparison(std::string_view text) {
  if (text == "=")
    return msg::ConditionExpression::EQUAL;
  if (text == "<>")
    return msg::ConditionExpression::NOT_EQUAL;
  if (text[0] == '<')
    return text == "<" ? msg::ConditionExpression::LESS : msg::ConditionExpression::LESS_EQUAL;
  return text == ">" ? msg::ConditionExpression::GREATER : msg::ConditionExpression::GREATER_EQUAL;
}

void write_condition(const syntax::node& from, condition_writer& to);

// A AND (B AND C) is one node that joins three. Returns how many were written.
std::uint32_t write_joined(const syntax::node& from, condition_writer& to) {
  std::uint32_t joined = 0;
  for (const auto& child : from.children) {
    if (child->what == from.what) {
      joined += write_joined(*child, to);
    } else {
      write_condition(*child, to);
      ++joined;
    }
  }
  return joined;
}

void write_condition(const syntax::node& from, condition_writer& to) {
  if (from.what == kind::conjunction || from.what == kind::disjunction) {
    const std::uint32_t joined = write_joined(from, to);
    condition_node* whole = to.out().add_nodes();
    whole->set_op(from.what == kind::conjunction ? msg::ConditionExpression::AND
                                                 : msg::ConditionExpression::OR);
    whole->set_joined(joined);
    return;
  }
  if (from.what == kind::negation) {
    write_condition(*from.children.front(), to);
    to.out().add_nodes()->set_op(msg::ConditionExpression::NOT);
    return;
  }
  condition_node* test = to.out().add_nodes();
  test->set_op(from.what == kind::comparison ? comparison(from.text)
               : from.what == kind::between  ? msg::ConditionExpression::BETWEEN
               : from.what == kind::in       ? msg::ConditionExpression::IN
                                             : find_function(from.text)->op);
  for (const auto& operand : from.children)
    to.operand(*operand, *test->add_operands());
}

void write_steps(const syntax::node& from, update_writer& to, msg::UpdateExpression::Action& out) {
  if (from.is_operand()) {
    to.operand(from, *out.add_steps()->mutable_operand());
    return;
  }
  if (from.text == "if_not_exists") {
    write_steps(*from.children.back(), to, out);
    step* last = out.add_steps();
    last->set_op(step::IF_NOT_EXISTS);
    to.operand(*from.children.front(), *last->mutable_operand());
    return;
  }
  for (const auto& operand : from.children)
    write_steps(*operand, to, out);
  out.add_steps()->set_op(from.text == "+" ? step::PLUS : from.text == "-" ? step::MINUS : step::LIST_APPEND);
}

std::string_view parameter(condition_role role) {
  switch (role) {
  case condition_role::condition:
    return "ConditionExpression";
  case condition_role::filter:
    return "FilterExpression";
  case condition_role::key_condition:
    return "KeyConditionExpression";
  }
  return "";
}

} // namespace

result<msg::ConditionExpression> parse_condition(condition_role role, std::string_view text,
                                                 placeholders& use) {
  checker check(parameter(role), use);
  if (auto bad = check_text(check, text))
    return *bad;
  parser parse(text);
  const auto root = parse.condition();
  if (!root)
    return check.invalid(parse.problem());
  if (auto bad = check.condition(*root))
    return *bad;
  msg::ConditionExpression out;
  condition_writer to(out, use);
  write_condition(*root, to);
  return out;
}

result<msg::UpdateExpression> parse_update(std::string_view text, placeholders& use) {
  checker check("UpdateExpression", use);
  if (auto bad = check_text(check, text))
    return *bad;
  parser parse(text);
  const auto sections = parse.update();
  if (!sections)
    return check.invalid(parse.problem());
  if (auto bad = check.update(*sections))
    return *bad;
  msg::UpdateExpression out;
  update_writer to(out, use);
  for (const auto& section : *sections)
    for (const auto& action : section.actions) {
      msg::UpdateExpression::Action* next = out.add_actions();
      next->set_verb(section.verb);
      *next->mutable_path() = to.path(*action.path);
      if (section.verb == msg::UpdateExpression::SET)
        write_steps(*action.value, to, *next);
      else if (action.value)
        next->set_value(to.value(action.value->text));
    }
  return out;
}

result<msg::ProjectionExpression> parse_projection(std::string_view text, placeholders& use) {
  checker check("ProjectionExpression", use);
  if (auto bad = check_text(check, text))
    return *bad;
  parser parse(text);
  const auto paths = parse.projection();
  if (!paths)
    return check.invalid(parse.problem());
  if (auto bad = check.projection(*paths))
    return *bad;
  msg::ProjectionExpression out;
  for (const auto& path : *paths)
    *out.add_paths() = resolve(*path, use);
  return out;
}

} // namespace troupe::expression
