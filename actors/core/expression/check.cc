#include "actors/core/expression/check.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/functions.h"
#include "actors/core/expression/path.h"
#include "actors/core/expression/reserved_words.h"
#include "actors/core/expression/values.h"
#include "actors/core/item/value.h"
#include <algorithm>
#include <charconv>
#include <compare>

namespace troupe::expression {
namespace {

using kind = syntax::node::kind;
using element_kind = syntax::path_element::kind;

bool is_list_index(std::string_view digits) {
  std::uint64_t value = 0;
  return digits.size() <= 10 &&
         std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc() &&
         value <= bounds::list_index;
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> allowed) {
  return std::find(allowed.begin(), allowed.end(), type) != allowed.end();
}

} // namespace

refusal checker::invalid(const std::string& problem) const {
  return {"Invalid " + parameter_ + ": " + problem};
}

// Words.

verdict checker::words(const node& what, place where) {
  if (what.what == kind::path)
    return words_of_path(what);
  if (what.what == kind::call)
    return words_of_call(what, where);
  const bool joins =
      what.what == kind::conjunction || what.what == kind::disjunction || what.what == kind::negation;
  const place inside = where == place::update ? place::update : joins ? place::condition : place::operand;
  for (const auto& child : what.children)
    if (auto bad = words(*child, inside))
      return bad;
  return {};
}

verdict checker::words_of_path(const node& path) {
  for (const auto& element : path.elements) {
    if (element.what == element_kind::name && is_reserved(element.text))
      return invalid("Attribute name is a reserved keyword; reserved keyword: " + std::string(element.text));
    if (element.what == element_kind::index && !is_list_index(element.text))
      return invalid("List index is not within the allowable range; index: [" + std::string(element.text) +
                     "]");
  }
  return {};
}

verdict checker::words_of_call(const node& call, place where) {
  const std::string name(call.text);
  const function* known = find_function(call.text);
  if (known == nullptr)
    return invalid("Invalid function name; function: " + name);
  const bool in_update = where == place::update;
  if (in_update != (known->where == function::use::update))
    return invalid(std::string("The function is not allowed in ") +
                   (in_update ? "an update" : "a condition") + " expression; function: " + name);
  if (!in_update && (where == place::condition) != (known->where == function::use::condition))
    return invalid("The function is not allowed to be used this way in an expression; function: " + name);
  for (const auto& argument : call.children)
    if (auto bad = words(*argument, in_update ? place::update : place::operand))
      return bad;
  return {};
}

std::size_t checker::operators(const node& what) {
  std::size_t out = 0;
  switch (what.what) {
  case kind::path:
  case kind::value:
    return 0;
  case kind::conjunction:
  case kind::disjunction:
    out = what.children.size() - 1;
    break;
  default:
    out = 1;
  }
  for (const auto& child : what.children)
    out += operators(*child);
  return out;
}

verdict checker::count(std::size_t found) {
  if (found <= bounds::operators)
    return {};
  return invalid("The expression contains too many operators; operator count: " +
                 std::to_string(bounds::operators + 1)); // DynamoDB stops counting there
}

// Placeholders and operands.

verdict checker::meaning_of_path(const node& path) {
  for (const auto& element : path.elements)
    if (element.what == element_kind::placeholder && use_.name(element.text) == nullptr)
      return invalid(
          "An expression attribute name used in the document path is not defined; attribute name: " +
          std::string(element.text));
  if (path.elements.size() > bounds::path_elements)
    return invalid("The document path has too many nesting levels; nesting levels: " +
                   std::to_string(path.elements.size()));
  return {};
}

verdict checker::meaning_of_value(const node& value) {
  if (use_.value(value.text) == nullptr)
    return invalid("An expression attribute value used in expression is not defined; attribute value: " +
                   std::string(value.text));
  return {};
}

std::string_view checker::type_of(const node& operand) {
  if (operand.what == kind::value)
    return item::type_name(*use_.value(operand.text));
  return operand.what == kind::call && operand.text == "size" ? "N" : "";
}

refusal checker::operand_type(std::string_view op, std::string_view type) {
  return invalid("Incorrect operand type for operator or function; operator or function: " + std::string(op) +
                 ", operand type: " + std::string(type));
}

verdict checker::operand_types(std::string_view op, const node& of,
                               std::initializer_list<std::string_view> allowed) {
  for (const auto& operand : of.children)
    if (const auto type = type_of(*operand); !type.empty() && !is_one_of(type, allowed))
      return operand_type(op, type);
  return {};
}

verdict checker::distinct(std::string_view op, const node& of) {
  const node& first = *of.children.front();
  if (first.what != kind::path)
    return {};
  const msg::DocumentPath path = resolve(first, use_);
  for (std::size_t i = 1; i < of.children.size(); ++i)
    if (of.children[i]->what == kind::path && same_path(path, resolve(*of.children[i], use_)))
      return invalid("The first operand must be distinct from the remaining operands for this operator or "
                     "function; operator: " +
                     std::string(op) + ", first operand: " + path_text(path));
  return {};
}

verdict checker::meaning(const node& what) {
  for (const auto& child : what.children)
    if (auto bad = meaning(*child))
      return bad;
  switch (what.what) {
  case kind::path:
    return meaning_of_path(what);
  case kind::value:
    return meaning_of_value(what);
  case kind::call:
    return meaning_of_call(what);
  case kind::between:
    return meaning_of_between(what);
  case kind::comparison:
    if (auto bad = distinct(what.text, what))
      return bad;
    return what.text == "=" || what.text == "<>" ? verdict()
                                                 : operand_types(what.text, what, {"S", "N", "B"});
  case kind::in:
    if (what.children.size() - 1 > bounds::in_operands)
      return invalid("The IN operator is provided with too many operands; number of operands: " +
                     std::to_string(what.children.size() - 1));
    return distinct("IN", what);
  default:
    return {};
  }
}

verdict checker::meaning_of_between(const node& between) {
  if (auto bad = distinct("BETWEEN", between))
    return bad;
  if (auto bad = operand_types("BETWEEN", between, {"S", "N", "B"}))
    return bad;
  if (between.children[1]->what != kind::value || between.children[2]->what != kind::value)
    return {};
  const msg::Value& low = *use_.value(between.children[1]->text);
  const msg::Value& high = *use_.value(between.children[2]->text);
  const auto refuse = [&](const std::string& what) {
    return invalid("The BETWEEN operator requires " + what + "; lower bound operand: AttributeValue: " +
                   quoted(low) + ", upper bound operand: AttributeValue: " + quoted(high));
  };
  if (low.kind_case() != high.kind_case())
    return refuse("same data type for lower and upper bounds");
  if (std::is_gt(compare(low, high)))
    return refuse("upper bound to be greater than or equal to lower bound");
  return {};
}

verdict checker::meaning_of_call(const node& call) {
  const function& known = *find_function(call.text);
  const std::string name(call.text);
  if (call.children.size() != known.operands)
    return invalid("Incorrect number of operands for operator or function; operator or function: " + name +
                   ", number of operands: " + std::to_string(call.children.size()));
  if (auto bad = distinct(name, call))
    return bad;
  if (known.needs_path && call.children.front()->what != kind::path)
    return invalid("Operator or function requires a document path; operator or function: " + name);
  if (name == "begins_with")
    return operand_types(name, call, {"S", "B"});
  if (name == "size")
    return operand_types(name, call, {"S", "B", "SS", "NS", "BS", "L", "M"});
  if (name == "attribute_type")
    return meaning_of_attribute_type(call);
  return {};
}

verdict checker::meaning_of_attribute_type(const node& call) {
  const node& second = *call.children.back();
  const auto type = type_of(second);
  if (type != "S") // a path could have any type
    return operand_type(call.text, type.empty() ? "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}" : type);
  const std::string& name = use_.value(second.text)->s();
  if (!is_one_of(name, {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}))
    return invalid("Invalid attribute type name found; type: " + name +
                   ", valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
  return {};
}

verdict checker::condition(const node& root) {
  if (auto bad = words(root, place::condition))
    return bad;
  if (auto bad = count(operators(root)))
    return bad;
  return meaning(root);
}

} // namespace troupe::expression
