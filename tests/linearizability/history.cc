#include "tests/linearizability/history.h"
#include <utility>

namespace troupe::linearizability {

recorder::handle recorder::invoke(operation asked, std::int64_t now) {
  asked.result = outcome::unknown;
  asked.invoked = now;
  asked.returned = never;
  asked.read.reset();
  operations_.push_back(std::move(asked));
  return operations_.size() - 1;
}

void recorder::complete(handle which, outcome result, std::int64_t now, value read) {
  operation& op = operations_.at(which);
  op.result = result;
  op.returned = result == outcome::unknown ? never : now;
  op.read = std::move(read);
}

const char* name_of(action what) {
  switch (what) {
  case action::put:
    return "put";
  case action::remove:
    return "delete";
  case action::get:
    return "get";
  case action::cas:
    return "cas";
  }
  return "?";
}

const char* name_of(outcome result) {
  switch (result) {
  case outcome::ok:
    return "ok";
  case outcome::condition_failed:
    return "condition_failed";
  case outcome::failed:
    return "failed";
  case outcome::unknown:
    return "unknown";
  }
  return "?";
}

std::string describe(const value& v) {
  constexpr std::size_t shown = 40;
  static const char digits[] = "0123456789abcdef";
  if (!v)
    return "absent";
  std::string text = "\"";
  for (std::size_t i = 0; i < v->size() && i < shown; ++i) {
    const auto byte = static_cast<unsigned char>((*v)[i]);
    if (byte < 0x20 || byte == 0x7f)
      text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      text += static_cast<char>(byte);
  }
  text += '"';
  if (v->size() > shown)
    text += "... (" + std::to_string(v->size()) + " bytes)";
  return text;
}

std::string describe(const operation& op) {
  std::string text = op.client.empty() ? "?" : op.client;
  text += "  [" + std::to_string(op.invoked) + ", ";
  text += op.result == outcome::unknown ? "?" : std::to_string(op.returned);
  text += std::string("]  ") + name_of(op.what) + " " + op.key;
  if (op.what == action::put)
    text += " = " + describe(op.written);
  if (op.what == action::cas)
    text += ": " + describe(op.expected) + " -> " + describe(op.written);
  text += std::string("  ") + name_of(op.result);
  if (op.what == action::get && op.result == outcome::ok)
    text += ": " + describe(op.read);
  return text;
}

} // namespace troupe::linearizability
