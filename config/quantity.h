// Durations and sizes as people write them: `1500ms`, `5s`, `64MiB`. There is one way to write each, so that
// two operators never read one file differently; what is refused comes with the spelling that would have been
// right.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

// A parsed value, or why not. `advice` is a spelling to use instead, possibly empty.
struct quantity {
  std::optional<std::int64_t> value;
  std::string what;
  std::string advice;
};

// Whole milliseconds, seconds, minutes or hours (`ms`, `s`, `min`, `h`); the value is in milliseconds.
quantity parse_duration(std::string_view text);

// Whole bytes or binary multiples (`B`, `KiB`, `MiB`, `GiB`, `TiB`); the value is in bytes.
quantity parse_size(std::string_view text);

// A whole number in decimal, without sign, leading zeros or separators.
quantity parse_count(std::string_view text);

// The shortest spelling that the parsers read back to the same value. Neither takes negative values.
std::string print_duration(std::int64_t ms);
std::string print_size(std::int64_t bytes);

} // namespace troupe::config
