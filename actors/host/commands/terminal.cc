#include "actors/host/commands/terminal.h"
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace troupe::commands {

namespace {

std::string painted(bool colour, const char* code, std::string_view text) {
  if (!colour || text.empty())
    return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

bool shows_colours(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) == 1 && (no_colour == nullptr || *no_colour == '\0') && kind != nullptr &&
         std::string_view(kind) != "dumb";
}

} // namespace

std::string terminal::bold(std::string_view text) const {
  return painted(colour, "1", text);
}
std::string terminal::dim(std::string_view text) const {
  return painted(colour, "2", text);
}
std::string terminal::green(std::string_view text) const {
  return painted(colour, "32", text);
}
std::string terminal::yellow(std::string_view text) const {
  return painted(colour, "33", text);
}
std::string terminal::red(std::string_view text) const {
  return painted(colour, "31", text);
}

void terminal::complain(std::string_view what, std::string_view advice) const {
  *err << painted(colour_err, "31", "troupe:") << ' ' << printable(what) << '\n';
  if (!advice.empty())
    *err << "  " << advice << '\n';
}

terminal standard_terminal() {
  terminal t;
  t.in = &std::cin;
  t.out = &std::cout;
  t.err = &std::cerr;
  t.person = isatty(STDOUT_FILENO) == 1;
  t.colour = shows_colours(STDOUT_FILENO);
  t.colour_err = shows_colours(STDERR_FILENO);
  return t;
}

std::string printable(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (unsigned char c : text) {
    if (c >= 0x20 && c != 0x7f) {
      result += static_cast<char>(c);
      continue;
    }
    result += "\\x";
    result += digits[c >> 4];
    result += digits[c & 15];
  }
  return result;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (unsigned char c : text)
    width += (c & 0xc0) != 0x80;
  return width;
}

} // namespace troupe::commands
