// A value, or the reason why there is none.
//
// Everything in core/item that reads what a client sent may refuse it, and every refusal is the same kind:
// the request had no effect, and a person should read why. So a refusal is its text, in DynamoDB's words
// where DynamoDB has words for it, and becomes msg::Code VALIDATION on the wire. Programmer errors are not
// refusals; they abort.
#pragma once
#include "messages/status.pb.h"
#include <cstdio>
#include <cstdlib>
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
  // Only when there is a value: asking without looking is a programmer's error, and ends the program.
  T& operator*() { return checked(); }
  const T& operator*() const { return const_cast<result*>(this)->checked(); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<result*>(this)->checked(); }
  // Only when there is none.
  const refusal& why() const { return why_; }

private:
  T& checked() {
    if (!value_) {
      std::fprintf(stderr, "invariant broken: core/item result used without a value: %s\n",
                   why_.message.c_str());
      std::abort();
    }
    return *value_;
  }

  std::optional<T> value_;
  refusal why_;
};

// A check that yields nothing: no value means that all is well.
using verdict = std::optional<refusal>;

} // namespace troupe::item
