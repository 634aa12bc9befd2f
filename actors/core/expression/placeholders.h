// ExpressionAttributeNames and ExpressionAttributeValues of one request: what they stand for, and which of
// them its expressions have used. DynamoDB judges use over all expressions of a request together, so one
// object goes through all of them and is asked at the end.
//
// Thread: one request's, no sharing. Errors: refusals in DynamoDB's words, without its error type.
#pragma once
#include "actors/core/item/result.h"
#include "messages/item.pb.h"
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::expression {

using item::refusal;
using item::result;
using item::verdict;

class placeholders {
public:
  // In the order of the request; nothing is "the parameter was not given".
  using names = std::optional<std::vector<std::pair<std::string, std::string>>>;
  using values = std::optional<std::vector<std::pair<std::string, msg::Value>>>;

  placeholders() = default;

  // Refuses empty maps, keys that are no placeholders, empty names and what is no value. Values become
  // canonical.
  static result<placeholders> make(names names, values values);

  // What the placeholder, with its # or :, stands for, or nullptr. Being asked for counts as use.
  const std::string* name(std::string_view placeholder);
  const msg::Value* value(std::string_view placeholder);

  // After all expressions: refuses when there is a placeholder that none of them has used.
  verdict check_all_used() const;

private:
  template <class T>
  struct entry {
    std::string placeholder;
    T meaning;
    bool used = false;
  };
  std::vector<entry<std::string>> names_; // a handful: searched from the front
  std::vector<entry<msg::Value>> values_;
};

} // namespace troupe::expression
