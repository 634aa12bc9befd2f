// Short ways to read a request from its JSON, and to see how it is refused.
#pragma once
#include "actors/gateway/api/item_requests.h"
#include "actors/gateway/api/json.h"
#include "actors/gateway/api/table_requests.h"
#include <gtest/gtest.h>
#include <string>

namespace troupe::api::test {

template <class T>
using reader_of = outcome<T> (*)(const structure&, reading&);

template <class T>
outcome<T> read(reader_of<T> how, const std::string& json) {
  reading from;
  const auto document = document::parse(json, from);
  if (!document)
    return *from.take();
  return how(document->root(), from);
}

// The refusal's message, with its type's name in front.
template <class T>
std::string refused(reader_of<T> how, const std::string& json) {
  const auto out = read(how, json);
  EXPECT_FALSE(out) << json;
  if (out)
    return "";
  return std::string(out.why().name()) + ": " + out.why().message;
}

inline const std::string invalid = "ValidationException: One or more parameter values were invalid: ";
inline const std::string one_error = "ValidationException: 1 validation error detected: ";

} // namespace troupe::api::test
