#include "actors/gateway/auth/canonical.h"
#include "actors/gateway/auth/digest.h"
#include <algorithm>
#include <utility>

namespace troupe::auth {

namespace {

bool unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, char c) {
  constexpr char letters[] = "0123456789ABCDEF";
  if (unreserved(c)) {
    out += c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += letters[byte >> 4];
  out += letters[byte & 15];
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

std::string encoded_anew(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      append_encoded(out, static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      append_encoded(out, text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

// Without blanks at its ends, and with one where several stand.
void append_trimmed(std::string& out, std::string_view value) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!value.empty() && blank(value.back()))
    value.remove_suffix(1);
  bool pending = false;
  bool any = false;
  for (const char c : value) {
    if (blank(c)) {
      pending = any;
      continue;
    }
    if (std::exchange(pending, false))
      out += ' ';
    out += c;
    any = true;
  }
}

} // namespace

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return out;
    text.remove_prefix(end + 1);
  }
}

std::string canonical_path(std::string_view path) {
  if (path.empty())
    return "/";
  std::string out;
  for (const char c : path)
    if (c == '/')
      out += c;
    else
      append_encoded(out, c);
  return out;
}

std::string canonical_query(std::string_view query) {
  if (query.empty())
    return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const auto one : split(query, '&')) {
    if (one.empty())
      continue;
    const auto equal = one.find('=');
    parameters.emplace_back(encoded_anew(one.substr(0, equal)), equal == std::string_view::npos
                                                                    ? std::string()
                                                                    : encoded_anew(one.substr(equal + 1)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty())
      out += '&';
    out += name + '=' + value;
  }
  return out;
}

std::string canonical_request(const signed_request& request, std::string_view signed_headers) {
  const auto mark = request.target.find('?');
  std::string out;
  out.reserve(512);
  out += request.method;
  out += '\n';
  out += canonical_path(request.target.substr(0, mark));
  out += '\n';
  if (mark != std::string_view::npos)
    out += canonical_query(request.target.substr(mark + 1));
  out += '\n';
  for (const auto name : split(signed_headers, ';')) {
    out += name;
    out += ':';
    bool first = true;
    for (const auto& h : request.headers) {
      if (h.name != name)
        continue;
      if (!std::exchange(first, false))
        out += ',';
      append_trimmed(out, h.value);
    }
    out += '\n';
  }
  out += '\n';
  out += signed_headers;
  out += '\n';
  out += to_hex(sha256(request.body));
  return out;
}

} // namespace troupe::auth
