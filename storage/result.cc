#include "storage/result.h"
#include <cstdio>
#include <cstdlib>

namespace troupe::storage {

const char* name_of(enum code code) {
  switch (code) {
  case code::full:
    return "full";
  case code::io:
    return "io";
  case code::io_fatal:
    return "io_fatal";
  case code::corrupt:
    return "corrupt";
  case code::missing:
    return "missing";
  case code::busy:
    return "busy";
  case code::refused:
    return "refused";
  }
  broken("storage code: unknown");
}

void broken(const char* invariant) {
  std::fprintf(stderr, "troupe: broken invariant: %s\n", invariant);
  std::fflush(stderr);
  std::abort();
}

} // namespace troupe::storage
