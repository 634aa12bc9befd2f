// The refusals that more than one file of this library gives, in DynamoDB's words. Inside core/item only.
#pragma once
#include <string>
#include <string_view>

namespace troupe::item::texts {

inline const std::string invalid = "One or more parameter values were invalid: ";
inline const std::string wrong_key = "The provided key element does not match the schema";
inline const std::string invalid_start = "The provided starting key is invalid";
inline constexpr const char* no_type =
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
inline constexpr const char* several_types = "Supplied AttributeValue has more than one datatypes set, must "
                                             "contain exactly one of the supported datatypes";
inline constexpr const char* too_deep = "Nesting Levels have exceeded supported limits: "
                                        "Attributes in the item have nested levels beyond supported limit";
// Not DynamoDB's: what it has on its wire is JSON.
inline constexpr const char* malformed =
    "The bytes are not a serialized attribute map, or are nested far too deeply";

// What a client sent is quoted back only so far: a refusal travels in replies and logs.
inline constexpr std::size_t quoted_bytes = 256;

// The first quoted_bytes of it, never cutting a UTF-8 character in two.
inline std::string clip(std::string_view text) {
  if (text.size() <= quoted_bytes)
    return std::string(text);
  std::size_t end = quoted_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return std::string(text.substr(0, end)) + "...";
}

} // namespace troupe::item::texts
