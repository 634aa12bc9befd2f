// Reading a snapshot back, whole or in the pieces in which it travels.
#include "config/limits.h"
#include "storage/bytes.h"
#include "storage/checksum.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include "storage/snapshot_format.h"
#include <algorithm>

namespace troupe::storage {

namespace format = snapshot_format;

namespace {

constexpr std::size_t sum_step_bytes = 128u << 10;
constexpr std::size_t verify_step_bytes = 64u << 20; // nobody waits meanwhile

} // namespace

struct snapshot_reader::state {
  std::string path;
  std::unique_ptr<file_reader> file;
  msg::SnapshotHeader header;
  msg::SnapshotHeader brief; // by which the pieces of one snapshot know each other
  std::uint64_t header_at = 0;
  std::uint64_t file_sum = 0;
  std::uint64_t at = 0;     // of the next block
  std::uint64_t blocks = 0; // read so far

  struct error damaged(const char* what) const {
    return {code::corrupt, path + ": " + what};
  }
  // How far it has been verified: first the sum of all bytes, then every record.
  struct progress {
    std::uint64_t offset = 0;
    running_checksum sum;
    bool summed = false;
    records_digest digest;
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    std::string before;
  };
  std::unique_ptr<progress> verifying; // null: nothing is

  result<void> read_header();
  result<bool> add_to_sum(std::size_t max_bytes);
};

result<void> snapshot_reader::state::read_header() {
  std::uint64_t size = file->size();
  // The header with its checksum and offset, then the tail.
  std::uint64_t least = format::magic.size() + 8 + format::tail_bytes;
  if (size < least)
    return damaged("too short for a snapshot");
  std::string tail(format::tail_bytes, '\0');
  if (auto done = file->read_at(size - tail.size(), tail.data(), tail.size()); !done)
    return done;
  std::string head(format::magic.size(), '\0');
  if (auto done = file->read_at(0, head.data(), head.size()); !done)
    return done;
  if (head != format::magic || tail.substr(16) != format::end_magic)
    return damaged("is not a whole snapshot");
  header_at = get_u64(tail.data());
  file_sum = get_u64(tail.data() + 8);
  if (header_at < format::magic.size() || header_at > size - format::tail_bytes - 8)
    return damaged("its end is damaged");
  std::string bytes(size - format::tail_bytes - header_at, '\0');
  if (auto done = file->read_at(header_at, bytes.data(), bytes.size()); !done)
    return done;
  std::string_view covered = std::string_view(bytes).substr(0, bytes.size() - 8);
  if (get_u64(bytes.data() + covered.size()) != checksum(covered) ||
      !header.ParseFromArray(covered.data(), static_cast<int>(covered.size())))
    return damaged("its header is damaged");
  if (header.version() != format::version)
    return error{code::refused, path + ": written in format version " + std::to_string(header.version()) +
                                    ", this program knows version " + std::to_string(format::version)};
  brief.set_version(header.version());
  brief.set_group(header.group());
  brief.set_index(header.index());
  brief.set_bytes(header.bytes());
  brief.set_digest(header.digest());
  return {};
}

result<std::unique_ptr<snapshot_reader>> snapshot_reader::open(const std::string& path) {
  auto s = std::make_unique<state>();
  s->path = path;
  auto file = file_reader::open(path);
  if (!file)
    return file.error();
  s->file = std::move(*file);
  s->at = format::magic.size();
  if (auto done = s->read_header(); !done)
    return done.error();
  return std::unique_ptr<snapshot_reader>(new snapshot_reader(std::move(s)));
}

snapshot_reader::snapshot_reader(std::unique_ptr<state> s) : state_(std::move(s)) {}
snapshot_reader::~snapshot_reader() = default;

const msg::SnapshotHeader& snapshot_reader::header() const {
  return state_->header;
}

std::uint64_t snapshot_reader::file_bytes() const {
  return state_->file->size();
}

std::uint64_t snapshot_reader::file_sum() const {
  return state_->file_sum;
}

void snapshot_reader::rewind() {
  state_->at = format::magic.size();
  state_->blocks = 0;
}

result<item_page> snapshot_reader::records() {
  auto& s = *state_;
  item_page page;
  if (s.at == s.header_at)
    return page;
  const std::uint64_t left = s.header_at - s.at;
  std::string bytes(format::block_head_bytes, '\0');
  if (left < bytes.size() + 8)
    return s.damaged("a block is cut short");
  if (auto done = s.file->read_at(s.at, bytes.data(), bytes.size()); !done)
    return done.error();
  const std::uint32_t length = get_u32(bytes.data());
  const std::uint32_t count = get_u32(bytes.data() + 4);
  if (length > format::block_bytes_max || left < format::block_head_bytes + length + 8)
    return s.damaged("a block's length is damaged");
  bytes.resize(format::block_head_bytes + length + 8);
  if (auto done = s.file->read_at(s.at, bytes.data(), bytes.size()); !done)
    return done.error();
  std::string_view covered = std::string_view(bytes).substr(0, bytes.size() - 8);
  if (get_u64(bytes.data() + covered.size()) != format::check_of_block(s.blocks, covered) ||
      !format::decode_records(count, covered.substr(format::block_head_bytes), page))
    return s.damaged(("block " + std::to_string(s.blocks) + " is damaged").c_str());
  s.at += bytes.size();
  s.blocks += 1;
  page.more = s.at < s.header_at;
  return page;
}

// Some more of the sum. True: all of it, and it fits.
result<bool> snapshot_reader::state::add_to_sum(std::size_t max_bytes) {
  auto& v = *verifying;
  std::string buffer(sum_step_bytes, '\0');
  const std::uint64_t end = file->size() - 16; // the checksum itself and what follows
  for (std::size_t read = 0; v.offset < end && read < max_bytes;) {
    std::size_t some = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - v.offset));
    if (auto done = file->read_at(v.offset, buffer.data(), some); !done)
      return done.error();
    v.sum.add({buffer.data(), some});
    v.offset += some;
    read += some;
  }
  if (v.offset < end)
    return false;
  if (v.sum.value() != file_sum)
    return damaged("its checksum does not fit");
  return true;
}

