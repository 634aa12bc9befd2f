// Words for messages about cluster files.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace troupe::config {

// 'text'
std::string in_quotes(std::string_view text);

// "a, b and c", or with another last word.
std::string in_words(std::span<const std::string_view> words, std::string_view last = "and");

// The candidate that `written` was probably meant to be; empty when none is close.
std::string closest(std::string_view written, std::span<const std::string_view> candidates);

// Cluster, zone and node names: letters, digits, '-', '_', '.', beginning with a letter or digit, at most 63.
bool is_name(std::string_view text);
inline constexpr std::string_view name_advice =
    "use up to 63 letters, digits, '-', '_' and '.', beginning with a letter or digit";

// ASCII only, whatever the locale.
bool is_letter_or_digit(char c);
std::string to_lower(std::string_view text);

} // namespace troupe::config
