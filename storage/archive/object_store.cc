#include "storage/archive/object_store.h"
#include <algorithm>

namespace troupe::storage {

bool is_object_name(std::string_view name) {
  if (name.empty() || name.size() > object_name_bytes || name.back() == '/')
    return false;
  char before = '/';
  for (char c : name) {
    auto plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!plain && c != '.' && c != '/')
      return false;
    if (before == '/' && (c == '/' || c == '.'))
      return false;
    before = c;
  }
  return true;
}

} // namespace troupe::storage
