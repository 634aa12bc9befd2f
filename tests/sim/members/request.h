// What clients ask members and what they are answered. Copied, never shared, as if it had been serialized.
#pragma once
#include "tests/sim/members/items.h"
#include "tests/sim/world/network.h"
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::sim {

enum class operation { put, remove, compare_and_set, read, eventual_read };

struct request {
  node_id client = 0; // where the answer goes
  request_key id;     // the same for all attempts
  std::uint32_t attempt = 0;
  operation what = operation::put;
  std::string key;
  std::optional<std::string> expected; // compare_and_set; nothing: the key must be absent
  std::optional<std::string> written;  // nothing: the key is removed

  bool writes() const { return what != operation::read && what != operation::eventual_read; }
};

enum class answer : int {
  done,
  refused, // compare_and_set: the condition did not hold
  moved,   // not proposed here, and never will be for this attempt; `leader` may know more
  unknown, // proposed, and nobody here knows what became of it
};

struct reply {
  request_key id;
  std::uint32_t attempt = 0;
  answer what = answer::unknown;
  std::optional<std::string> value; // reads
  member_id leader = 0;             // moved; 0 when not known
  log_index index = 0;              // reads: of the state that was read
};

} // namespace troupe::sim
