// How a member takes and gives snapshots: in chunks, over the same network, each chunk asked for until it
// comes. A snapshot is installed only when its digest agrees with its header, only above the commit index,
// and never while a write to the log is on its way.
#include "tests/sim/members/cluster.h"
#include "tests/sim/members/member.h"
#include "tests/sim/members/wire.h"
#include <xxhash.h>

namespace troupe::sim {
namespace {

constexpr int tries_at_most = 10;
constexpr instant try_again = 200 * millisecond;

} // namespace

void member::fetch_if_wanted() {
  const auto from = growing_ ? growing_ : group_.wants_snapshot();
  if (!from || fetching_)
    return;
  fetching_ = transfer{*from, (id_ << 32) + ++transfers_, 0, 0, {}, false};
  world_.note("m{} wants a snapshot of m{}", id_, *from);
  ask_for_chunk();
}

void member::ask_for_chunk() {
  msg::SnapshotRequest wanted;
  wanted.set_group(group_number);
  wanted.set_from(id_);
  wanted.set_to(fetching_->from);
  wanted.set_transfer(fetching_->number);
  wanted.set_chunk(fetching_->next);
  home_.carry(on_.id, fetching_->from, bytes_of(wanted));
  later(try_again, [this, number = fetching_->number, chunk = fetching_->next] {
    if (!fetching_ || fetching_->number != number || fetching_->next != chunk || fetching_->publishing)
      return;
    if (++fetching_->tries < tries_at_most)
      return ask_for_chunk();
    world_.note("m{} gives up on a snapshot of m{}", id_, fetching_->from);
    fetching_.reset();
    growing_.reset(); // whom it was told to ask may be gone for good: it is told again
    drain();
  });
}

void member::give(const msg::SnapshotRequest& wanted) {
  msg::SnapshotChunk chunk;
  chunk.set_group(group_number);
  chunk.set_from(id_);
  chunk.set_to(wanted.from());
  chunk.set_transfer(wanted.transfer());
  chunk.set_chunk(wanted.chunk());
  if (on_.condemned)
    offers_.clear();
  if (!offers_.contains(wanted.transfer()) && wanted.chunk() == 0 && state_ && !on_.condemned)
    offers_[wanted.transfer()] = {state_->header(group_number), state_->bytes()};
  const auto found = offers_.find(wanted.transfer());
  if (found == offers_.end()) {
    chunk.set_refused(state_ ? "no such transfer" : "no items here");
  } else {
    const offer& o = found->second;
    const std::size_t size = home_.how().chunk_bytes;
    const std::size_t at = std::min<std::size_t>(wanted.chunk() * size, o.bytes.size());
    *chunk.mutable_header() = o.header;
    chunk.set_data(o.bytes.substr(at, size));
    chunk.set_checksum(XXH3_64bits(chunk.data().data(), chunk.data().size()));
    chunk.set_last(at + size >= o.bytes.size());
  }
  home_.carry(on_.id, wanted.from(), bytes_of(chunk));
}

void member::take(const msg::SnapshotChunk& chunk) {
  if (!fetching_ || fetching_->number != chunk.transfer() || fetching_->next != chunk.chunk() ||
      fetching_->publishing)
    return;
  if (!chunk.refused().empty()) {
    const member_id from = fetching_->from;
    later(try_again, [this, number = fetching_->number] {
      if (fetching_ && fetching_->number == number) {
        fetching_.reset();
        growing_.reset(); // told again, it may be by somebody else
        drain();
      }
    });
    fetching_->publishing = true; // nothing more is asked of this transfer
    world_.note("m{} is refused a snapshot by m{}", id_, from);
    return;
  }
  if (XXH3_64bits(chunk.data().data(), chunk.data().size()) != chunk.checksum())
    return;
  fetching_->bytes += chunk.data();
  ++fetching_->next;
  fetching_->tries = 0;
  ++pieces_taken_;
  if (!chunk.last())
    return ask_for_chunk();
  std::shared_ptr<items> received;
  {
    auto parsed = items::parse(chunk.header(), fetching_->bytes);
    if (!parsed) {
      world_.find("snapshot", "a snapshot sent by m" + std::to_string(fetching_->from) +
                                  " does not agree with its own digest");
      return;
    }
    received = std::make_shared<items>(std::move(*parsed));
    received->begin_lineage(home_.next_lineage());
  }
  fetching_->publishing = true;
  later(world_.chance().between(100, 20 * millisecond), // the temporary file is synced
        [this, header = chunk.header(), received] {
          growing_ ? publish_grown(header, received) : publish(header, received);
        });
}

void member::grow(member_id from) {
  if (state_ || growing_ || paused() || group_.configuration_index() > group_.commit())
    return;
  world_.note("m{} is to grow, with the items of m{}", id_, from);
  growing_ = from;
  awake([this] { drain(); })();
}

void member::grow_from_archive(std::shared_ptr<items> state) {
  if (state_ || growing_ || paused() || std::exchange(rebuilding_, true))
    return;
  world_.note("m{} is to grow, with the items of the archive at {}", id_, state->index());
  later(world_.chance().between(50 * millisecond, second), [this, state] {
    rebuilding_ = false;
    // The archive proposes, and the log decides.
    if (group_.link_at(state->index()) != state->link() && !home_.how().shell.trust_archive) {
      ++home_.counters().refused;
      return world_.note("m{}: what the archive gives at {} is not in its log", id_, state->index());
    }
    ++home_.counters().rebuilt;
    publish_grown(state->header(group_number), state);
  });
}

// The items are there: open again with them, as after a crash. Its log reaches down to them.
void member::publish_grown(const msg::SnapshotHeader& header, std::shared_ptr<items> state) {
  if (writing_)
    return later(millisecond, [this, header, state] { publish_grown(header, state); });
  fetching_.reset();
  growing_.reset();
  if (!home_.how().shell.truncate_while_growing && header.index() + 1 < group_.first_index())
    return; // told to begin above it meanwhile, or cut it: the next attempt brings newer ones
  on_.storage->publish_items(state);
  home_.checks().installed(id_, header);
  ++home_.counters().grown;
  world_.note("m{} has grown: items at {}", id_, header.index());
  world_.after(0, [&all = home_, &m = on_, boot = on_.boot] {
    if (m.boot != boot)
      return;
    m.log_only = false;
    all.crash(m, false);
    all.restart(m);
  });
}

void member::publish(const msg::SnapshotHeader& header, std::shared_ptr<items> state) {
  if (writing_ || applying_ || flushing_)
    return later(millisecond, [this, header, state] { publish(header, state); });
  fetching_.reset();
  // Asked again right before the items are replaced: it may have caught up, or been elected, meanwhile. One
  // that brings nothing new is taken where its own log is behind its items: from then on that begins there.
  if (header.index() <= group_.commit() || header.index() < applied_ ||
      group_.role() == paxos::role::leader) {
    world_.note("m{} does not need the snapshot at {} any more", id_, header.index());
    return drain();
  }
  on_.storage->publish_items(state);
  *state_ = *state;
  marks_.clear(); // of another copy
  const bool taken = group_.restore(header, clock());
  world_.note("m{} takes a snapshot at {}: {}", id_, header.index(), taken);
  if (!taken)
    return world_.find("snapshot", "m" + std::to_string(id_) +
                                       " refused a snapshot above its commit index: " + group_.describe());
  ++home_.counters().snapshots;
  home_.given(header.index());
  to_apply_.clear();
  applied_ = flushed_ = header.index();
  home_.checks().installed(id_, header);
  drain();
}

} // namespace troupe::sim
