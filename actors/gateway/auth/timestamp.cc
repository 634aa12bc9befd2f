#include "actors/gateway/auth/timestamp.h"
#include <array>
#include <cstdio>
#include <ctime>

namespace troupe::auth {

namespace {

// `count` digits from `at` on; -1 when there are others.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<std::int64_t> seconds_of(int year, int month, int day, int hour, int minute, int second) {
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  parts.tm_sec = second;
  return static_cast<std::int64_t>(timegm(&parts));
}

} // namespace

std::optional<std::int64_t> parse_basic_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z')
    return std::nullopt;
  return seconds_of(digits(text, 0, 4), digits(text, 4, 2), digits(text, 6, 2), digits(text, 9, 2),
                    digits(text, 11, 2), digits(text, 13, 2));
}

std::string print_basic_time(std::int64_t seconds) {
  std::tm parts{};
  const std::time_t when = seconds;
  gmtime_r(&when, &parts);
  char out[32];
  return {out, std::strftime(out, sizeof out, "%Y%m%dT%H%M%SZ", &parts)};
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // 0         1         2
  // Sun, 30 Aug 2015 12:36:00 GMT
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' ||
      text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  for (std::size_t m = 0; m < months.size(); ++m)
    if (text.substr(8, 3) == months[m])
      return seconds_of(digits(text, 12, 4), static_cast<int>(m) + 1, digits(text, 5, 2), digits(text, 17, 2),
                        digits(text, 20, 2), digits(text, 23, 2));
  return std::nullopt;
}

} // namespace troupe::auth
