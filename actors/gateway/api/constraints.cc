#include "actors/gateway/api/constraints.h"
#include "config/limits.h"
#include <algorithm>

namespace troupe::api {

namespace {

constexpr std::size_t reported = 10;
constexpr std::size_t shown_bytes = 1024; // of a value that a client sent
constexpr const char* name_pattern = "[a-zA-Z0-9_.-]+";

std::string quoted(std::string_view text) {
  return "'" + std::string(text.substr(0, shown_bytes)) + "'";
}

} // namespace

bool is_resource_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

void constraints::failed(std::string_view path, const std::string& shown, const std::string& what) {
  if (found_.size() < reported)
    found_.push_back("Value " + shown + " at " + quoted(path) + " failed to satisfy constraint: " + what);
}

void constraints::there(std::string_view path, bool is) {
  if (!is)
    failed(path, "null", "Member must not be null");
}

void constraints::at_least(std::string_view path, std::optional<std::int64_t> value, std::int64_t min) {
  if (value && *value < min)
    failed(path, quoted(std::to_string(*value)),
           "Member must have value greater than or equal to " + std::to_string(min));
}

void constraints::at_most(std::string_view path, std::optional<std::int64_t> value, std::int64_t max) {
  if (value && *value > max)
    failed(path, quoted(std::to_string(*value)),
           "Member must have value less than or equal to " + std::to_string(max));
}

void constraints::length(std::string_view path, const maybe_text& value, std::size_t min, std::size_t max) {
  if (value)
    count(path, value->size(), *value, min, max);
}

void constraints::count(std::string_view path, std::size_t members, const std::string& shown, std::size_t min,
                        std::size_t max) {
  if (members < min)
    failed(path, quoted(shown), "Member must have length greater than or equal to " + std::to_string(min));
  if (members > max)
    failed(path, quoted(shown), "Member must have length less than or equal to " + std::to_string(max));
}

void constraints::name_characters(std::string_view path, const maybe_text& value) {
  if (value && !is_resource_name(*value))
    failed(path, quoted(*value),
           std::string("Member must satisfy regular expression pattern: ") + name_pattern);
}

void constraints::one_of(std::string_view path, const maybe_text& value, words allowed) {
  if (!value || std::find(allowed.begin(), allowed.end(), *value) != allowed.end())
    return;
  std::string set;
  for (const auto word : allowed)
    set += (set.empty() ? "" : ", ") + std::string(word);
  failed(path, quoted(*value), "Member must satisfy enum value set: [" + set + "]");
}

void constraints::resource_name(std::string_view path, const maybe_text& value) {
  there(path, value.has_value());
  name_characters(path, value);
  length(path, value, limits::table_name_min, limits::table_name_max);
}

void constraints::append(const constraints& others) {
  for (const auto& one : others.found_)
    if (found_.size() < reported)
      found_.push_back(one);
}

trouble constraints::result() const {
  if (found_.empty())
    return std::nullopt;
  std::string out = std::to_string(found_.size()) +
                    (found_.size() == 1 ? " validation error" : " validation errors") + " detected: ";
  for (std::size_t i = 0; i < found_.size(); ++i)
    out += (i == 0 ? "" : "; ") + found_[i];
  return validation(std::move(out));
}

} // namespace troupe::api
