// DynamoDB's errors: their types, their HTTP status, and how they are written.
//
// Thread: values.
#pragma once
#include "actors/core/item/result.h"
#include "messages/status.pb.h"
#include <optional>
#include <string>
#include <string_view>

namespace troupe::api {

struct error {
  unsigned status = 400;
  std::string type;     // with its prefix, as in "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
  std::string message;  // may be empty
  std::string more;     // further members of the body, written as JSON with a comma in front
  bool capital = false; // the body says "Message", as some of DynamoDB's do

  std::string_view name() const; // "ResourceNotFoundException"
  std::string body() const;      // JSON
};

// A check's outcome: nothing means that all is well.
using trouble = std::optional<error>;

error validation(std::string message);
error invalid_parameter(const std::string& what); // "One or more parameter values were invalid: " and what
error serialization(std::string message = {});
error unknown_operation(std::string message = {});
error request_too_large();                    // the body, as it came or unpacked
error malformed_request(std::string message); // not even HTTP
error access_denied(std::string message);
error of_signature(std::string name, std::string message); // one of actors/gateway/auth's

error resource_not_found(std::string message);
error resource_in_use(std::string message);
error limit_exceeded(std::string message);
error too_fast(std::string message); // ThrottlingException, of changes of tables and backups
error conditional_check_failed();
error internal(std::string message = {});
error unavailable(std::string message);
error dynamodb_error(const std::string& name, std::string message); // one that a few operations have
error throttled(std::string message); // SDKs wait longer before they ask again than after the others
// Known to DynamoDB and not done here; says so in the words of a ValidationException.
error not_supported(const std::string& what);

// What a cluster's refusal is to a client of DynamoDB. Only for codes other than OK.
error of_status(const msg::Status& status);

// What a reader made of a request, or why it refuses it.
template <class T>
class [[nodiscard]] outcome {
public:
  outcome(T value) : value_(std::move(value)) {}
  outcome(error why) : why_(std::move(why)) {}
  explicit operator bool() const { return value_.has_value(); }
  T& operator*() { return value_.value(); }
  T* operator->() { return &value_.value(); }
  const error& why() const { return why_; } // only when there is no value

private:
  std::optional<T> value_;
  error why_;
};

inline error of_refusal(const item::refusal& why) {
  return validation(why.message);
}

} // namespace troupe::api
