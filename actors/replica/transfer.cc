// Snapshots between members. The one that fell too far behind asks for piece after piece; the other has its
// item worker cut the snapshot once and serves it from the file, to whoever asks. A transfer that ends is
// begun under another number, and goes on where the last one was: the item worker keeps the pieces that came,
// over its own crash and that of the source, and the source is asked for the rest of that very snapshot.
// Where nobody has it any more all of it is fetched anew.
#include "actors/kit/log.h"
#include "actors/replica/replica_state.h"
#include <algorithm>
#include <caf/all.hpp>
#include <utility>

namespace troupe::replica {

namespace {

constexpr std::int64_t ask_again_us = 1'000'000;
constexpr std::int64_t cut_poll_us = 100'000;
constexpr std::int64_t grow_wanted_us = 60'000'000; // the agent says it every ten seconds at least
constexpr int silences_max = 5;                     // of a member that is asked for pieces, in a row, and
constexpr int silences_unled = 2;                   // where nobody leads
constexpr std::int64_t archive_again_after_us = 5'000'000;
constexpr std::int64_t room_again_after_us = 5'000'000; // somebody may make some
constexpr std::int64_t back_within_us = 15'000'000;     // a source that was restarted

} // namespace

// A log replica that fetches items, or may have before it was restarted: it is not told at once to go on.
bool replica_state::may_grow_on() const {
  return !holds_items && now() - told_to_grow_us <= grow_wanted_us;
}

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

// Who may have the items, for one that grows: those who do not lead first, as the leader has enough to do.
// Where nobody leads, learners may be all that is left of those who had them.
std::vector<std::uint64_t> replica_state::snapshot_sources() const {
  std::vector<std::uint64_t> sources;
  for (auto kind : {msg::STORAGE_REPLICA, msg::LEARNER})
    for (auto& m : configuration().members())
      if (m.kind() == kind && m.id() != core->leader() && (kind != msg::LEARNER || core->leader() == 0))
        sources.push_back(m.id());
  if (core->leader() != 0)
    sources.push_back(core->leader());
  return sources;
}

// Whom to ask.
std::optional<std::uint64_t> replica_state::snapshot_source() {
  if (!growing && (!holds_items || !core->wants_snapshot()))
    return std::nullopt;
  if (growing && core->configuration_index() > core->commit())
    return std::nullopt; // its log is to begin first, and reaches further down than items of now would
  const bool rebuilt = incoming && incoming->from == the_archive;
  if (incoming && (!rebuilt || core->leader() == 0))
    return incoming->from; // whoever leads by now; but what a member has need not be made anew
  if (!growing)
    return core->wants_snapshot();
  auto sources = snapshot_sources();
  if (options.archiver && core->leader() == 0 && now() >= archive_again_us)
    sources.push_back(the_archive); // those who would have them may be gone for good
  if (sources.empty())
    return std::nullopt;
  return sources[grow_tries % sources.size()];
}

// Where it is, also when it is of a configuration that this member has only been told of.
const msg::Member* replica_state::host_of(std::uint64_t source) const {
  auto host = member(source);
  if (!host && !growing && core->wants_snapshot() == source)
    host = core->snapshot_host();
  return host;
}

// What it must reach: the log that goes on here while it comes, or what is known to be chosen.
std::uint64_t replica_state::snapshot_wanted() const {
  return growing ? core->first_index() - 1 : core->commit() + 1;
}

wire::store_snapshot replica_state::order_for(const incoming_snapshot& transfer) {
  wire::store_snapshot order;
  order.group = options.group;
  order.member = options.member;
  order.transfer = transfer.transfer;
  order.who = caf::actor_cast<wire::replica_actor>(self);
  order.local_indexes = options.local_indexes;
  order.from = options.from;
  order.to = options.to;
  return order;
}

void replica_state::drive_transfer() {
  if (now_in == phase::running && !reopens)
    give_up_unwanted();
  if (now_in != phase::running || reopens || (incoming && incoming->storing))
    return; // while a piece is being stored the item file may be replaced any moment, wanted or not
  auto t = now();
  if (growing && !may_grow_on()) { // somebody else is to grow
    growing = false;
    incoming.reset();
    discard_pieces();
  }
  auto silences = growing && core->leader() == 0 ? silences_unled : silences_max;
  if (incoming && t >= incoming->ask_us && incoming->silences >= silences)
    try_another_source(); // this one may be dead
  auto wanted = snapshot_source();
  if (!wanted || (*wanted != the_archive && !host_of(*wanted))) {
    if (incoming && !incoming->given_up && !growing && !core->wants_snapshot())
      discard_pieces(); // the log came after all
    incoming.reset();
    return;
  }
  if (!incoming || incoming->from != *wanted) {
    if (!items.flushing() &&
        t >= room_again_us) // the file is about to be replaced: the last flush ends first
      begin_transfer(*wanted);
    return;
  }
  if (t < incoming->ask_us)
    return;
  if (*wanted == the_archive) {
    incoming->ask_us = t + ask_again_us; // it says so when it is there, or cannot be made
    return;
  }
  auto wait =
      options.takes && !incoming->admitted ? options.takes->admit(limits::snapshot_chunk_bytes, t) : 0;
  if (wait > 0) {
    incoming->ask_us = t + wait;
    return;
  }
  incoming->admitted = true;
  ++incoming->silences;
  ask_for_piece();
}

// The log went on by itself while a snapshot is being installed, and nothing is flushed meanwhile: where too
// much waits for that, the worker is told to leave it. It may have come too late, and then all is as ever.
void replica_state::give_up_unwanted() {
  if (growing || !incoming || !incoming->storing || core->wants_snapshot() ||
      items.bytes() < limits::overlay_bytes || std::exchange(incoming->given_up, true))
    return;
  discard_pieces();
}

// What has come of a snapshot is of no use.
void replica_state::discard_pieces() {
  auto order = order_for(incoming.value_or(incoming_snapshot{}));
  order.anew = true;
  self->send(options.items, std::move(order));
  somebody_gives();
}

// The item worker says first which piece is wanted: those before it may have come in an earlier transfer.
void replica_state::begin_transfer(std::uint64_t from) {
  incoming.emplace();
  incoming->transfer = (static_cast<std::uint64_t>(now()) << 8) ^ options.seed ^ options.member;
  incoming->from = from;
  if (from == the_archive)
    return ask_archive();
  incoming->storing = true;
  auto order = order_for(*incoming);
  order.at_least = snapshot_wanted();
  // Who has the rest may have been killed, and be back in a moment.
  order.anew = gone_sources.size() >= (growing ? snapshot_sources().size() : 1) ||
               (gone_since_us != 0 && now() - gone_since_us > back_within_us);
  if (order.anew)
    somebody_gives();
  self->send(options.items, std::move(order));
}

void replica_state::somebody_gives() {
  gone_sources.clear();
  gone_since_us = 0;
}

// What is archived is chosen, and so is what is below this member's commit index, which its log holds: from
// there it goes on by itself.
void replica_state::ask_archive() {
  wire::rebuild_items job;
  job.group = options.group;
  job.transfer = incoming->transfer;
  job.least = core->first_index() - 1;
  job.last = std::min(core->commit(), core->durable_index());
  job.who = caf::actor_cast<wire::replica_actor>(self);
  self->send(options.archiver, std::move(job));
}

// The archive may be behind, and it may be wrong. Its items are taken only when the entry that they end with
// is, by its link, the one that this log knows to be chosen there: then all before it is the same, too.
void replica_state::on_items_rebuilt(const wire::items_rebuilt& what) {
  bool wanted = incoming && incoming->from == the_archive && what.transfer == incoming->transfer;
  if (!wanted) {
    if (!what.file.empty())
      self->send(options.items, wire::remove_snapshot{what.file});
    return;
  }
  if (what.waits) { // and is in line; another source may have them meanwhile
    archive_again_us = now() + archive_again_after_us;
    try_another_source();
    return drain();
  }
  incoming->chunk = what.bytes / limits::snapshot_chunk_bytes;
  incoming_total = std::max<std::uint64_t>(what.total, 1);
  if (!what.trouble.empty())
    return transfer_failed("items from the archive: " + what.trouble);
  if (what.file.empty())
    return; // it goes on
  bool within =
      what.index + 1 >= core->first_index() && what.index <= std::min(core->commit(), core->durable_index());
  if (!within || core->link_at(what.index) != what.link) {
    self->send(options.items, wire::remove_snapshot{what.file});
    return transfer_failed("the archive's items end with entry " + std::to_string(what.index) +
                           ", which is " +
                           (within ? "another one than that of the log here" : "not in the log here"));
  }
  auto order = order_for(*incoming);
  order.file = what.file;
  incoming->storing = true;
  self->send(options.items, std::move(order));
}

void replica_state::ask_for_piece() {
  auto source = host_of(incoming->from);
  if (!source)
    return;
  incoming->ask_us = now() + ask_again_us;
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
  question.set_resume(incoming->snapshot);
  question.set_at_least(snapshot_wanted());
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
  // A new one that is older than this log's start would be of no use: nobody could go on from there. But who
  // has begun with one may have a log of his own that goes on from it, and knows what he needs.
  self->send(options.items, wire::read_snapshot{options.group, asked.token, asked.transfer, asked.chunk,
                                                std::max(question.at_least(), core->first_index() - 1),
                                                caf::actor_cast<wire::replica_actor>(self), question.resume(),
                                                question.at_least()});
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
  if (!what.result.ok()) {
    chunk.set_refused(what.result.text);
    chunk.set_ended(what.ended);
  } else if (what.being_cut)
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
  if (!chunk.refused().empty()) {
    if (incoming->snapshot != 0 && gone_since_us == 0) // older versions do not say that it has ended
      gone_since_us = now();
    if (chunk.ended())
      gone_sources.insert(incoming->from);
    return try_another_source(); // at the next tick
  }
  incoming->silences = 0;
  if (chunk.being_cut()) {
    incoming->ask_us = now() + cut_poll_us;
    return;
  }
  if (incoming->snapshot == 0)
    incoming->snapshot = chunk.snapshot();
  auto job = order_for(*incoming);
  job.chunk = std::make_shared<const msg::SnapshotChunk>(std::move(chunk));
  incoming_total = std::max<std::uint64_t>(job.chunk->header().bytes(), 1);
  incoming->storing = true;
  incoming->admitted = false;
  somebody_gives();
  self->send(options.items, std::move(job));
}

// Another source is tried next.
void replica_state::transfer_failed(const std::string& why) {
  kit::log(kit::level::warning, "replica", "group " + std::to_string(options.group) + ": " + why);
  if (incoming->from == the_archive)
    archive_again_us = now() + archive_again_after_us;
  try_another_source();
  drain();
}

void replica_state::on_snapshot_stored(wire::snapshot_stored& what) {
  if (!incoming || what.transfer != incoming->transfer)
    return;
  incoming->storing = false;
  if (!what.result.ok()) {
    reopens = reopens || what.installed;
    if (what.result.outcome == wire::disk_outcome::full)
      room_again_us = now() + room_again_after_us;
    return transfer_failed("storing a snapshot: " + what.result.text);
  }
  if (!what.installed) {
    if (what.snapshot != 0)
      incoming->snapshot = what.snapshot;
    if (incoming->ask_us == 0) // nothing has been asked for before
      kit::log(kit::level::info, "replica",
               "group " + std::to_string(options.group) + ": fetching a snapshot from member " +
                   std::to_string(incoming->from) +
                   (what.next_chunk > 0 ? ", on from piece " + std::to_string(what.next_chunk) : ""));
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
    lineage = what.opened.lineage;
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
