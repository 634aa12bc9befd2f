// The input is a segment of the archive as it stands, and once more with its checksums put right, so that
// what lies behind them is reached: lengths, the compressed frame, the entries.
#include "fuzz.h"
#include "storage/archive/segment.h"
#include "storage/bytes.h"
#include "storage/checksum.h"
#include <cstdint>
#include <string>

using namespace troupe;

namespace {

void check(std::string_view bytes) {
  const auto found = storage::read_segment(bytes, "input");
  if (!found) {
    FUZZ_CHECK(!found.error().text.empty());
    return;
  }
  const auto& manifest = found->manifest;
  FUZZ_CHECK(found->entries.size() == manifest.last() - manifest.first() + 1);
  FUZZ_CHECK(found->entries.front().index() == manifest.first());
  FUZZ_CHECK(found->entries.back().link() == manifest.last_link());
  std::uint64_t content = 0;
  for (const auto& entry : found->entries)
    content += storage::segment_content_bytes(entry);
  FUZZ_CHECK(content == manifest.content_bytes());
}

std::string with_checksums(std::string_view input) {
  std::string bytes(input);
  if (bytes.size() < 12)
    return bytes;
  const std::size_t head_end = 12 + std::size_t{storage::get_u32(bytes.data() + 8)};
  if (bytes.size() < head_end + 24)
    return bytes;
  bytes.replace(0, 8, "TROUPEAL");
  storage::put_u64(bytes.data() + head_end, storage::checksum(std::string_view(bytes).substr(0, head_end)));
  const auto covered = bytes.size() - 16;
  bytes.replace(covered + 8, 8, "TROUPEND");
  storage::put_u64(bytes.data() + covered, storage::checksum(std::string_view(bytes).substr(0, covered)));
  return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input);
  check(with_checksums(input));
  return 0;
}
