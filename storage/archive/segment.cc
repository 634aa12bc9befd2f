#include "storage/archive/segment.h"
#include "messages/entry_link.h"
#include "storage/bytes.h"
#include "storage/checksum.h"
#include <zstd.h>

namespace troupe::storage {

namespace {

constexpr std::string_view opening = "TROUPEAL";
constexpr std::string_view closing = "TROUPEND";
constexpr std::uint32_t version = 1;
constexpr int level = 3; // zstd's own default
constexpr std::size_t entry_head = 8;
constexpr std::size_t least = 8 + 4 + 8 + 8 + 8; // opening, length, two checksums, closing

struct error wrong(const std::string& where, const std::string& what) {
  return {code::corrupt, where + ": " + what};
}

// Checks the chain as it goes, and notes what the manifest says of it.
result<std::string> join(msg::SegmentManifest& manifest, const std::vector<msg::Entry>& entries) {
  auto who = "group " + std::to_string(manifest.group());
  std::string content;
  auto link = entries.front().previous_link();
  auto index = entries.front().index();
  std::int64_t first_time = 0, last_time = 0;
  for (auto& entry : entries) {
    auto here = who + ", entry " + std::to_string(entry.index());
    if (entry.index() != index)
      return wrong(here, "stands where " + std::to_string(index) + " should");
    if (entry.previous_link() != link)
      return wrong(here, "does not follow the entry before it");
    if (entry.link() != entry_link(manifest.group(), entry, link))
      return wrong(here, "its link does not fit");
    if (entry.kind() == msg::Entry::COMMAND) {
      msg::Command command;
      if (!command.ParseFromString(entry.payload()))
        return wrong(here, "its command cannot be read");
      first_time = first_time == 0 ? command.time_ms() : first_time;
      last_time = command.time_ms();
    }
    append_u32(content, static_cast<std::uint32_t>(entry.kind()));
    append_u32(content, static_cast<std::uint32_t>(entry.payload().size()));
    content += entry.payload();
    link = entry.link();
    ++index;
  }
  manifest.set_version(version);
  manifest.set_first(entries.front().index());
  manifest.set_last(entries.back().index());
  manifest.set_first_time_ms(first_time);
  manifest.set_last_time_ms(last_time);
  manifest.set_previous_link(entries.front().previous_link());
  manifest.set_last_link(link);
  manifest.set_content_bytes(content.size());
  manifest.set_content_checksum(checksum(content));
  return content;
}

// The entries back out of the content; each takes entry_head bytes at least, so the manifest cannot ask for
// more memory than there is content for.
result<std::vector<msg::Entry>> divide(const msg::SegmentManifest& manifest, std::string_view content,
                                       const std::string& where) {
  auto count = manifest.last() - manifest.first() + 1;
  if (manifest.first() == 0 || manifest.last() < manifest.first() || count > content.size() / entry_head)
    return wrong(where, "its manifest does not fit its entries");
  std::vector<msg::Entry> entries;
  entries.reserve(count);
  byte_reader reader(content);
  auto link = manifest.previous_link();
  for (auto index = manifest.first(); index <= manifest.last(); ++index) {
    auto kind = reader.u32();
    auto payload = reader.bytes(reader.u32());
    if (!reader.ok() || !msg::Entry::Kind_IsValid(static_cast<int>(kind)))
      return wrong(where, "entry " + std::to_string(index) + " cannot be read");
    auto& entry = entries.emplace_back();
    entry.set_index(index);
    entry.set_kind(static_cast<msg::Entry::Kind>(kind));
    entry.set_payload(payload.data(), payload.size());
    entry.set_previous_link(link);
    link = entry_link(manifest.group(), entry, link);
    entry.set_link(link);
  }
  if (!reader.rest().empty())
    return wrong(where, "something stands behind its last entry");
  if (link != manifest.last_link())
    return wrong(where, "its entries do not lead to the link that its manifest names");
  return entries;
}

} // namespace

std::uint64_t segment_content_bytes(const msg::Entry& entry) {
  return entry_head + entry.payload().size();
}

result<std::string> write_segment(const msg::SegmentManifest& about, const std::vector<msg::Entry>& entries) {
  require(!entries.empty(), "segment: it has an entry");
  auto manifest = about;
  auto content = join(manifest, entries);
  if (!content)
    return content.error();
  require(content->size() <= segment_content_max, "segment: no larger than one may be");
  std::string packed(ZSTD_compressBound(content->size()), '\0');
  auto size = ZSTD_compress(packed.data(), packed.size(), content->data(), content->size(), level);
  require(!ZSTD_isError(size), "segment: content can be compressed");
  packed.resize(size);
  manifest.set_stored_bytes(size);

  auto head = manifest.SerializeAsString();
  require(head.size() <= segment_manifest_max, "segment: a manifest is short");
  std::string bytes{opening};
  bytes.reserve(least + head.size() + packed.size());
  append_u32(bytes, static_cast<std::uint32_t>(head.size()));
  bytes += head;
  append_u64(bytes, checksum(bytes));
  bytes += packed;
  append_u64(bytes, checksum(bytes));
  bytes += closing;
  return bytes;
}

namespace {

// And `reader` stands behind it.
result<msg::SegmentManifest> take_manifest(std::string_view bytes, byte_reader& reader,
                                           const std::string& where) {
  if (!bytes.starts_with(opening))
    return wrong(where, "is no segment");
  reader = byte_reader(bytes.substr(opening.size()));
  auto head = reader.bytes(reader.u32());
  auto head_sum = reader.u64();
  if (!reader.ok() || head.size() > segment_manifest_max ||
      head_sum != checksum(bytes.substr(0, opening.size() + 4 + head.size())))
    return wrong(where, "its manifest does not fit its checksum");
  msg::SegmentManifest manifest;
  if (!manifest.ParseFromArray(head.data(), static_cast<int>(head.size())))
    return wrong(where, "its manifest cannot be read");
  if (manifest.version() != version)
    return error{code::refused, where + ": is of version " + std::to_string(manifest.version()) +
                                    "; this program knows " + std::to_string(version)};
  return manifest;
}

} // namespace

result<msg::SegmentManifest> read_manifest(std::string_view bytes, const std::string& where) {
  byte_reader reader(bytes);
  return take_manifest(bytes, reader, where);
}

result<segment> read_segment(std::string_view bytes, const std::string& where) {
  if (bytes.size() < least)
    return wrong(where, "is no segment");
  if (!bytes.ends_with(closing))
    return wrong(where, "its end is missing");
  byte_reader reader(bytes);
  auto read = take_manifest(bytes, reader, where);
  if (!read)
    return read.error();
  segment found;
  found.manifest = std::move(*read);
  auto& manifest = found.manifest;
  auto packed = reader.rest();
  if (packed.size() < 8 + closing.size() || packed.size() - 8 - closing.size() != manifest.stored_bytes() ||
      manifest.content_bytes() > segment_content_max)
    return wrong(where, "its manifest does not fit its size");
  packed.remove_suffix(8 + closing.size());
  auto covered = bytes.size() - 8 - closing.size();
  if (get_u64(bytes.data() + covered) != checksum(bytes.substr(0, covered)))
    return wrong(where, "does not fit its checksum");
  // What the frame itself says comes before memory is taken for it.
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != manifest.content_bytes())
    return wrong(where, "its compressed entries are of another size");
  std::string content(manifest.content_bytes(), '\0');
  auto size = ZSTD_decompress(content.data(), content.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) || size != content.size() || checksum(content) != manifest.content_checksum())
    return wrong(where, "its entries cannot be read");
  auto entries = divide(manifest, content, where);
  if (!entries)
    return entries.error();
  found.entries = std::move(*entries);
  return found;
}

} // namespace troupe::storage
