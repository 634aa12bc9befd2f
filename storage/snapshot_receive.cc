// Carrying a snapshot over piece by piece: the receiving end, which a crash does not make begin anew.
#include "config/limits.h"
#include "storage/bytes.h"
#include "storage/checksum.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include <algorithm>
#include <array>
#include <vector>

namespace troupe::storage {

namespace {

// docs/formats.md, "Pieces of a snapshot".
constexpr std::string_view marks_magic = "TROUPEPC";
constexpr std::string_view marks_suffix = ".pieces";
constexpr std::size_t marks_head_bytes = 56;
constexpr std::size_t marks_bytes_max = 64u << 20; // of a snapshot of 2 TiB

std::string marks_path(const std::string& path) {
  return path + std::string(marks_suffix);
}

std::string temporary(const std::string& path) {
  return path + std::string(temporary_suffix);
}

// Where something of one may lie.
std::array<std::string, 3> names_of(const std::string& path) {
  return {temporary(path), temporary(marks_path(path)), path};
}

} // namespace

struct snapshot_receiver::state {
  std::string path;
  std::unique_ptr<file_writer> file;  // from the first piece on
  std::unique_ptr<file_writer> marks; // null: what comes cannot be taken up again
  std::uint64_t wanted = 0;
  std::uint64_t group = 0;
  std::uint64_t index = 0;
  std::uint64_t digest = 0;
  std::uint64_t snapshot = 0;
  bool done = false;
  // Until recheck() is through: what was left, and the checksums of its pieces.
  std::unique_ptr<file_reader> left;
  std::vector<std::uint64_t> sums;

  result<void> announce(const msg::SnapshotChunk& chunk);
  result<void> go_on();
  result<void> finish();
  struct error useless(struct error why);
};

snapshot_receiver::snapshot_receiver(std::unique_ptr<state> s) : state_(std::move(s)) {}
snapshot_receiver::~snapshot_receiver() = default;

bool snapshot_receiver::left(const std::string& path) {
  const auto names = names_of(path);
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return exists(name); });
}

result<void> snapshot_receiver::discard(const std::string& path) {
  for (const auto& name : names_of(path))
    if (auto gone = remove_file(name); !gone)
      return gone;
  return {};
}

result<std::unique_ptr<snapshot_receiver>> snapshot_receiver::create(const std::string& path) {
  if (auto gone = discard(path); !gone)
    return gone.error();
  auto s = std::make_unique<state>();
  s->path = path;
  return std::unique_ptr<snapshot_receiver>(new snapshot_receiver(std::move(s)));
}

result<std::unique_ptr<snapshot_receiver>> snapshot_receiver::resume(const std::string& path) {
  const error nothing{code::missing, path + ": no pieces of it are left"};
  auto marks = read_whole(temporary(marks_path(path)), marks_bytes_max);
  if (!marks)
    return marks.error().code == code::missing ? nothing : marks.error();
  byte_reader in(*marks);
  auto s = std::make_unique<state>();
  s->path = path;
  const bool ours = in.bytes(marks_magic.size()) == marks_magic;
  const std::uint64_t chunk_bytes = in.u64();
  s->group = in.u64();
  s->index = in.u64();
  s->digest = in.u64();
  s->snapshot = in.u64();
  const std::uint64_t check = in.u64();
  if (!ours || !in.ok() || chunk_bytes != limits::snapshot_chunk_bytes ||
      check != checksum(std::string_view(*marks).substr(0, marks_head_bytes - 8)))
    return nothing; // of another version, or the crash came while it was begun
  while (in.rest().size() >= 8)
    s->sums.push_back(in.u64());
  auto left = file_reader::open(temporary(path));
  if (!left)
    return left.error().code == code::missing ? nothing : left.error();
  s->left = std::move(*left);
  return std::unique_ptr<snapshot_receiver>(new snapshot_receiver(std::move(s)));
}

result<bool> snapshot_receiver::recheck(std::size_t max_bytes) {
  auto& s = *state_;
  if (!s.left)
    return true;
  const std::uint64_t whole =
      std::min<std::uint64_t>(s.sums.size(), s.left->size() / limits::snapshot_chunk_bytes);
  std::string piece(limits::snapshot_chunk_bytes, '\0');
  for (std::size_t read = 0; s.wanted < whole && read < max_bytes; read += piece.size()) {
    if (auto got = s.left->read_at(s.wanted * piece.size(), piece.data(), piece.size()); !got)
      return got.error();
    if (checksum(piece) != s.sums[s.wanted]) {
      if (auto ready = s.go_on(); !ready)
        return ready.error();
      return true;
    }
    ++s.wanted;
  }
  if (s.wanted < whole)
    return false;
  if (auto ready = s.go_on(); !ready)
    return ready.error();
  return true;
}

