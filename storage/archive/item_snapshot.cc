#include "storage/archive/item_snapshot.h"
#include "storage/bytes.h"
#include "storage/checksum.h"

namespace troupe::storage {

namespace {

constexpr std::string_view opening = "TROUPEAS";
constexpr std::string_view closing = "TROUPEND";
constexpr std::uint32_t version = 1;

struct error wrong(const std::string& where, const char* what) {
  return {code::corrupt, where + ": " + what};
}

} // namespace

std::string write_snapshot_manifest(const archived_snapshot& what) {
  require(what.parts.size() <= snapshot_parts_max, "archived snapshot: no more parts than there may be");
  std::string bytes{opening};
  append_u32(bytes, version);
  for (auto& message : {what.about.SerializeAsString(), what.header.SerializeAsString()}) {
    append_u32(bytes, static_cast<std::uint32_t>(message.size()));
    bytes += message;
  }
  append_u32(bytes, static_cast<std::uint32_t>(what.parts.size()));
  for (auto& one : what.parts) {
    append_u64(bytes, one.bytes);
    append_u64(bytes, one.checksum);
  }
  append_u64(bytes, checksum(bytes));
  bytes += closing;
  return bytes;
}

result<archived_snapshot> read_snapshot_manifest(std::string_view bytes, const std::string& where) {
  auto tail = 8 + closing.size();
  if (bytes.size() < opening.size() + tail || !bytes.starts_with(opening) || !bytes.ends_with(closing))
    return wrong(where, "is no whole manifest of a snapshot");
  auto covered = bytes.substr(0, bytes.size() - tail);
  if (get_u64(bytes.data() + covered.size()) != checksum(covered))
    return wrong(where, "does not fit its checksum");
  byte_reader reader(covered.substr(opening.size()));
  if (auto is = reader.u32(); is != version)
    return error{code::refused, where + ": is of version " + std::to_string(is) + "; this program knows " +
                                    std::to_string(version)};
  archived_snapshot found;
  auto about = reader.bytes(reader.u32());
  auto header = reader.bytes(reader.u32());
  auto count = reader.u32();
  if (!reader.ok() || count > snapshot_parts_max || reader.rest().size() != 16 * std::size_t{count} ||
      !found.about.ParseFromArray(about.data(), static_cast<int>(about.size())) ||
      !found.header.ParseFromArray(header.data(), static_cast<int>(header.size())))
    return wrong(where, "cannot be read");
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& one = found.parts.emplace_back();
    one.bytes = reader.u64();
    one.checksum = reader.u64();
    if (one.bytes > snapshot_part_bytes)
      return wrong(where, "names a part that is too large");
  }
  return found;
}

} // namespace troupe::storage
