// The checksum that chains a group's log entries. It stands beside the messages because both the replication
// core and the log store compute it and neither may see the other.
//
//   link = XXH3-64, seed 0, over these bytes, integers little-endian:
//     group 8, index 8, kind 4, length of payload 8, payload, previous link 8
//
// The ballot is not in it: a value that is proposed again under a new ballot keeps its link, so that equal
// links mean equal logs up to there. Before the first entry the previous link is 0.
#pragma once
#include "messages/replication.pb.h"
#include <cstddef>
#include <cstdint>
#include <string_view>
// For the state's size, which xxhash.h keeps back from those who link dynamically: here it lies on the stack.
// The layout is part of every 0.8 release.
#ifndef XXH_STATIC_LINKING_ONLY
#define XXH_STATIC_LINKING_ONLY
#endif
#include <xxhash.h>

namespace troupe {

namespace entry_link_detail {

template <class Integer>
unsigned char* put_little_endian(unsigned char* out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    *out++ = static_cast<unsigned char>(value >> (8 * i));
  return out;
}

} // namespace entry_link_detail

inline std::uint64_t entry_link(std::uint64_t group, std::uint64_t index, std::uint32_t kind,
                                std::string_view payload, std::uint64_t previous) {
  using entry_link_detail::put_little_endian;
  unsigned char head[28];
  unsigned char* end = put_little_endian(head, group);
  end = put_little_endian(end, index);
  end = put_little_endian(end, kind);
  put_little_endian(end, static_cast<std::uint64_t>(payload.size()));
  unsigned char tail[8];
  put_little_endian(tail, previous);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, head, sizeof head);
  XXH3_64bits_update(&state, payload.data(), payload.size());
  XXH3_64bits_update(&state, tail, sizeof tail);
  return XXH3_64bits_digest(&state);
}

// What `link` of this entry must be after an entry whose link is `previous`. Reads index, kind and payload.
inline std::uint64_t entry_link(std::uint64_t group, const msg::Entry& entry, std::uint64_t previous) {
  return entry_link(group, entry.index(), static_cast<std::uint32_t>(entry.kind()), entry.payload(),
                    previous);
}

} // namespace troupe
