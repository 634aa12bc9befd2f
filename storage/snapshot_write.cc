// Writing a snapshot of a running replica.
#include "storage/bytes.h"
#include "storage/checksum.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include "storage/snapshot_format.h"

namespace troupe::storage {

namespace format = snapshot_format;

struct snapshot_writer::state {
  explicit state(item_store& s) : store(s) {}
  ~state() { store.end_walk(); }

  item_store& store;
  std::unique_ptr<file_writer> file;
  running_checksum sum; // of all that was written
  records_digest digest;
  std::uint64_t blocks = 0;
  bool done = false;
  msg::SnapshotHeader header;

  result<void> write(std::string_view bytes) {
    sum.add(bytes);
    return file->write(bytes);
  }
  result<void> write_block(const item_page& page);
  result<void> finish();
};

result<std::unique_ptr<snapshot_writer>> snapshot_writer::begin(item_store& store, const std::string& path) {
  if (auto begun = store.begin_walk(); !begun)
    return begun.error();
  auto s = std::make_unique<state>(store);
  auto file = file_writer::create(path);
  if (!file)
    return file.error();
  s->file = std::move(*file);
  const item_position& at = store.walk_position();
  s->header.set_version(format::version);
  s->header.set_group(store.group());
  s->header.set_index(at.index);
  s->header.set_link(at.link);
  *s->header.mutable_ballot() = at.ballot;
  *s->header.mutable_configuration() = at.configuration;
  s->header.set_configuration_index(at.configuration_index);
  s->header.set_time_ms(at.time_ms);
  const auto& requests = store.walk_requests();
  s->header.mutable_requests()->Assign(requests.begin(), requests.end());
  if (auto written = s->write(format::magic); !written)
    return written.error();
  return std::unique_ptr<snapshot_writer>(new snapshot_writer(std::move(s)));
}

result<void> snapshot_writer::state::write_block(const item_page& page) {
  std::string records;
  for (const auto& [key, value] : page.records) {
    format::append_record(records, key, value);
    digest.add(key, value);
    header.set_items(header.items() + 1);
    header.set_bytes(header.bytes() + key.size() + value.size());
  }
  return write(format::block(blocks++, static_cast<std::uint32_t>(page.records.size()), records));
}

// The header comes last, because only now it is known.
result<void> snapshot_writer::state::finish() {
  header.set_digest(digest.value());
  std::uint64_t offset = file->written();
  std::string bytes = header.SerializeAsString();
  append_u64(bytes, checksum(bytes));
  append_u64(bytes, offset);
  if (auto written = write(bytes); !written)
    return written;
  std::string tail;
  append_u64(tail, sum.value());
  tail += format::end_magic;
  if (auto written = write(tail); !written)
    return written;
  done = true;
  store.end_walk();
  return file->publish();
}

result<bool> snapshot_writer::step(std::size_t max_bytes) {
  auto& s = *state_;
  require(!s.done, "snapshot writer: a step after the last");
  std::size_t written = 0;
  do {
    auto page = s.store.walk(SIZE_MAX, format::block_bytes);
    if (!page)
      return page.error();
    if (!page->records.empty())
      if (auto put = s.write_block(*page); !put)
        return put.error();
    if (!page->more) {
      if (auto finished = s.finish(); !finished)
        return finished.error();
      return true;
    }
    for (const auto& [key, value] : page->records)
      written += key.size() + value.size();
  } while (written < max_bytes);
  return false;
}

const msg::SnapshotHeader& snapshot_writer::header() const {
  require(state_->done, "snapshot writer: the header is not known yet");
  return state_->header;
}

snapshot_writer::snapshot_writer(std::unique_ptr<state> s) : state_(std::move(s)) {}
snapshot_writer::~snapshot_writer() = default;

} // namespace troupe::storage
