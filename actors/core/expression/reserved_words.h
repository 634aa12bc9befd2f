// The names that DynamoDB does not accept without a placeholder (Developer Guide, "Reserved words in
// DynamoDB"). Inside core/expression only.
#pragma once
#include <cstddef>
#include <string_view>

namespace troupe::expression {

// In any case of letters.
bool is_reserved(std::string_view name);

std::size_t count_reserved_words();

} // namespace troupe::expression
