#include "tests/sim/archive/rebuild.h"
#include "actors/history/log_reader.h"
#include "actors/history/snapshots.h"
#include "messages/replication.pb.h"
#include "storage/archive/segment.h"
#include "storage/checksum.h"
#include "tests/sim/archive/shelf.h"

namespace troupe::sim {

std::string snapshot_object(const items& state) {
  msg::SnapshotChunk all;
  *all.mutable_header() = state.header(archive_place.group);
  all.set_data(state.bytes());
  const auto bytes = all.SerializeAsString();
  return std::to_string(storage::checksum(bytes)) + ":" + bytes;
}

namespace {

std::optional<items> read_snapshot(const std::string& object) {
  const auto end = object.find(':');
  if (end == std::string::npos)
    return std::nullopt;
  const auto bytes = object.substr(end + 1);
  msg::SnapshotChunk all;
  if (object.substr(0, end) != std::to_string(storage::checksum(bytes)) || !all.ParseFromString(bytes))
    return std::nullopt;
  return items::parse(all.header(), all.data());
}

// The newest that is whole; damaged ones are passed over, as the log before them may be there.
storage::result<std::shared_ptr<items>> newest_items(storage::object_store& store, log_index last) {
  const auto folder = archive::folder_of(archive_place);
  std::optional<archive::snapshot_id> before;
  for (;;) {
    const auto newest = history::newest_snapshot(store, folder, last, before);
    if (!newest)
      return newest.error();
    if (!*newest)
      return std::shared_ptr<items>{};
    before = **newest;
    const auto bytes = store.get(archive::snapshot_name(folder, *before), storage::segment_bytes_max);
    if (!bytes && bytes.error().code != storage::code::missing)
      return bytes.error();
    if (auto whole = bytes ? read_snapshot(*bytes) : std::nullopt)
      return std::make_shared<items>(std::move(*whole));
  }
}

} // namespace

rebuilt rebuild_from(storage::object_store& store, std::shared_ptr<items> empty, log_index last,
                     bool log_alone) {
  auto state = std::move(empty);
  if (!log_alone) {
    auto newest = newest_items(store, last);
    if (!newest)
      return {nullptr, newest.error().text};
    if (*newest) {
      (*newest)->begin_lineage(state->lineage());
      state = std::move(*newest);
    }
  }
  history::log_reader reader(store, archive_place, {state->index(), state->link()});
  while (state->index() < last) {
    const auto entries = reader.next();
    const bool damaged = !entries && entries.error().code == storage::code::corrupt;
    if (!entries && !damaged)
      return {nullptr, entries.error().text};
    if (damaged || entries->empty())
      break;
    for (const auto& e : *entries)
      if (e.index() <= last)
        state->apply(e);
  }
  return {std::move(state), {}};
}

} // namespace troupe::sim
