// SHA-256 and HMAC-SHA-256 by OpenSSL, in the shapes that signatures want.
//
// Thread: pure functions.
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::auth {

using digest = std::array<unsigned char, 32>;

digest sha256(std::string_view bytes);
digest hmac_sha256(std::string_view key, std::string_view bytes);

std::string to_hex(const digest& value); // 64 small letters and digits
inline std::string_view bytes_of(const digest& value) {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

// In a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

} // namespace troupe::auth
