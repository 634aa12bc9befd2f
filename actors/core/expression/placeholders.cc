#include "actors/core/expression/placeholders.h"
#include "actors/core/expression/bounds.h"
#include "actors/core/expression/lexer.h"
#include "actors/core/item/value.h"
#include <algorithm>

namespace troupe::expression {
namespace {

const std::string in_names = "ExpressionAttributeNames";
const std::string in_values = "ExpressionAttributeValues";

verdict check_key(const std::string& parameter, std::string_view key, char mark) {
  const std::string invalid = parameter + " contains invalid key: ";
  if (key.empty())
    return refusal{invalid + "The expression attribute map contains an empty key;"};
  if (key.size() > bounds::placeholder_bytes)
    return refusal{invalid + "The expression attribute map contains a key that is too long; size of key: " +
                   std::to_string(key.size())};
  if (key.size() < 2 || key[0] != mark || !std::all_of(key.begin() + 1, key.end(), is_word_character))
    return refusal{invalid + "Syntax error; key: \"" + std::string(key) + "\""};
  return {};
}

template <class Entries>
auto* use(Entries& entries, std::string_view placeholder) {
  for (auto& entry : entries)
    if (entry.placeholder == placeholder) {
      entry.used = true;
      return &entry.meaning;
    }
  return static_cast<decltype(&entries.front().meaning)>(nullptr);
}

template <class Entries>
verdict check_used(const std::string& parameter, const Entries& entries) {
  std::string unused;
  for (const auto& entry : entries)
    if (!entry.used)
      unused += (unused.empty() ? "" : ", ") + entry.placeholder;
  if (unused.empty())
    return {};
  return refusal{"Value provided in " + parameter + " unused in expressions: keys: {" + unused + "}"};
}

} // namespace

result<placeholders> placeholders::make(names names, values values) {
  placeholders out;
  if (names && names->empty())
    return refusal{in_names + " must not be empty"};
  if (names)
    for (auto& [placeholder, name] : *names) {
      if (auto bad = check_key(in_names, placeholder, '#'))
        return *bad;
      if (name.empty())
        return refusal{in_names + " contains invalid value: Empty attribute name for key " + placeholder};
      out.names_.push_back({std::move(placeholder), std::move(name)});
    }

  if (values && values->empty())
    return refusal{in_values + " must not be empty"};
  if (values)
    for (auto& [placeholder, value] : *values) {
      if (auto bad = check_key(in_values, placeholder, ':'))
        return *bad;
      out.values_.push_back({std::move(placeholder), std::move(value)});
    }
  std::size_t bytes = 0;
  for (auto& entry : out.values_) {
    if (auto bad = item::canonicalise(entry.meaning))
      return refusal{in_values + " contains invalid value: " + bad->message + " for key " +
                     entry.placeholder};
    bytes += item::value_size(entry.meaning);
  }
  if (bytes > bounds::substituted_bytes)
    return refusal{in_values + " exceeds max size"};
  return out;
}

const std::string* placeholders::name(std::string_view placeholder) {
  return use(names_, placeholder);
}
const msg::Value* placeholders::value(std::string_view placeholder) {
  return use(values_, placeholder);
}

verdict placeholders::check_all_used() const {
  if (auto bad = check_used(in_names, names_))
    return bad;
  return check_used(in_values, values_);
}

} // namespace troupe::expression
