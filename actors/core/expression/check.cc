#include "actors/core/expression/check.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/functions.h"
#include "actors/core/expression/path.h"
#include "actors/core/expression/reserved_words.h"
#include "actors/core/expression/values.h"
#include "actors/core/item/value.h"
#include <algorithm>
#include <charconv>

namespace troupe::expression {
namespace {

using kind = syntax::node::kind;
using element_kind = syntax::path_element::kind;
using verb = msg::UpdateExpression::Verb;

std::size_t count_operators(const syntax::node& what) {
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
    out += count_operators(*child);
  return out;
}

bool is_list_index(std::string_view digits) {
  std::uint64_t value = 0;
  return digits.size() <= 10 &&
         std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc() &&
         value <= bounds::list_index;
}

std::string_view long_name(std::string_view type) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"S", "STRING"}, {"N", "NUMBER"}, {"B", "BINARY"},      {"BOOL", "BOOLEAN"},  {"NULL", "NULL"},
      {"L", "LIST"},   {"M", "MAP"},    {"SS", "STRING_SET"}, {"NS", "NUMBER_SET"}, {"BS", "BINARY_SET"},
  };
  for (const auto& [name, longer] : names)
    if (name == type)
      return longer;
  return type;
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

verdict checker::count(std::size_t operators) {
  if (operators <= bounds::operators)
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
  if (compare(low, high) > 0)
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
  if (auto bad = count(count_operators(root)))
    return bad;
  return meaning(root);
}

// Updates.

verdict checker::each(const node& what, part which) {
  for (const auto& child : what.children)
    if (auto bad = each(*child, which))
      return bad;
  if (what.what == kind::path && which == part::names)
    return meaning_of_path(what);
  if (what.what == kind::value && which == part::values)
    return meaning_of_value(what);
  if ((what.what == kind::call || what.what == kind::arithmetic) && which == part::functions)
    return update_function(what);
  return {};
}

verdict checker::update_function(const node& what) {
  if (what.what == kind::arithmetic)
    return operand_types(what.text, what, {"N"});
  const function& known = *find_function(what.text);
  const std::string name(what.text);
  if (what.children.size() != known.operands)
    return invalid("Incorrect number of operands for operator or function; operator or function: " + name +
                   ", number of operands: " + std::to_string(what.children.size()));
  if (known.needs_path && what.children.front()->what != kind::path)
    return invalid("Operator or function requires a document path; operator or function: " + name);
  return name == "list_append" ? operand_types(name, what, {"L"}) : verdict();
}

verdict checker::update(const std::vector<syntax::section>& sections) {
  std::size_t operators = 0;
  std::vector<const node*> paths;
  for (const auto& section : sections)
    for (const auto& action : section.actions) {
      paths.push_back(action.path.get());
      if (auto bad = words(*action.path, place::update))
        return bad;
      if (!action.value)
        continue;
      operators += count_operators(*action.value);
      if (auto bad = words(*action.value, place::update))
        return bad;
    }
  for (auto at = sections.begin(); at != sections.end(); ++at)
    if (std::any_of(sections.begin(), at, [&](const auto& before) { return before.verb == at->verb; }))
      return invalid("The \"" + msg::UpdateExpression::Verb_Name(at->verb) +
                     "\" section can only be used once in an update expression;");
  if (auto bad = count(operators))
    return bad;

  const auto all = [&](part which) -> verdict {
    for (const auto& section : sections)
      for (const auto& action : section.actions) {
        if (auto bad = each(*action.path, which))
          return bad;
        if (action.value)
          if (auto bad = each(*action.value, which))
            return bad;
      }
    return {};
  };
  if (auto bad = all(part::names))
    return bad;
  if (auto bad = all(part::values))
    return bad;
  if (auto bad = overlap(paths))
    return bad;
  for (const auto& section : sections)
    for (const auto& action : section.actions) {
      const bool add = section.verb == msg::UpdateExpression::ADD;
      if (!add && section.verb != msg::UpdateExpression::DELETE)
        continue;
      const auto type = type_of(*action.value);
      if (!is_one_of(type, {"SS", "NS", "BS"}) && !(add && type == "N"))
        return invalid("Incorrect operand type for operator or function; operator: " +
                       msg::UpdateExpression::Verb_Name(section.verb) +
                       ", operand type: " + std::string(long_name(type)) + ", typeSet: ALLOWED_FOR_" +
                       msg::UpdateExpression::Verb_Name(section.verb) + "_OPERAND");
    }
  return all(part::functions);
}

// Projections.

verdict checker::projection(const std::vector<syntax::node_ptr>& paths) {
  std::vector<const node*> all;
  for (const auto& path : paths) {
    all.push_back(path.get());
    if (auto bad = words_of_path(*path))
      return bad;
  }
  for (const node* path : all)
    if (auto bad = meaning_of_path(*path))
      return bad;
  return overlap(all);
}

// Refuses paths of which one lies within the other, and those that take the same place for a map and for a
// list; the former first.
verdict checker::overlap(const std::vector<const node*>& paths) {
  std::vector<msg::DocumentPath> all;
  verdict conflict;
  for (const node* path : paths) {
    const msg::DocumentPath next = resolve(*path, use_);
    for (const msg::DocumentPath& before : all) {
      const auto refuse = [&](const char* how) {
        return invalid(std::string("Two document paths ") + how +
                       " with each other; must remove or rewrite one of these paths; path one: " +
                       path_text(before) + ", path two: " + path_text(next));
      };
      const int shorter = std::min(before.elements_size(), next.elements_size());
      int at = 0;
      while (at < shorter && before.elements(at).has_index() == next.elements(at).has_index() &&
             before.elements(at).name() == next.elements(at).name() &&
             before.elements(at).index() == next.elements(at).index())
        ++at;
      if (at == shorter)
        return refuse("overlap");
      if (!conflict && before.elements(at).has_index() != next.elements(at).has_index())
        conflict = refuse("conflict");
    }
    all.push_back(next);
  }
  return conflict;
}

msg::DocumentPath resolve(const syntax::node& path, placeholders& use) {
  msg::DocumentPath out;
  for (const auto& element : path.elements) {
    auto* next = out.add_elements();
    if (element.what == element_kind::index)
      next->set_index(static_cast<std::uint32_t>(std::stoul(std::string(element.text))));
    else if (element.what == element_kind::placeholder)
      next->set_name(*use.name(element.text));
    else
      next->set_name(std::string(element.text));
  }
  return out;
}

} // namespace troupe::expression
