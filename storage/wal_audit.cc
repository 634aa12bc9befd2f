#include "storage/wal_audit.h"
#include "storage/files.h"
#include <bit>
#include <vector>

namespace troupe::storage {

namespace {

constexpr std::size_t head_bytes = 32;
constexpr std::size_t frame_head_bytes = 24;
constexpr std::uint32_t magic_little = 0x377f0682; // the low bit says in which order checksums take words
constexpr std::uint32_t magic_big = 0x377f0683;

std::uint32_t big_endian(const char* in) {
  std::uint32_t value;
  std::memcpy(&value, in, sizeof value);
  return __builtin_bswap32(value);
}

struct rolling {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  bool operator==(const rolling&) const = default;

  void add(const char* in, std::size_t size, bool big) {
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
      std::uint32_t x, y;
      std::memcpy(&x, in + i, sizeof x);
      std::memcpy(&y, in + i + 4, sizeof y);
      a += (big ? __builtin_bswap32(x) : x) + b;
      b += (big ? __builtin_bswap32(y) : y) + a;
    }
  }
};

struct frame {
  std::uint32_t commit = 0; // pages in the file after the commit that this frame ends; 0: it ends none
  std::uint32_t salt_a = 0, salt_b = 0;
  rolling stored;
};

} // namespace

result<wal_audit> audit_wal(const std::string& path) {
  wal_audit audit;
  auto file = file_reader::open(path);
  if (!file) {
    if (file.error().code == code::missing)
      return audit;
    return file.error();
  }
  std::string head(head_bytes, '\0');
  if (auto done = (*file)->read_at(0, head.data(), head.size()); !done) {
    if (done.error().code == code::missing)
      return audit; // shorter than that
    return done.error();
  }
  std::uint32_t magic = big_endian(head.data());
  std::uint32_t page = big_endian(head.data() + 8);
  bool sane = (magic == magic_little || magic == magic_big) && page >= 512 && page <= 65536 &&
              std::has_single_bit(page);
  audit.present = (*file)->size() >= head_bytes + frame_head_bytes + (sane ? page : 512);
  rolling running;
  running.add(head.data(), 24, magic == magic_big);
  if (!sane || running != rolling{big_endian(head.data() + 24), big_endian(head.data() + 28)}) {
    // The header lies in one sector, which a disk writes whole: this one was damaged later.
    audit.synced_frames_lost = audit.present;
    return audit;
  }
  const bool big = magic == magic_big;
  const std::uint32_t salt_a = big_endian(head.data() + 16);
  const std::uint32_t salt_b = big_endian(head.data() + 20);
  const std::uint64_t frame_bytes = frame_head_bytes + page;
  std::string bytes(frame_bytes, '\0');
  bool replaying = true;
  frame before;
  before.stored = running;
  for (std::uint64_t at = head_bytes; at + frame_bytes <= (*file)->size(); at += frame_bytes) {
    if (auto done = (*file)->read_at(at, bytes.data(), bytes.size()); !done)
      return done.error();
    frame now;
    now.commit = big_endian(bytes.data() + 4);
    now.salt_a = big_endian(bytes.data() + 8);
    now.salt_b = big_endian(bytes.data() + 12);
    now.stored = {big_endian(bytes.data() + 16), big_endian(bytes.data() + 20)};
    rolling sum = before.stored;
    sum.add(bytes.data(), 8, big);
    sum.add(bytes.data() + frame_head_bytes, page, big);
    bool current = now.salt_a == salt_a && now.salt_b == salt_b;
    bool follows = current && sum == now.stored && big_endian(bytes.data()) != 0;
    if (replaying && follows) {
      ++audit.frames;
    } else if (!replaying && follows && before.commit != 0 && before.salt_a == salt_a &&
               before.salt_b == salt_b) {
      audit.synced_frames_lost = true;
      return audit;
    } else {
      replaying = false;
    }
    before = now;
  }
  return audit;
}

} // namespace troupe::storage
