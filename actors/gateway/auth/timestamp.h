// Points in time as signatures write them.
//
// Thread: pure functions. Times are seconds since 1970, UTC.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::auth {

// "20150830T123600Z".
std::optional<std::int64_t> parse_basic_time(std::string_view text);
std::string print_basic_time(std::int64_t seconds);

// "Sun, 30 Aug 2015 12:36:00 GMT", as the header Date is written.
std::optional<std::int64_t> parse_http_date(std::string_view text);

} // namespace troupe::auth
