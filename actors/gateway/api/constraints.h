// The constraints of DynamoDB's model, checked one after the other and reported all at once, up to ten:
// "2 validation errors detected: Value 'a' at 'tableName' failed to satisfy constraint: Member must have
// length greater than or equal to 3; ...".
//
// A path is written as DynamoDB does: "keySchema.1.member.keyType". What is not there is not checked, but for
// there().
//
// Thread: one owner.
#pragma once
#include "actors/gateway/api/error.h"
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::api {

class constraints {
public:
  using maybe_text = std::optional<std::string>;
  using words = std::initializer_list<std::string_view>;

  void there(std::string_view path, bool is);
  void at_least(std::string_view path, std::optional<std::int64_t> value, std::int64_t min);
  void at_most(std::string_view path, std::optional<std::int64_t> value, std::int64_t max);
  void length(std::string_view path, const maybe_text& value, std::size_t min, std::size_t max);
  void name_characters(std::string_view path, const maybe_text& value); // [a-zA-Z0-9_.-]+
  void one_of(std::string_view path, const maybe_text& value, words allowed);
  // Members of a list or a map; `shown` is its text in the message.
  void count(std::string_view path, std::size_t members, const std::string& shown, std::size_t min,
             std::size_t max);

  // All of a table's or an index's name, in the order in which DynamoDB reports.
  void resource_name(std::string_view path, const maybe_text& value);

  void failed(std::string_view path, const std::string& shown, const std::string& what);
  void append(const constraints& others); // behind these
  trouble result() const;

private:
  std::vector<std::string> found_;
};

bool is_resource_name(std::string_view text); // its characters

} // namespace troupe::api
