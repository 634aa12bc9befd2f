#include "actors/core/item/base64.h"
#include <array>
#include <cstdint>

namespace troupe::item {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t stranger = 0xFF;

constexpr auto values = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(stranger);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return out;
}();

std::uint32_t byte(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

} // namespace

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  const auto put = [&](std::uint32_t bits, int characters) {
    for (int i = 0; i < characters; ++i)
      out += alphabet[(bits >> (18 - 6 * i)) & 63];
  };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3)
    put(byte(bytes, i) << 16 | byte(bytes, i + 1) << 8 | byte(bytes, i + 2), 4);
  if (bytes.size() - i == 1) {
    put(byte(bytes, i) << 16, 2);
    out += "==";
  } else if (bytes.size() - i == 2) {
    put(byte(bytes, i) << 16 | byte(bytes, i + 1) << 8, 3);
    out += '=';
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return {};
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
    ++padding;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t missing = i + 4 == text.size() ? padding : 0;
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const std::uint8_t value = k < 4 - missing ? values[byte(text, i + k)] : 0;
      if (value == stranger)
        return {};
      bits = bits << 6 | value;
    }
    if (missing != 0 && (bits & ((1u << (8 * missing)) - 1)) != 0)
      return {};
    for (std::size_t k = 0; k < 3 - missing; ++k)
      out += static_cast<char>(bits >> (16 - 8 * k) & 0xFF);
  }
  return out;
}

} // namespace troupe::item
