// Broken invariants end the process, in release builds too: a replica that has lost its own rules must not go
// on voting. What a peer sends is never an invariant of ours; it is checked, refused and counted.
#pragma once
#include <cstdio>
#include <cstdlib>

namespace troupe::paxos {

inline void invariant(bool holds, const char* name) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "broken invariant of core/paxos: %s\n", name);
  std::abort();
}

} // namespace troupe::paxos
