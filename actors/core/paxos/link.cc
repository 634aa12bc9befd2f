// The links that make a log a chain. The ballot stays out of it: a value proposed again under a later ballot
// keeps its link, so equal links at an index mean equal values at every index up to there.
#include "actors/core/paxos/group.h"
#include <array>
#include <cstring>
#include <xxhash.h>

namespace troupe::paxos {

namespace {

// Numbers enter the hash as little endian bytes, so that a log can be read on any machine.
void put_number(std::array<unsigned char, 40>& bytes, std::size_t at, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i)
    bytes[at + i] = static_cast<unsigned char>(value >> (8 * i));
}

} // namespace

std::uint64_t link_of(std::uint64_t group, const msg::Entry& entry, std::uint64_t previous) {
  // The payload is hashed on its own first: one pass over long bytes, and a fixed frame around them.
  const std::string& payload = entry.payload();
  std::array<unsigned char, 40> frame;
  put_number(frame, 0, group);
  put_number(frame, 8, entry.index());
  put_number(frame, 16, static_cast<std::uint64_t>(entry.kind()));
  put_number(frame, 24, XXH3_64bits(payload.data(), payload.size()));
  put_number(frame, 32, previous);
  std::uint64_t link = XXH3_64bits(frame.data(), frame.size());
  return link == 0 ? 1 : link; // 0 stands for "unknown" and for "before the log"
}

} // namespace troupe::paxos
