#include "actors/client/endpoint.h"
#include <charconv>

namespace troupe::client {

std::optional<endpoint> parse_endpoint(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto host = text.substr(0, colon);
  auto digits = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of("[]:") != std::string_view::npos)
    return std::nullopt;
  unsigned port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (host.empty() || error != std::errc{} || end != digits.data() + digits.size() || port == 0 ||
      port > 65'535)
    return std::nullopt;
  return endpoint{std::string(host), static_cast<std::uint16_t>(port)};
}

std::string to_text(const endpoint& e) {
  auto host = e.host.find(':') == std::string::npos ? e.host : "[" + e.host + "]";
  return host + ":" + std::to_string(e.port);
}

} // namespace troupe::client
