// Base64 with the standard alphabet and padding: how DynamoDB writes bytes in JSON.
//
// Thread: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace troupe::item {

std::string encode_base64(std::string_view bytes);

// Nothing unless `text` is exactly what encode_base64 makes of some bytes: padded to a multiple of four, no
// blanks, no stray bits in the last character.
std::optional<std::string> decode_base64(std::string_view text);

} // namespace troupe::item
