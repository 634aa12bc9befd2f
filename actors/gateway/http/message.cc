#include "actors/gateway/http/message.h"

namespace troupe::http {

void fields::add(std::string_view name, std::string_view value) {
  entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())});
  for (const char c : name)
    text_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  text_ += value;
}

void fields::clear() {
  text_.clear();
  entries_.clear();
}

fields::field fields::operator[](std::size_t i) const {
  const auto& e = entries_[i];
  const std::string_view all = text_;
  return {all.substr(e.at, e.name_bytes), all.substr(e.at + e.name_bytes, e.value_bytes)};
}

std::optional<std::string_view> fields::find(std::string_view name) const {
  for (std::size_t i = 0; i < size(); ++i)
    if (const auto f = (*this)[i]; f.name == name)
      return f.value;
  return std::nullopt;
}

void request::clear() {
  // A large body's memory is not kept for the sake of a small one.
  constexpr std::size_t kept_bytes = 64 * 1024;
  method.clear();
  target.clear();
  version = 11;
  fields.clear();
  body.clear();
  if (body.capacity() > kept_bytes)
    body = {};
}

void response::add(std::string_view name, std::string_view value) {
  lines_ += name;
  lines_ += ": ";
  for (const char c : value)
    if (c != '\r' && c != '\n')
      lines_ += c;
  lines_ += "\r\n";
}

std::string_view name_of(refusal why) {
  switch (why) {
  case refusal::bad_request:
    return "bad_request";
  case refusal::head_too_large:
    return "head_too_large";
  case refusal::body_too_large:
    return "body_too_large";
  case refusal::version_not_supported:
    return "version_not_supported";
  case refusal::encoding_not_supported:
    return "encoding_not_supported";
  case refusal::expectation_failed:
    return "expectation_failed";
  case refusal::too_slow:
    return "too_slow";
  case refusal::overloaded:
    return "overloaded";
  case refusal::unanswered:
    break;
  }
  return "unanswered";
}

unsigned status_of(refusal why) {
  switch (why) {
  case refusal::bad_request:
    return 400;
  case refusal::head_too_large:
    return 431;
  case refusal::body_too_large:
    return 413;
  case refusal::version_not_supported:
    return 505;
  case refusal::encoding_not_supported:
    return 501;
  case refusal::expectation_failed:
    return 417;
  case refusal::too_slow:
    return 408;
  case refusal::overloaded:
    return 503;
  case refusal::unanswered:
    break;
  }
  return 500;
}

std::string_view reason_of(unsigned status) {
  switch (status) {
  case 200:
    return "OK";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 408:
    return "Request Timeout";
  case 413:
    return "Content Too Large";
  case 415:
    return "Unsupported Media Type";
  case 417:
    return "Expectation Failed";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Status";
  }
}

} // namespace troupe::http
