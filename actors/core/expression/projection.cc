#include "actors/core/expression/projection.h"
#include "actors/core/expression/path.h"

namespace troupe::expression {

std::optional<projection> projection::make(const msg::ProjectionExpression& from) {
  projection out;
  for (const auto& path : from.paths()) {
    if (!is_sound(path))
      return {};
    out.paths_.add(path);
  }
  return out;
}

} // namespace troupe::expression
