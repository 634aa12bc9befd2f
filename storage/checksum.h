// The checksums of bytes that sleep: XXH3-64, seed 0 unless said otherwise. The chain of log entries is
// messages/entry_link.h.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

namespace troupe::storage {

std::uint64_t checksum(std::string_view bytes);

// Over a key and its value: XXH3-64 of the value, seeded with XXH3-64 of the key.
std::uint64_t record_checksum(std::string_view key, std::string_view value);

// Of bytes that come in pieces; equal to checksum() of all of them.
class running_checksum {
public:
  running_checksum();
  ~running_checksum();
  running_checksum(const running_checksum&) = delete;
  running_checksum& operator=(const running_checksum&) = delete;

  void add(std::string_view bytes);
  std::uint64_t value() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

// The digest of items: over each record in ascending key order, length of key 8, length of value 8
// (little-endian), key, value.
class records_digest {
public:
  void add(std::string_view key, std::string_view value);
  std::uint64_t value() const { return sum_.value(); }

private:
  running_checksum sum_;
};

} // namespace troupe::storage
