#include "actors/core/expression/print.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::expression {
namespace {

using ops = msg::ConditionExpression;
using verb = msg::UpdateExpression;
using texts = std::vector<std::string>;
using serialized = google::protobuf::RepeatedPtrField<std::string>;

std::string join(const texts& parts, const std::string& between) {
  std::string out;
  for (const std::string& part : parts)
    out += (out.empty() ? "" : between) + part;
  return out;
}

std::string symbol(ops::Operator op) {
  switch (op) {
  case ops::EQUAL:
    return "=";
  case ops::NOT_EQUAL:
    return "<>";
  case ops::LESS:
    return "<";
  case ops::LESS_EQUAL:
    return "<=";
  case ops::GREATER:
    return ">";
  default:
    return ">=";
  }
}

std::string function_name(ops::Operator op) {
  std::string out = ops::Operator_Name(op);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

class printer {
public:
  explicit printer(const serialized& values) : values_(values) {}

  std::string path(const msg::DocumentPath& path) {
    std::string out;
    for (const auto& element : path.elements())
      out += element.has_index() ? "[" + std::to_string(element.index()) + "]"
                                 : (out.empty() ? "" : ".") + name(element.name());
    return out;
  }

  std::string value(std::uint32_t place) {
    std::string placeholder = ":v" + std::to_string(place);
    const auto known = std::find_if(out_.values.begin(), out_.values.end(),
                                    [&](const auto& entry) { return entry.first == placeholder; });
    if (known == out_.values.end()) {
      out_.values.emplace_back(placeholder, msg::Value());
      item::parse_value_into(out_.values.back().second, values_[static_cast<int>(place)]);
    }
    return placeholder;
  }

  std::string operand(const msg::Operand& operand) {
    const std::string inner = operand.has_path() ? path(operand.path()) : value(operand.value());
    return operand.size() ? "size(" + inner + ")" : inner;
  }

  printed finish(std::string text) {
    out_.text = std::move(text);
    return std::move(out_);
  }

private:
  std::string name(const std::string& name) {
    const auto known = std::find_if(out_.names.begin(), out_.names.end(),
                                    [&](const auto& entry) { return entry.second == name; });
    if (known != out_.names.end())
      return known->first;
    out_.names.emplace_back("#n" + std::to_string(out_.names.size()), name);
    return out_.names.back().first;
  }

  const serialized& values_;
  printed out_;
};

std::string test_text(const ops::Node& what, printer& to) {
  texts operands;
  for (const auto& operand : what.operands())
    operands.push_back(to.operand(operand));
  switch (what.op()) {
  case ops::BETWEEN:
    return operands[0] + " BETWEEN " + operands[1] + " AND " + operands[2];
  case ops::IN:
    return operands[0] + " IN (" + join({operands.begin() + 1, operands.end()}, ", ") + ")";
  case ops::EQUAL:
  case ops::NOT_EQUAL:
  case ops::LESS:
  case ops::LESS_EQUAL:
  case ops::GREATER:
  case ops::GREATER_EQUAL:
    return operands[0] + " " + symbol(what.op()) + " " + operands[1];
  default:
    return function_name(what.op()) + "(" + join(operands, ", ") + ")";
  }
}

std::string set_text(const verb::Action& action, printer& to) {
  using step = verb::Step;
  texts stack;
  for (const step& what : action.steps()) {
    if (what.op() == step::PUSH) {
      stack.push_back(to.operand(what.operand()));
      continue;
    }
    if (what.op() == step::IF_NOT_EXISTS) {
      stack.back() = "if_not_exists(" + to.operand(what.operand()) + ", " + stack.back() + ")";
      continue;
    }
    const std::string second = stack.back();
    stack.pop_back();
    std::string& first = stack.back();
    if (what.op() == step::LIST_APPEND)
      first = "list_append(" + first + ", " + second + ")";
    else
      first += (what.op() == step::PLUS ? " + " : " - ") + second;
  }
  return to.path(action.path()) + " = " + stack.back();
}

} // namespace

printed print(const msg::ConditionExpression& condition) {
  printer to(condition.values());
  std::vector<std::pair<std::string, bool>> stack; // and whether it needs parentheses inside others
  for (const ops::Node& what : condition.nodes()) {
    const auto inside = [](const auto& part) { return part.second ? "(" + part.first + ")" : part.first; };
    if (what.op() == ops::NOT) {
      stack.back() = {"NOT " + inside(stack.back()), false};
    } else if (what.op() == ops::AND || what.op() == ops::OR) {
      texts parts;
      for (auto part = stack.end() - static_cast<std::ptrdiff_t>(what.joined()); part != stack.end(); ++part)
        parts.push_back(inside(*part));
      stack.resize(stack.size() - what.joined());
      stack.emplace_back(join(parts, what.op() == ops::AND ? " AND " : " OR "), true);
    } else {
      stack.emplace_back(test_text(what, to), false);
    }
  }
  return to.finish(stack.empty() ? "" : stack.back().first);
}

printed print(const msg::UpdateExpression& update) {
  printer to(update.values());
  std::string text;
  const verb::Action* before = nullptr;
  for (const verb::Action& action : update.actions()) {
    if (before != nullptr && before->verb() == action.verb())
      text += ", ";
    else
      text += (before == nullptr ? "" : " ") + verb::Verb_Name(action.verb()) + " ";
    text += action.verb() == verb::SET ? set_text(action, to) : to.path(action.path());
    if (action.verb() == verb::ADD || action.verb() == verb::DELETE)
      text += " " + to.value(action.value());
    before = &action;
  }
  return to.finish(std::move(text));
}

printed print(const msg::ProjectionExpression& projection) {
  static const serialized none;
  printer to(none);
  texts paths;
  for (const auto& path : projection.paths())
    paths.push_back(to.path(path));
  return to.finish(join(paths, ", "));
}

} // namespace troupe::expression
