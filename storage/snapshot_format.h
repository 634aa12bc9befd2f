// The bytes of a snapshot file: docs/formats.md, "Snapshot file", in code.
#pragma once
#include "messages/replication.pb.h"
#include "storage/item_store.h"
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::storage::snapshot_format {

inline constexpr std::uint32_t version = 1;
inline constexpr std::string_view magic = "TROUPESN";
inline constexpr std::string_view end_magic = "TROUPEND";

// A block: length of its records 4, their number 4, the records, checksum 8 over the block's number 8 and all
// before.
inline constexpr std::size_t block_head_bytes = 8;
inline constexpr std::size_t block_bytes = 64 * 1024;    // of records; more only when one record is longer
inline constexpr std::size_t block_bytes_max = 8u << 20; // a length above that is damage
// At the end: offset of the header 8, checksum of everything before this field 8, end_magic 8.
inline constexpr std::size_t tail_bytes = 24;

void append_record(std::string& records, std::string_view key, std::string_view value);
// A whole block from its records.
std::string block(std::uint64_t number, std::uint32_t count, std::string_view records);
std::uint64_t check_of_block(std::uint64_t number, std::string_view head_and_records);
// False: damaged.
bool decode_records(std::uint32_t count, std::string_view records, item_page& into);

} // namespace troupe::storage::snapshot_format
