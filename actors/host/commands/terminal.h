// Where a command reads and writes, and how it may look there: colours for people, plain text for pipes.
#pragma once
#include <iosfwd>
#include <string>
#include <string_view>

namespace troupe::commands {

struct terminal {
  std::istream* in = nullptr;
  std::ostream* out = nullptr; // what was asked for
  std::ostream* err = nullptr; // what is said about it
  bool person = false;         // somebody reads `out`: it is a terminal
  bool colour = false;         // and shows colours
  bool colour_err = false;

  // The text as `out` shows it; without colours, as it is.
  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
  std::string green(std::string_view text) const;
  std::string yellow(std::string_view text) const;
  std::string red(std::string_view text) const;

  // "troupe: what went wrong" on `err`; `advice` on a line of its own unless it is empty.
  void complain(std::string_view what, std::string_view advice = {}) const;
};

// The program's own streams. Colours only on a terminal, and not when NO_COLOR is set (no-color.org) or TERM
// is "dumb".
terminal standard_terminal();

// Text from outside made fit for a terminal: control characters become \xNN, so that no name can steer it.
std::string printable(std::string_view text);

// Columns that the text takes on a terminal, counting UTF-8 characters as one each.
std::size_t width_of(std::string_view text);

} // namespace troupe::commands
