#include "actors/gateway/api/operations.h"
#include <algorithm>

namespace troupe::api {

namespace {

constexpr bool ascending() {
  for (std::size_t i = 1; i < all_operations.size(); ++i)
    if (!(all_operations[i - 1].name < all_operations[i].name))
      return false;
  return true;
}
static_assert(ascending());

} // namespace

const known_operation* find_operation(std::string_view name) {
  const auto it = std::lower_bound(all_operations.begin(), all_operations.end(), name,
                                   [](const known_operation& o, std::string_view n) { return o.name < n; });
  return it != all_operations.end() && it->name == name ? &*it : nullptr;
}

} // namespace troupe::api
