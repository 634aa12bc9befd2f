#include "actors/core/expression/lexer.h"
#include <algorithm>
#include <array>

namespace troupe::expression {
namespace {

constexpr std::array<std::string_view, 9> keywords = {"AND", "OR",     "NOT", "IN",    "BETWEEN",
                                                      "SET", "REMOVE", "ADD", "DELETE"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_word_character(text[at]))
    ++at;
  return at;
}

// A character of UTF-8 is one token, so that messages quote whole characters.
std::size_t character_end(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
    ++at;
  return at;
}

token next(std::string_view text, std::size_t at) {
  const char c = text[at];
  const auto make = [&](token::kind what, std::size_t end) {
    return token{what, text.substr(at, end - at), at, end};
  };
  if (is_letter(c)) {
    token out = make(token::kind::word, word_end(text, at));
    if (std::any_of(keywords.begin(), keywords.end(), [&](auto word) { return same_word(word, out.text); }))
      out.what = token::kind::keyword;
    return out;
  }
  if (c == '#' || c == ':') {
    const std::size_t end = word_end(text, at + 1);
    if (end > at + 1)
      return make(c == '#' ? token::kind::name : token::kind::value, end);
    return make(token::kind::unknown, end);
  }
  if (is_digit(c)) {
    std::size_t end = at + 1;
    while (c != '0' && end < text.size() && is_digit(text[end]))
      ++end;
    return make(token::kind::integer, end);
  }
  const std::string_view two = text.substr(at, 2);
  if (two == "<>" || two == "<=" || two == ">=")
    return make(token::kind::symbol, at + 2);
  if (std::string_view("=<>()[],.+-").find(c) != std::string_view::npos)
    return make(token::kind::symbol, at + 1);
  return make(token::kind::unknown, character_end(text, at));
}

} // namespace

bool is_word_character(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

std::vector<token> lex(std::string_view text) {
  std::vector<token> out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    out.push_back(next(text, at));
    at = out.back().to;
  }
  out.push_back({token::kind::end, "<EOF>", text.size(), text.size()});
  return out;
}

} // namespace troupe::expression
