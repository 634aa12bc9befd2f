#include "storage/checksum.h"
#include "storage/bytes.h"
#include "storage/result.h"
#define XXH_STATIC_LINKING_ONLY // for the state's size
#include <xxhash.h>

namespace troupe::storage {

std::uint64_t checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t record_checksum(std::string_view key, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

struct running_checksum::state {
  XXH3_state_t xxh;
};

running_checksum::running_checksum() : state_(std::make_unique<state>()) {
  XXH3_64bits_reset(&state_->xxh);
}

running_checksum::~running_checksum() = default;

void running_checksum::add(std::string_view bytes) {
  XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}

std::uint64_t running_checksum::value() const {
  return XXH3_64bits_digest(&state_->xxh);
}

void records_digest::add(std::string_view key, std::string_view value) {
  char head[16];
  put_u64(head, key.size());
  put_u64(head + 8, value.size());
  sum_.add({head, sizeof head});
  sum_.add(key);
  sum_.add(value);
}

} // namespace troupe::storage
