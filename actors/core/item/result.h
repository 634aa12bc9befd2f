// A value, or the reason why there is none.
//
// Everything in core/item that reads what a client sent may refuse it, and every refusal is the same kind:
// the request had no effect, and a person should read why. So a refusal is its text, in DynamoDB's words
// where DynamoDB has words for it, and becomes msg::Code VALIDATION on the wire. Programmer errors are not
// refusals; they abort.
#pragma once
#include "messages/status.pb.h"
#include <optional>
#include <string>
#include <utility>

namespace troupe::item {

struct refusal {
  std::string message; // never empty

  msg::Status status() const {
    msg::Status out;
    out.set_code(msg::VALIDATION);
    out.set_message(message);
    return out;
  }
};

template <class T>
class [[nodiscard]] result {
public:
  result(T value) : value_(std::move(value)) {}
  result(refusal why) : why_(std::move(why)) {}

  explicit operator bool() const { return value_.has_value(); }
  // Only when there is a value; std::optional's own check guards it in debug builds of the library.
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  // Only when there is none.
  const refusal& why() const { return why_; }

private:
  std::optional<T> value_;
  refusal why_;
};

// A check that yields nothing: no value means that all is well.
using verdict = std::optional<refusal>;

} // namespace troupe::item
