// DynamoDB's limits on expressions (Developer Guide, "Quotas in Amazon DynamoDB", expression parameters).
#pragma once
#include <cstddef>

namespace troupe::expression::bounds {

inline constexpr std::size_t text_bytes = 4096;
inline constexpr std::size_t operators = 300; // comparisons, AND, OR, NOT, functions, + and -
inline constexpr std::size_t in_operands = 100;
inline constexpr std::size_t path_elements = 32;
inline constexpr std::size_t placeholder_bytes = 255; // with its # or :
inline constexpr std::size_t substituted_bytes = 2u << 20;
inline constexpr std::size_t list_index = 2'147'483'647;

// Parentheses, NOTs and calls inside each other. What nests more deeply has more than 300 operators, or
// parentheses that say nothing, and is refused for that in any case: this bounds the stack while finding out.
inline constexpr int nesting = 320;

} // namespace troupe::expression::bounds
