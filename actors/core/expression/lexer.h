// Cuts the text of an expression into tokens. Never fails: what is no token of the language becomes an
// unknown one, and the parser refuses it where it stands. Inside core/expression only.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace troupe::expression {

struct token {
  enum class kind {
    word,    // a name, or the name of a function
    keyword, // AND OR NOT IN BETWEEN SET REMOVE ADD DELETE, in any case of letters
    name,    // #placeholder
    value,   // :placeholder
    integer, // without leading zeros
    symbol,  // = <> < <= > >= ( ) [ ] , . + -
    unknown, // any other character
    end,
  };
  kind what;
  std::string_view text; // "<EOF>" for the end
  std::size_t from, to;  // bytes of the expression
};

// The last token is the end. Views into `text`.
std::vector<token> lex(std::string_view text);

// ASCII letters without regard to case.
bool same_word(std::string_view a, std::string_view b);

// One letter, digit or underscore: what names without a placeholder are made of, after a first letter.
bool is_word_character(char c);

} // namespace troupe::expression
