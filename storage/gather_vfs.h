// A layer between SQLite and its disk that gathers the writes to a WAL. SQLite writes each page of a
// transaction in two calls, the frame's head and the page; to the kernel each costs more than the bytes in
// it. Here they wait in memory as long as they continue each other, and go down in one call: when the
// transaction ends, when SQLite syncs or reads what waits, or past `gather_bytes`. So at the end of a
// transaction the file holds what it would hold without this layer, and a write that the disk refuses fails
// the transaction that it belongs to. All other files are handed through.
#pragma once
#include <cstddef>
#include <string>

namespace troupe::storage {

inline constexpr std::size_t gather_bytes = 64u << 10; // a single write may be longer

// The name of the layer above the VFS of that name (empty: the system's own), registered when first asked
// for. That VFS must stay. Threads: any.
std::string gathering(const std::string& below);

} // namespace troupe::storage
