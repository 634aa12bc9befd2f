// Snapshots between members. The one that fell too far behind asks for piece after piece; the other has its
// item worker cut the snapshot once and serves it from the file, to whoever asks. Nothing is kept between
// pieces that a crash of either side could leave wrong: a transfer that ends is begun anew under another
// number.
#include "actors/kit/log.h"
#include "actors/replica/replica_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::replica {

namespace {

constexpr std::int64_t ask_again_us = 1'000'000;
constexpr std::int64_t cut_poll_us = 100'000;
constexpr std::int64_t grow_wanted_us = 60'000'000; // the agent says it every ten seconds at least
constexpr int silences_max = 5;                     // of a member that is asked for pieces, in a row

} // namespace

void replica_state::on_grow(wire::grow_atom) {
  told_to_grow_us = now();
  if (holds_items || growing || now_in != phase::running || kind() != msg::LOG_REPLICA)
    return;
  growing = true;
  kit::log(kit::level::info, options.node, "replica",
           "group " + std::to_string(options.group) + ": fetching the items");
  drive_transfer();
  drain();
}

// Whom to ask. One that grows asks those who do not lead first: the leader has enough to do.
std::optional<std::uint64_t> replica_state::snapshot_source() {
  if (!growing && (!holds_items || !core->wants_snapshot()))
    return std::nullopt;
  if (incoming)
    return incoming->from; // whoever leads by now
  if (!growing)
    return core->wants_snapshot();
  std::vector<std::uint64_t> sources;
  for (auto& m : configuration().members())
    if (m.kind() == msg::STORAGE_REPLICA && m.id() != core->leader())
      sources.push_back(m.id());
  if (core->leader() != 0)
    sources.push_back(core->leader());
  if (sources.empty())
    return std::nullopt;
  return sources[grow_tries % sources.size()];
}

void replica_state::drive_transfer() {
  if (now_in != phase::running || reopens || (incoming && incoming->storing))
    return; // while a piece is being stored the item file may be replaced any moment, wanted or not
  auto t = now();
  if (growing && t - told_to_grow_us > grow_wanted_us)
    growing = false; // somebody else is to grow
  if (incoming && t >= incoming->ask_us && incoming->silences == silences_max)
    try_another_source(); // this one may be dead
  auto wanted = snapshot_source();
  auto source = wanted ? member(*wanted) : nullptr;
  if (wanted && !source && !growing && core->wants_snapshot() == wanted)
    source = core->snapshot_host();
  if (!source) {
    incoming.reset();
    return;
  }
  if (!incoming || incoming->from != *wanted) {
    if (items.flushing())
      return; // the file is about to be replaced: let the last flush end first
    incoming =
        incoming_snapshot{(static_cast<std::uint64_t>(t) << 8) ^ options.seed ^ options.member, 0, *wanted};
    kit::log(kit::level::info, "replica",
             "group " + std::to_string(options.group) + ": fetching a snapshot from member " +
                 std::to_string(*wanted));
  }
  if (t < incoming->ask_us)
    return;
  ++incoming->silences;
  incoming->ask_us = t + ask_again_us;
  wire::outgoing out;
  out.node = source->node();
  *out.parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, options.group);
  *out.parcel.mutable_from() = out.parcel.to();
  auto& question = *out.parcel.mutable_snapshot_request();
  question.set_group(options.group);
  question.set_from(options.member);
  question.set_to(incoming->from);
  question.set_transfer(incoming->transfer);
  question.set_chunk(incoming->chunk);
  // What it must reach: the log that goes on here while it comes, or what is known to be chosen.
  question.set_at_least(growing ? core->first_index() - 1 : core->commit() + 1);
  outbox.push_back(std::move(out));
}

// Another member has the items, too; whoever is the only one is asked again.
void replica_state::try_another_source() {
  if (!growing)
    core->snapshot_refused(incoming->from, now());
  ++grow_tries;
  incoming.reset();
}

