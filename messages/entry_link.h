// The checksum that chains a group's log entries. It stands beside the messages because both the replication
// core and the log store compute it and neither may see the other.
//
//   link = XXH3-64, seed 0, over these 40 bytes, integers little-endian:
//     group 8, index 8, kind 8, XXH3-64 of the payload 8, previous link 8
//   and 1 where that gives 0, because 0 stands for "before the log" and "unknown".
//
// The payload is hashed on its own: one pass over long bytes, and a fixed frame around it. The ballot is not
// in it: a value that is proposed again under a new ballot keeps its link, so that equal links mean equal
// logs up to there. Before the first entry the previous link is 0.
#pragma once
#include "messages/replication.pb.h"
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <xxhash.h>

namespace troupe {

inline std::uint64_t entry_link(std::uint64_t group, std::uint64_t index, std::uint64_t kind,
                                std::string_view payload, std::uint64_t previous) {
  const std::uint64_t fields[] = {group, index, kind, XXH3_64bits(payload.data(), payload.size()), previous};
  unsigned char frame[sizeof fields];
  auto* out = frame;
  for (auto field : fields)
    for (std::size_t i = 0; i < sizeof field; ++i)
      *out++ = static_cast<unsigned char>(field >> (8 * i));
  auto link = XXH3_64bits(frame, sizeof frame);
  return link == 0 ? 1 : link;
}

// What `link` of this entry must be after an entry whose link is `previous`. Reads index, kind and payload.
inline std::uint64_t entry_link(std::uint64_t group, const msg::Entry& entry, std::uint64_t previous) {
  return entry_link(group, entry.index(), static_cast<std::uint64_t>(entry.kind()), entry.payload(),
                    previous);
}

} // namespace troupe
