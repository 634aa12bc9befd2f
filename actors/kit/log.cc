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

log_level level_of_environment() {
  const char* wish = std::getenv("TROUPE_LOG");
  return wish ? parse_log_level(wish).value_or(log_level::info) : log_level::info;
}

std::atomic<log_level>& threshold() {
  static std::atomic<log_level> level{level_of_environment()};
  return level;
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

std::optional<log_level> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return static_cast<log_level>(i);
  return std::nullopt;
}

std::string_view name_of(log_level level) {
  return names[static_cast<std::size_t>(level)];
}

void set_log_level(log_level level) {
  threshold() = level;
}

bool log_enabled(log_level level) {
  return level <= threshold().load(std::memory_order_relaxed);
}

void set_log_node(std::string node) {
  default_node() = std::move(node);
}

std::string log_line(std::int64_t time, log_level level, std::string_view node, std::string_view component,
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
  line += name_of(level);
  line.append(8 - name_of(level).size(), ' ');
  append_flat(line, node);
  line += ' ';
  append_flat(line, component);
  line += ": ";
  append_flat(line, text);
  line += '\n';
  return line;
}

void log(log_level level, std::string_view component, std::string_view text) {
  log(level, default_node(), component, text);
}

void log(log_level level, std::string_view node, std::string_view component, std::string_view text) {
  if (!log_enabled(level))
    return;
  auto line = log_line(unix_ms(), level, node, component, text);
  // A log that cannot be written is nobody's reason to stop; there is no one to tell either.
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace troupe::kit
