// The half of check.h that is about updates, projections and the paths of both.
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/check.h"
#include "actors/core/expression/functions.h"
#include "actors/core/expression/path.h"
#include <algorithm>

namespace troupe::expression {
namespace {

using kind = syntax::node::kind;
using element_kind = syntax::path_element::kind;

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

} // namespace

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
  std::size_t found = 0;
  std::vector<const node*> paths;
  for (const auto& section : sections)
    for (const auto& action : section.actions) {
      paths.push_back(action.path.get());
      if (auto bad = words(*action.path, place::update))
        return bad;
      if (!action.value)
        continue;
      found += operators(*action.value);
      if (auto bad = words(*action.value, place::update))
        return bad;
    }
  for (auto at = sections.begin(); at != sections.end(); ++at)
    if (std::any_of(sections.begin(), at, [&](const auto& before) { return before.verb == at->verb; }))
      return invalid("The \"" + msg::UpdateExpression::Verb_Name(at->verb) +
                     "\" section can only be used once in an update expression;");
  if (auto bad = count(found))
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
      if (type != "SS" && type != "NS" && type != "BS" && !(add && type == "N"))
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
      while (at < shorter && same_element(before.elements(at), next.elements(at)))
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