void replica_state::on_snapshot_request(const wire::delivery& from) {
  auto& question = from.parcel.snapshot_request();
  if (!keeps_items() || condemned || now_in != phase::running || question.to() != options.member ||
      !member(question.from()))
    return; // it asks again
  auto [it, first] = asked_pieces.try_emplace(question.from());
  auto& asked = it->second;
  if (first)
    asked = {++next_token, question.transfer(), question.chunk(), waiter_of(from)};
  else if (asked.transfer == question.transfer() && asked.chunk == question.chunk())
    asked.who = waiter_of(from);
  if (!first)
    return; // the item worker has a question of this member, and answers it
  // Older than this log's start it would be of no use: nobody could go on from there.
  self->send(options.items, wire::read_snapshot{options.group, asked.token, asked.transfer, asked.chunk,
                                                std::max(question.at_least(), core->first_index() - 1),
                                                caf::actor_cast<wire::replica_actor>(self)});
}

void replica_state::on_snapshot_part(wire::snapshot_part& what) {
  auto it = std::find_if(asked_pieces.begin(), asked_pieces.end(),
                         [&](auto& one) { return one.second.token == what.token; });
  if (it == asked_pieces.end())
    return;
  auto to = it->first;
  auto who = std::move(it->second.who);
  asked_pieces.erase(it);
  auto& out = outbox.emplace_back(wire::outgoing{who.node, who.head});
  auto& chunk = *out.parcel.mutable_snapshot_chunk();
  chunk = std::move(what.chunk);
  chunk.set_group(options.group);
  chunk.set_from(options.member);
  chunk.set_to(to);
  if (!what.result.ok())
    chunk.set_refused(what.result.text);
  else if (what.being_cut)
    chunk.set_being_cut(true);
  else
    meter->snapshot_chunks_sent.Increment();
  send_out();
}

void replica_state::on_snapshot_chunk(wire::delivery& from) {
  auto& chunk = *from.parcel.mutable_snapshot_chunk();
  if (!incoming || chunk.transfer() != incoming->transfer || chunk.from() != incoming->from ||
      chunk.chunk() != incoming->chunk || incoming->storing)
    return;
  if (!chunk.refused().empty())
    return try_another_source(); // at the next tick
  incoming->silences = 0;
  if (chunk.being_cut()) {
    incoming->ask_us = now() + cut_poll_us;
    return;
  }
  wire::store_snapshot job;
  job.group = options.group;
  job.member = options.member;
  job.transfer = incoming->transfer;
  job.chunk = std::make_shared<const msg::SnapshotChunk>(std::move(chunk));
  job.who = caf::actor_cast<wire::replica_actor>(self);
  job.local_indexes = options.local_indexes;
  job.from = options.from;
  job.to = options.to;
  incoming_total = std::max<std::uint64_t>(job.chunk->header().bytes(), 1);
  incoming->storing = true;
  self->send(options.items, std::move(job));
}

void replica_state::on_snapshot_stored(wire::snapshot_stored& what) {
  if (!incoming || what.transfer != incoming->transfer)
    return;
  incoming->storing = false;
  if (!what.result.ok()) {
    kit::log(kit::level::warning, "replica",
             "group " + std::to_string(options.group) + ": storing a snapshot: " + what.result.text);
    reopens = what.installed;
    try_another_source();
    return drain();
  }
  if (!what.installed) {
    incoming->chunk = what.next_chunk;
    incoming->ask_us = 0;
    drive_transfer();
    return drain();
  }
  incoming.reset();
  items_taken(); // it was the old file that failed
  meter->snapshots_installed.Increment();
  if (growing || !core->restore(what.header, now())) {
    reopens = true; // the file is another one, also where the log has gone on by itself meanwhile
  } else {
    items.clear();
    requests.restore(what.opened.requests);
    unflushed_requests.clear();
    marked_flush.reset();
    marked_requests.clear();
    applied = flushed = what.header.index();
    applied_link = what.header.link();
    applied_ballot = what.header.ballot();
    durable = what.opened.durable;
    last_time_ms = what.opened.last_time_ms;
    configured = what.opened.configuration;
    configured_at = what.opened.configuration_index;
    stored_epoch = configured.epoch();
    items_bytes = what.opened.bytes;
    items_held = what.opened.items;
    item_sizes = what.opened.item_sizes;
    index_figures = std::move(what.opened.local_indexes);
    core->applied(applied, now());
    core->applied_durably(durable, now());
  }
  drain();
}

} // namespace troupe::replica
