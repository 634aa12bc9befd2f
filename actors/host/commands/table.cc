#include "actors/host/commands/table.h"
#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace troupe::commands {

std::string painted(const terminal& t, tone in, std::string_view text) {
  switch (in) {
  case tone::plain:
    return std::string(text);
  case tone::dim:
    return t.dim(text);
  case tone::good:
    return t.green(text);
  case tone::warn:
    return t.yellow(text);
  case tone::bad:
    return t.red(text);
  }
  return std::string(text);
}

std::string text_table::text(const terminal& t) const {
  std::vector<std::size_t> widths;
  for (const auto& c : columns_)
    widths.push_back(width_of(c.title));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(printable(row[i].text)));

  std::string result;
  std::string blanks; // owed to the next cell of the line, so that none trail
  auto put = [&](std::size_t i, const std::string& shown, std::size_t width) {
    std::string space(widths[i] - width, ' ');
    blanks += i == 0 ? "" : "  ";
    if (columns_[i].to_the_right)
      blanks += space;
    if (width > 0) {
      result += blanks + shown;
      blanks.clear();
    }
    if (!columns_[i].to_the_right)
      blanks += space;
  };
  auto end_line = [&] {
    result += '\n';
    blanks.clear();
  };
  for (std::size_t i = 0; i < columns_.size(); ++i)
    put(i, t.bold(columns_[i].title), width_of(columns_[i].title));
  end_line();
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < columns_.size(); ++i) {
      auto shown = printable(row[i].text);
      put(i, painted(t, row[i].colour, shown), width_of(shown));
    }
    end_line();
  }
  return result;
}

std::string people_size(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 999.5 && unit + 1 < std::size(units)) {
    size /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || size >= 9.95 ? "%.0f %s" : "%.1f %s", size, units[unit]);
  return text;
}

std::string people_age(std::int64_t ms) {
  auto seconds = std::max<std::int64_t>(ms, 0) / 1'000;
  if (seconds < 120)
    return std::to_string(seconds) + " s";
  if (seconds < 120 * 60)
    return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 3'600)
    return std::to_string(seconds / 3'600) + " h";
  return std::to_string(seconds / 86'400) + " d";
}

} // namespace troupe::commands
