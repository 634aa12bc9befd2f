#include "actors/core/expression/request.h"
#include <algorithm>
#include <string>
#include <vector>

namespace troupe::expression {
namespace {

// "a, b" of those that are given.
std::string given(std::span<const parameter> parameters, std::string_view between = ", ") {
  std::string out;
  for (const parameter& one : parameters)
    if (one.given)
      out += (out.empty() ? "" : std::string(between)) + std::string(one.name);
  return out;
}

std::vector<std::string> key_names(const msg::KeySchema& schema) {
  std::vector<std::string> out = {schema.partition().name()};
  if (schema.has_sort())
    out.push_back(schema.sort().name());
  return out;
}

// Calls visit(path) until it refuses.
template <class Visit>
verdict each_path(const msg::ConditionExpression& condition, Visit visit) {
  for (const auto& node : condition.nodes())
    for (const auto& operand : node.operands())
      if (operand.has_path())
        if (verdict bad = visit(operand.path()))
          return bad;
  return {};
}

template <class Visit>
verdict each_path(const msg::UpdateExpression& update, Visit visit) {
  for (const auto& action : update.actions()) {
    if (verdict bad = visit(action.path()))
      return bad;
    for (const auto& step : action.steps())
      if (step.operand().has_path())
        if (verdict bad = visit(step.operand().path()))
          return bad;
  }
  return {};
}

template <class Visit>
verdict each_path(const msg::ProjectionExpression& projection, Visit visit) {
  for (const auto& path : projection.paths())
    if (verdict bad = visit(path))
      return bad;
  return {};
}

template <class Expression>
verdict check_scalars(const Expression& expression, const msg::KeySchema& schema, std::string_view kind) {
  const auto keys = key_names(schema);
  return each_path(expression, [&](const msg::DocumentPath& path) -> verdict {
    const std::string& name = path.elements(0).name();
    if (path.elements_size() < 2 || std::find(keys.begin(), keys.end(), name) == keys.end())
      return {};
    return refusal{
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: " +
        std::string(kind) + ": " + name};
  });
}

} // namespace

verdict check_parameters(std::span<const parameter> expressions, std::span<const parameter> others,
                         bool names_given, bool values_given) {
  const std::string used = given(expressions);
  if (const std::string older = given(others); !used.empty() && !older.empty())
    return refusal{"Can not use both expression and non-expression parameters in the same request: "
                   "Non-expression parameters: {" +
                   older + "} Expression parameters: {" + used + "}"};
  if (names_given && used.empty())
    return refusal{"ExpressionAttributeNames can only be specified when using expressions"};

  std::vector<parameter> with_values; // those in which values can stand
  for (const parameter& one : expressions)
    if (one.name != "ProjectionExpression")
      with_values.push_back({one.name, true});
  const bool any = std::any_of(expressions.begin(), expressions.end(), [](const parameter& one) {
    return one.given && one.name != "ProjectionExpression";
  });
  if (values_given && !any && !with_values.empty())
    return refusal{"ExpressionAttributeValues can only be specified when using expressions: " +
                   given(with_values, " and ") + (with_values.size() > 1 ? " are null" : " is null")};
  return {};
}

verdict check_filter(const msg::ConditionExpression& filter, const msg::KeySchema& schema,
                     std::string_view what) {
  for (const std::string& key : key_names(schema)) // the partition key first, wherever it stands
    if (auto bad = each_path(filter, [&](const msg::DocumentPath& path) -> verdict {
          if (path.elements(0).name() != key)
            return {};
          return refusal{std::string(what) +
                         " can only contain non-primary key attributes: Primary key attribute: " + key};
        }))
      return bad;
  return {};
}

verdict check_paths(const msg::ConditionExpression& condition, const msg::KeySchema& schema,
                    std::string_view kind) {
  return check_scalars(condition, schema, kind);
}
verdict check_paths(const msg::ProjectionExpression& projection, const msg::KeySchema& schema,
                    std::string_view kind) {
  return check_scalars(projection, schema, kind);
}
verdict check_paths(const msg::UpdateExpression& update, const msg::KeySchema& schema,
                    std::string_view kind) {
  return check_scalars(update, schema, kind);
}

verdict check_update(const msg::UpdateExpression& update, const msg::KeySchema& schema) {
  for (const std::string& key : key_names(schema))
    for (const auto& action : update.actions())
      if (action.path().elements(0).name() == key)
        return refusal{"One or more parameter values were invalid: Cannot update attribute " + key +
                       ". This attribute is part of the key"};
  return {};
}

} // namespace troupe::expression
