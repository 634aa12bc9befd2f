#include "actors/kit/log.h"
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <unistd.h>

namespace troupe::kit {

namespace {

constexpr std::array<std::string_view, 4> names{"error", "warning", "info", "debug"};
constexpr std::size_t text_max = 4096;

level level_of_environment() {
  const char* wish = std::getenv("TROUPE_LOG");
  return wish ? parse_log_level(wish).value_or(level::info) : level::info;
}

std::atomic<level>& threshold() {
  static std::atomic<level> chosen{level_of_environment()};
  return chosen;
}

std::string& default_node() {
  static std::string node = "-";
  return node;
}

std::int64_t unix_ms() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1'000'000;
}

void append_flat(std::string& line, std::string_view text) {
  for (char c : text.substr(0, text_max))
    line += c == '\n' || c == '\r' ? ' ' : c;
}

} // namespace

std::optional<level> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return static_cast<level>(i);
  return std::nullopt;
}

std::string_view name_of(level which) {
  return names[static_cast<std::size_t>(which)];
}

void set_log_level(level which) {
  threshold() = which;
}

bool log_enabled(level which) {
  return which <= threshold().load(std::memory_order_relaxed);
}

void set_log_node(std::string node) {
  default_node() = std::move(node);
}

std::string log_line(std::int64_t time, level which, std::string_view node, std::string_view component,
                     std::string_view text) {
  auto seconds = static_cast<time_t>(time / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> stamp{};
  auto length = std::strftime(stamp.data(), stamp.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ ", static_cast<int>(time % 1000));

  std::string line(stamp.data(), length);
  line += fraction.data();
  line += name_of(which);
  line.append(8 - name_of(which).size(), ' ');
  append_flat(line, node);
  line += ' ';
  append_flat(line, component);
  line += ": ";
  append_flat(line, text);
  line += '\n';
  return line;
}

void log(level which, std::string_view component, std::string_view text) {
  log(which, default_node(), component, text);
}

void log(level which, std::string_view node, std::string_view component, std::string_view text) {
  if (!log_enabled(which))
    return;
  auto line = log_line(unix_ms(), which, node, component, text);
  // A log that cannot be written is nobody's reason to stop; there is no one to tell either.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace troupe::kit