result<bool> snapshot_reader::verify_some(std::size_t max_bytes) {
  auto& s = *state_;
  if (!s.verifying) {
    s.verifying = std::make_unique<state::progress>();
    rewind();
  }
  auto sound = s.verifying->summed ? check_records(max_bytes) : s.add_to_sum(max_bytes);
  if (sound && *sound && !s.verifying->summed) {
    s.verifying->summed = true;
    return false;
  }
  if (!sound || *sound) {
    s.verifying.reset();
    rewind();
  }
  return sound;
}

result<bool> snapshot_reader::check_records(std::size_t max_bytes) {
  auto& s = *state_;
  auto& v = *s.verifying;
  for (std::size_t read = 0; read < max_bytes;) {
    auto page = records();
    if (!page)
      return page.error();
    for (const auto& [key, value] : page->records) {
      if (key.empty() || key <= v.before)
        return s.damaged("its records are out of order");
      v.before = key;
      v.digest.add(key, value);
      v.items += 1;
      v.bytes += key.size() + value.size();
      read += key.size() + value.size();
    }
    if (page->more)
      continue;
    if (v.items != s.header.items() || v.bytes != s.header.bytes() || v.digest.value() != s.header.digest())
      return s.damaged("its records are not those its header counts");
    return true;
  }
  return false;
}

result<void> snapshot_reader::verify() {
  state_->verifying.reset();
  for (;;) {
    auto sound = verify_some(verify_step_bytes);
    if (!sound)
      return sound.error();
    if (*sound)
      return {};
  }
}

result<msg::SnapshotChunk> snapshot_reader::piece(std::uint64_t chunk) {
  auto& s = *state_;
  const std::uint64_t pieces =
      (s.file->size() + limits::snapshot_chunk_bytes - 1) / limits::snapshot_chunk_bytes;
  if (chunk >= pieces)
    return error{code::missing,
                 s.path + ": has " + std::to_string(pieces) + " pieces, no number " + std::to_string(chunk)};
  const std::uint64_t offset = chunk * limits::snapshot_chunk_bytes;
  const std::uint64_t size = std::min<std::uint64_t>(limits::snapshot_chunk_bytes, s.file->size() - offset);
  msg::SnapshotChunk out;
  out.set_group(s.header.group());
  out.set_chunk(chunk);
  *out.mutable_header() = chunk == 0 ? s.header : s.brief;
  std::string& data = *out.mutable_data();
  data.resize(size);
  if (auto done = s.file->read_at(offset, data.data(), data.size()); !done)
    return done.error();
  out.set_checksum(checksum(data));
  out.set_snapshot(s.file_sum);
  out.set_last(chunk + 1 == pieces);
  return out;
}

} // namespace troupe::storage
