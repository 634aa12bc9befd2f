// What a status says to the checker of histories.
#pragma once
#include "messages/status.pb.h"
#include "tests/linearizability/history.h"

namespace troupe::linearizability {

inline outcome outcome_of(const msg::Status& status) {
  switch (status.code()) {
  case msg::OK:
    return outcome::ok;
  case msg::CONDITION_FAILED:
    return outcome::condition_failed;
  case msg::UNKNOWN_OUTCOME:
    return outcome::unknown;
  default:
    return outcome::failed;
  }
}

} // namespace troupe::linearizability
