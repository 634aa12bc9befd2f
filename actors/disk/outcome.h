// Storage's errors in the words that replicas know.
#pragma once
#include "actors/wire/storage_roles.h"
#include "storage/result.h"

namespace troupe::disk {

inline wire::disk_result outcome_of(const storage::error& why) {
  switch (why.code) {
  case storage::code::full:
    return {wire::disk_outcome::full, why.text};
  case storage::code::corrupt:
    return {wire::disk_outcome::corrupt, why.text};
  case storage::code::missing:
    return {wire::disk_outcome::missing, why.text};
  case storage::code::refused:
    return {wire::disk_outcome::refused, why.text};
  default:
    return {wire::disk_outcome::failed, why.text};
  }
}

} // namespace troupe::disk
