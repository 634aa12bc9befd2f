// What the program says while it runs: one line per event on stderr.
//
//   2026-03-01T12:00:00.123Z info  n1 agent: started 12 replicas
//
// Time (UTC), level, node, component, message. A line is written with a single write(2), so that lines of
// several threads and processes never mix. The level comes from set_log_level(), else from the environment
// variable TROUPE_LOG (error, warning, info, debug), else it is info.
//
// Thread: any.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::kit {

enum class level { error, warning, info, debug };

// Nothing when the name is none of the four.
std::optional<level> parse_log_level(std::string_view name);
std::string_view name_of(level which);

void set_log_level(level which);
bool log_enabled(level which); // ask before building an expensive text

// The node that lines without one are about: the only node of this process. Called before threads start.
void set_log_node(std::string node);

// `text` is cut at 4 KiB; line breaks in it become spaces.
void log(level which, std::string_view component, std::string_view text);
void log(level which, std::string_view node, std::string_view component, std::string_view text);

// The line itself, with its line break; for tests.
std::string log_line(std::int64_t unix_ms, level which, std::string_view node, std::string_view component,
                     std::string_view text);

} // namespace troupe::kit