// What comes next is written behind the pieces that were found whole.
result<void> snapshot_receiver::state::go_on() {
  left.reset();
  sums = {};
  auto again = file_writer::reopen(path, wanted * limits::snapshot_chunk_bytes);
  if (!again)
    return again.error();
  file = std::move(*again);
  file->keep();
  auto noted = file_writer::reopen(marks_path(path), marks_head_bytes + 8 * wanted);
  if (!noted)
    return noted.error();
  marks = std::move(*noted);
  marks->keep();
  return {};
}

bool snapshot_receiver::checked() const {
  return !state_->left;
}

std::uint64_t snapshot_receiver::wanted() const {
  return state_->wanted;
}

std::uint64_t snapshot_receiver::snapshot() const {
  return state_->snapshot;
}

std::uint64_t snapshot_receiver::index() const {
  return state_->index;
}

// What it is that comes, before its first piece.
result<void> snapshot_receiver::state::announce(const msg::SnapshotChunk& chunk) {
  auto begun = file_writer::create(path);
  if (!begun)
    return begun.error();
  file = std::move(*begun);
  file->keep();
  group = chunk.header().group();
  index = chunk.header().index();
  digest = chunk.header().digest();
  snapshot = chunk.snapshot();
  if (snapshot == 0)
    return {}; // its sender could not be asked for the rest of the very same
  std::string head(marks_magic);
  for (std::uint64_t field : {std::uint64_t{limits::snapshot_chunk_bytes}, group, index, digest, snapshot})
    append_u64(head, field);
  append_u64(head, checksum(head));
  auto made = file_writer::create(marks_path(path));
  if (!made)
    return made.error();
  marks = std::move(*made);
  marks->keep();
  return marks->write(head);
}

// It lies at the path when all of it is on the disk, and is what was announced. Whether its records are what
// its header counts, whoever installs it reads.
result<void> snapshot_receiver::state::finish() {
  auto whole = snapshot_reader::open(file->temporary_path());
  if (!whole)
    return whole.error();
  const auto& header = (*whole)->header();
  if (header.group() != group || header.index() != index || header.digest() != digest ||
      (snapshot != 0 && (*whole)->file_sum() != snapshot))
    return error{code::corrupt, path + ": is not the snapshot that was announced"};
  if (auto there = file->publish(); !there)
    return there;
  marks.reset();
  return remove_file(temporary(marks_path(path)));
}

// All of it is here, and is nothing that anybody can use: it begins as if nothing had come.
struct error snapshot_receiver::state::useless(struct error why) {
  if (why.code != code::corrupt && why.code != code::refused)
    return why;
  const std::string at = path;
  *this = {};
  path = at;
  if (auto gone = discard(path); !gone)
    return gone.error();
  return why;
}

result<bool> snapshot_receiver::add(const msg::SnapshotChunk& chunk) {
  auto& s = *state_;
  require(!s.left, "snapshot receiver: a piece before what was left is known");
  if (s.done || chunk.chunk() != s.wanted)
    return s.done;
  if (checksum(chunk.data()) != chunk.checksum())
    return error{code::corrupt, s.path + ": piece " + std::to_string(chunk.chunk()) + " arrived damaged"};
  const auto& header = chunk.header();
  if (s.group == 0) {
    if (auto begun = s.announce(chunk); !begun)
      return begun.error();
  } else if (header.group() != s.group || header.index() != s.index || header.digest() != s.digest ||
             chunk.snapshot() != s.snapshot) {
    return error{code::refused,
                 s.path + ": piece " + std::to_string(chunk.chunk()) + " is of another snapshot"};
  }
  if (auto written = s.file->write(chunk.data()); !written)
    return written.error();
  s.wanted += 1;
  if (chunk.last()) {
    if (auto finished = s.finish(); !finished)
      return s.useless(finished.error());
    s.done = true;
    return true;
  }
  if (s.marks) { // after its bytes: one that is marked and not there is found out
    std::string sum;
    append_u64(sum, chunk.checksum());
    if (auto noted = s.marks->write(sum); !noted)
      return noted.error();
  }
  return false;
}

} // namespace troupe::storage
