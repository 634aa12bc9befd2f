// Snapshots that are cut for others, and those that are taken in: a slice at a time, behind whatever waits in
// the mailbox.
#include "actors/disk/items_state.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include "storage/files.h"
#include <algorithm>
#include <caf/all.hpp>
#include <utility>

namespace troupe::disk {

namespace {

constexpr std::size_t snapshot_slice_bytes = 256u << 10; // about a millisecond's work
constexpr std::int64_t pause_least_us = 1'000;
constexpr std::int64_t pause_most_us = 100'000; // other slices wait with it

} // namespace

// The first piece asked for begins the snapshot; it is cut in slices between other work, and who asks
// meanwhile hears that it is being cut. A small one is there at once. `for_member`: what is sent to members
// is bounded by bytes a second, and who asks too early is told to ask again.
wire::snapshot_part items_state::part_of(const wire::read_snapshot& what, bool for_member) {
  wire::snapshot_part part;
  part.token = what.token;
  part.chunk.set_transfer(what.transfer);
  part.chunk.set_chunk(what.chunk);
  auto file = files->use(what.group);
  auto found = file ? files->snapshot_for(**file, what, options.clock->now_us()) : file.error();
  if (!found) {
    part.ended = what.resume != 0 && found.error().code == storage::code::missing;
    part.result = failed(found.error());
    return part;
  }
  schedule_housekeeping(); // it is forgotten when nobody asks any more
  auto out = *found;
  if (out && out->writer && must_wait_us(snapshot_slice_bytes) == 0)
    cut(**file, *out);
  if (!out || out->writer) {
    part.being_cut = true;
    schedule_slices();
  } else if (out->failed) {
    part.result = failed(*out->failed);
  } else if (for_member && must_wait_us(limits::snapshot_chunk_bytes) > 0) {
    part.being_cut = true;
  } else if (auto piece = out->reader->piece(what.chunk)) {
    part.chunk = std::move(*piece);
  } else {
    part.result = failed(piece.error());
    out->reader.reset();
    out->failed = piece.error(); // nobody else is to begin with it
  }
  part.chunk.set_transfer(what.transfer);
  part.chunk.set_chunk(what.chunk);
  return part;
}

// 0: now, and the bytes count.
std::int64_t items_state::must_wait_us(std::uint64_t bytes) const {
  return options.gives ? options.gives->admit(bytes, options.clock->now_us()) : 0;
}

void items_state::cut(item_file& file, outgoing_snapshot& out) {
  files->cut(out, snapshot_slice_bytes);
  if (!out.failed)
    return;
  kit::log(kit::level::warning, "items", "cutting a snapshot: " + out.failed->text);
  if (auto why = failed(*out.failed); why.outcome == wire::disk_outcome::corrupt)
    tell_progress(file, std::move(why));
}

// One slice of one snapshot, behind whatever waits in the mailbox. In how long the next one is due; below 0:
// there is none.
std::int64_t items_state::cut_some() {
  auto file = files->next_to_cut();
  if (!file)
    return -1;
  if (auto wait = must_wait_us(snapshot_slice_bytes); wait > 0)
    return std::clamp(wait, pause_least_us, pause_most_us);
  cut(*file, *file->being_cut());
  return 0;
}

void items_state::keep_cutting() {
  cutting = false;
  auto wait = cut_some();
  if (work_on_some())
    wait = 0;
  if (wait >= 0)
    schedule_slices(wait);
}

void items_state::schedule_slices(std::int64_t in_us) {
  if (std::exchange(cutting, true))
    return;
  if (in_us == 0)
    self->send(self, wire::cut_atom::value);
  else
    self->delayed_send(self, std::chrono::microseconds(in_us), wire::cut_atom::value);
}

void items_state::store_snapshot(const wire::store_snapshot& what) {
  tell_stored(what.group, what.transfer, what.who, files->store_snapshot(what, options.clock->now_us()));
  schedule_housekeeping();
}

void items_state::remove_snapshot(const wire::remove_snapshot& what) {
  if (auto removed = storage::remove_file(what.file); !removed)
    kit::log(kit::level::warning, "items", removed.error().text);
}

// One slice of reading again what was left of a transfer, or of building a file from one that is whole.
bool items_state::work_on_some() {
  auto group = files->next_to_work_on();
  if (group == 0)
    return false;
  auto transfer = files->order_of(group).transfer;
  auto who = files->order_of(group).who;
  tell_stored(group, transfer, who, files->work_on(group, snapshot_slice_bytes));
  return true;
}

void items_state::tell_stored(std::uint64_t group, std::uint64_t transfer, const wire::replica_actor& who,
                              const storage::result<item_files::stored>& stored) {
  if (stored && stored->later)
    return schedule_slices();
  wire::snapshot_stored answer;
  answer.transfer = transfer;
  if (!stored) {
    answer.result = failed(stored.error());
    return self->send(who, std::move(answer));
  }
  answer.next_chunk = stored->wanted;
  answer.snapshot = stored->snapshot;
  answer.installed = stored->installed;
  if (stored->installed) {
    auto file = files->use(group);
    if (file) {
      (*file)->who = who;
      answer.header = position_of(*(*file)->store);
      answer.opened = describe(*(*file)->store);
      answer.result = answer.opened.result;
    } else {
      answer.result = failed(file.error());
    }
  }
  self->send(who, std::move(answer));
}

} // namespace troupe::disk
