// Short words for writing histories down in tests.
#pragma once
#include "tests/linearizability/checker.h"
#include <string>
#include <utility>

namespace troupe::linearizability::story {

inline const value absent = std::nullopt;

inline operation make(std::string client, std::int64_t invoked, std::int64_t returned, action what) {
  operation op;
  op.client = std::move(client);
  op.key = "x";
  op.what = what;
  op.invoked = invoked;
  op.returned = returned;
  op.result = returned == never ? outcome::unknown : outcome::ok;
  return op;
}

// `returned` never: the outcome is unknown.
inline operation put(std::string client, std::int64_t invoked, std::int64_t returned, std::string written) {
  operation op = make(std::move(client), invoked, returned, action::put);
  op.written = std::move(written);
  return op;
}

inline operation remove(std::string client, std::int64_t invoked, std::int64_t returned) {
  return make(std::move(client), invoked, returned, action::remove);
}

inline operation get(std::string client, std::int64_t invoked, std::int64_t returned, value read) {
  operation op = make(std::move(client), invoked, returned, action::get);
  op.read = std::move(read);
  return op;
}

inline operation cas(std::string client, std::int64_t invoked, std::int64_t returned, value expected,
                     value written) {
  operation op = make(std::move(client), invoked, returned, action::cas);
  op.expected = std::move(expected);
  op.written = std::move(written);
  return op;
}

inline operation refused(operation op) {
  op.result = outcome::condition_failed;
  return op;
}

inline operation failed(operation op) {
  op.result = outcome::failed;
  return op;
}

inline operation on(std::string key, operation op) {
  op.key = std::move(key);
  return op;
}

} // namespace troupe::linearizability::story
