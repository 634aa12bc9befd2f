// The canonical form of a request, which is what its sender has signed (AWS General Reference, "Create a
// signed AWS API request").
//
// Thread: pure functions.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::auth {

struct header {
  std::string_view name; // in small letters
  std::string_view value;
};

struct signed_request {
  std::string_view method;
  std::string_view target; // path and query as they were sent
  std::span<const header> headers;
  std::string_view body; // as it was sent
};

// `signed_headers` as the Authorization header lists them: names between semicolons.
std::string canonical_request(const signed_request& request, std::string_view signed_headers);

// The path, each byte that is not unreserved (RFC 3986) or a slash written %XX.
std::string canonical_path(std::string_view path);
// Parameters by name, then value, both decoded and encoded anew.
std::string canonical_query(std::string_view query);

std::vector<std::string_view> split(std::string_view text, char at);

} // namespace troupe::auth
