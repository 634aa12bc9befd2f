// Where a router is reached.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::client {

struct endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const endpoint&) const = default;
};

// "HOST:PORT", with an IPv6 address in brackets: "db1.example:7101", "[::1]:7101". Nothing when it is
// neither.
std::optional<endpoint> parse_endpoint(std::string_view text);

std::string to_text(const endpoint& e);

} // namespace troupe::client
