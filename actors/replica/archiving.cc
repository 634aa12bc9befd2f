// The replica and its node's archiver: what of the log is committed, and how far it may be cut.
#include "actors/replica/replica_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::replica {

namespace {

constexpr std::uint64_t tell_bytes = 1u << 20; // or as soon as so much is new

} // namespace

// Only what is durable here can be read from the log by others: what was accepted in another ballot may still
// stand in its place.
wire::log_standing replica_state::standing() {
  if (!core || now_in != phase::running)
    return {};
  while (!unsettled.empty() && unsettled.front().index <= core->durable_index()) {
    settled.index = unsettled.front().index;
    settled.bytes += unsettled.front().bytes;
    unsettled.pop_front();
  }
  wire::log_standing now_;
  now_.leads = core->role() == paxos::role::leader;
  now_.serves = core->serving(now());
  now_.base = core->first_index() - 1;
  now_.committed = std::max(settled.index, now_.base);
  now_.bytes = settled.bytes;
  now_.applied = applied;
  now_.holds_items = holds_items;
  now_.item_bytes = items_bytes;
  return now_;
}

bool replica_state::standing_changed() {
  auto it = standing();
  return standing_told_us == 0 || it.leads != told_standing.leads || it.base != told_standing.base ||
         it.committed != told_standing.committed;
}

void replica_state::tell_archiver() {
  if (!options.archiver || !core || now_in != phase::running || !standing_changed())
    return;
  auto it = standing();
  auto early = now() - standing_told_us < tell_archiver_every_us && it.leads == told_standing.leads &&
               it.bytes - told_standing.bytes < tell_bytes;
  if (standing_told_us != 0 && early)
    return; // arm() sees to it
  standing_told_us = now();
  told_standing = it;
  self->send(options.archiver,
             wire::log_progress{options.group, caf::actor_cast<wire::replica_actor>(self), std::move(it)});
}

void replica_state::on_archived(msg::ArchiveProgress& what) {
  archive = std::move(what);
  if (!core)
    return;
  core->archived(archive.archived());
  truncate();
  drain();
}

} // namespace troupe::replica
