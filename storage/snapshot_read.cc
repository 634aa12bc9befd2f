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

struct snapshot_reader::state {
  std::string path;
  std::unique_ptr<file_reader> file;
  msg::SnapshotHeader header;
  msg::SnapshotHeader brief; // by which the pieces of one snapshot know each other
  std::uint64_t header_at = 0;
  std::uint64_t file_sum = 0;
  // How far its records have been read, and what they came to.
  struct progress {
    std::uint64_t at = format::magic.size(); // of the next block
    std::uint64_t blocks = 0;
    running_checksum sum; // of all bytes before `at`
    records_digest digest;
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    std::string before; // the last key
    bool sound = false; // all of it has been read, and is
  };
  std::unique_ptr<progress> pass;

  struct error damaged(const char* what) const {
    return {code::corrupt, path + ": " + what};
  }
  void rewind();
  result<void> read_header();
  result<void> count(const item_page& page);
  result<void> sum_up();
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
  if (auto done = s->read_header(); !done)
    return done.error();
  s->rewind();
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

void snapshot_reader::state::rewind() {
  pass = std::make_unique<progress>();
  pass->sum.add(format::magic);
}

void snapshot_reader::rewind() {
  state_->rewind();
}

result<item_page> snapshot_reader::records() {
  auto& s = *state_;
  auto& pass = *s.pass;
  item_page page;
  if (pass.at < s.header_at) {
    const std::uint64_t left = s.header_at - pass.at;
    std::string bytes(format::block_head_bytes, '\0');
    if (left < bytes.size() + 8)
      return s.damaged("a block is cut short");
    if (auto done = s.file->read_at(pass.at, bytes.data(), bytes.size()); !done)
      return done.error();
    const std::uint32_t length = get_u32(bytes.data());
    const std::uint32_t count = get_u32(bytes.data() + 4);
    if (length > format::block_bytes_max || left < format::block_head_bytes + length + 8)
      return s.damaged("a block's length is damaged");
    bytes.resize(format::block_head_bytes + length + 8);
    if (auto done = s.file->read_at(pass.at, bytes.data(), bytes.size()); !done)
      return done.error();
    std::string_view covered = std::string_view(bytes).substr(0, bytes.size() - 8);
    if (get_u64(bytes.data() + covered.size()) != format::check_of_block(pass.blocks, covered) ||
        !format::decode_records(count, covered.substr(format::block_head_bytes), page))
      return s.damaged(("block " + std::to_string(pass.blocks) + " is damaged").c_str());
    pass.at += bytes.size();
    pass.blocks += 1;
    pass.sum.add(bytes);
    if (auto counted = s.count(page); !counted)
      return counted.error();
  }
  page.more = pass.at < s.header_at;
  if (!page.more)
    if (auto sound = s.sum_up(); !sound)
      return sound.error();
  return page;
}

result<void> snapshot_reader::state::count(const item_page& page) {
  for (const auto& [key, value] : page.records) {
    if (key.empty() || key <= pass->before)
      return damaged("its records are out of order");
    pass->before = key;
    pass->digest.add(key, value);
    pass->items += 1;
    pass->bytes += key.size() + value.size();
  }
  return {};
}

// All blocks have been read: they are those that the header counts, and the file is what its end says.
result<void> snapshot_reader::state::sum_up() {
  if (pass->sound)
    return {};
  if (pass->items != header.items() || pass->bytes != header.bytes() ||
      pass->digest.value() != header.digest())
    return damaged("its records are not those its header counts");
  std::string rest(file->size() - 16 - header_at, '\0'); // up to the checksum itself
  if (auto done = file->read_at(header_at, rest.data(), rest.size()); !done)
    return done;
  pass->sum.add(rest);
  pass->sound = pass->sum.value() == file_sum;
  return pass->sound ? result<void>() : damaged("its checksum does not fit");
}

result<void> snapshot_reader::verify() {
  rewind();
  for (bool more = true; more;) {
    auto page = records();
    if (!page)
      return page.error();
    more = page->more;
  }
  rewind();
  return {};
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
