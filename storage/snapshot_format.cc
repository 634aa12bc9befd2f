#include "storage/snapshot_format.h"
#include "storage/bytes.h"
#include "storage/checksum.h"

namespace troupe::storage::snapshot_format {

void append_record(std::string& records, std::string_view key, std::string_view value) {
  append_u32(records, static_cast<std::uint32_t>(key.size()));
  append_u32(records, static_cast<std::uint32_t>(value.size()));
  records += key;
  records += value;
}

std::uint64_t check_of_block(std::uint64_t number, std::string_view head_and_records) {
  return record_checksum({reinterpret_cast<const char*>(&number), sizeof number}, head_and_records);
}

std::string block(std::uint64_t number, std::uint32_t count, std::string_view records) {
  std::string out;
  out.reserve(block_head_bytes + records.size() + 8);
  append_u32(out, static_cast<std::uint32_t>(records.size()));
  append_u32(out, count);
  out += records;
  append_u64(out, check_of_block(number, out));
  return out;
}

bool decode_records(std::uint32_t count, std::string_view records, item_page& into) {
  byte_reader in(records);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t key_bytes = in.u32();
    std::uint32_t value_bytes = in.u32();
    std::string_view key = in.bytes(key_bytes);
    std::string_view value = in.bytes(value_bytes);
    if (!in.ok())
      return false;
    into.records.emplace_back(key, value);
  }
  return in.rest().empty();
}

} // namespace troupe::storage::snapshot_format
