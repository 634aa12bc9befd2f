// Bringing a replica up: from its files, or from nothing when it has just been ordered.
//
// A damaged log entry is fetched from the other members before the replica speaks: it was accepted here, so
// it may not be forgotten, and without it the log above says nothing. A log or an item file that is gone is
// disk loss: such a member never speaks again under its identity.
#include "actors/kit/log.h"
#include "actors/replica/replica_state.h"
#include "messages/entry_link.h"
#include <algorithm>
#include <caf/all.hpp>
#include <limits>

namespace troupe::replica {

namespace {

// The core counts what it hands to the disk from 1: an answer to one of these is never taken for one of its
// own.
constexpr std::uint64_t creation_job = 0;
constexpr std::uint64_t repair_job = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t repair_every_us = 300'000;

wire::replica_actor handle(replica_pointer self) {
  return caf::actor_cast<wire::replica_actor>(self);
}

msg::SnapshotHeader standing_of(std::uint64_t group, const wire::items_opened& items) {
  msg::SnapshotHeader header;
  header.set_group(group);
  header.set_index(items.applied);
  header.set_link(items.applied_link);
  *header.mutable_ballot() = items.applied_ballot;
  *header.mutable_configuration() = items.configuration;
  header.set_configuration_index(items.configuration_index);
  return header;
}

} // namespace

void replica_state::start() {
  auto& o = options;
  if (!o.fresh)
    return self->send(o.disk, wire::load_log{o.group, handle(self)});
  loaded.hard_state.mutable_configuration()->CopyFrom(o.configuration);
  holds_items = o.kind != msg::LOG_REPLICA;
  if (!holds_items) {
    wire::items_opened nothing;
    return on_opened(nothing);
  }
  self->send(o.items, wire::open_items{o.group, o.member, true, handle(self), o.local_indexes, o.from, o.to});
}

void replica_state::on_loaded(wire::log_loaded& what) {
  if (what.result.outcome == wire::disk_outcome::missing ||
      what.result.outcome == wire::disk_outcome::corrupt)
    return must_be_replaced("log: " + what.result.text);
  if (!what.result.ok())
    return give_up("log: " + what.result.text);
  if (!what.exists)
    return must_be_replaced("its log is gone");
  loaded = std::move(what);
  self->send(options.items, wire::open_items{options.group, options.member, false, handle(self),
                                             options.local_indexes, options.from, options.to});
}

void replica_state::on_opened(wire::items_opened& what) {
  // A log replica has items when it has grown; whatever else lies there will be replaced when it grows. What
  // cannot be opened now may be whole.
  const bool found = what.result.ok();
  auto passing =
      what.result.outcome == wire::disk_outcome::full || what.result.outcome == wire::disk_outcome::failed;
  if (kind() == msg::LOG_REPLICA && !options.fresh && !passing) {
    holds_items = found && what.applied >= loaded.base;
    if (!holds_items) {
      what = {};
      what.applied = what.durable = loaded.base;
    }
  }
  if (condemned) { // it leaves its items, and votes on without
    if (found)
      self->send(options.items, wire::drop_items{options.group, true});
    holds_items = false;
    what = {};
    what.applied = what.durable = loaded.base;
    condemned = kind() != msg::LOG_REPLICA; // the items that it may fetch are others
  }
  bool corrupt = what.result.outcome == wire::disk_outcome::corrupt;
  bool gone = corrupt || what.result.outcome == wire::disk_outcome::missing;
  items_there = holds_items && (corrupt || what.result.ok());
  if (gone)
    return must_be_replaced("items: " + what.result.text);
  if (!what.result.ok())
    return give_up("items: " + what.result.text);
  opened = std::move(what);
  if (options.fresh) {
    // Existence comes before the first promise: a log that is missing later is then known to be lost.
    wire::append_log first;
    first.group = options.group;
    first.job = creation_job;
    first.create = true; // whoever finds itself there already is not fresh
    first.hard_state = loaded.hard_state;
    first.who = handle(self);
    return self->send(options.disk, std::move(first));
  }
  if (opened.applied < loaded.base)
    return must_be_replaced("its items stand at " + std::to_string(opened.applied) +
                            ", before the start of its log at " + std::to_string(loaded.base));
  if (loaded.damaged.empty())
    return run();
  kit::log(kit::level::warning, "replica",
           "group " + std::to_string(options.group) + ": " + std::to_string(loaded.damaged.size()) +
               " log entries are damaged; fetching them from the other members");
  now_in = phase::repairing;
  self->send(options.peers, wire::enroll{wire::address(msg::ROLE_REPLICA, options.group),
                                         caf::actor_cast<wire::role_actor>(self), false});
  ask_for_repair();
}

// Before the core is there: its log was created, or what was damaged in it has been written.
void replica_state::on_prepared(const wire::appended& what) {
  if (now_in == phase::repairing)
    return on_repaired(what);
  if (now_in != phase::opening || what.job != creation_job || !options.fresh)
    return;                                                // meant for what it was before it opened again
  if (what.result.outcome == wire::disk_outcome::exists) { // whoever made it ended before anybody heard of it
    options.fresh = false;
    return start();
  }
  if (!what.result.ok())
    return give_up("creating its log: " + what.result.text);
  run();
}

void replica_state::ask_for_chosen(std::uint64_t from) {
  for (auto& m : configuration().members()) {
    if (m.id() == options.member)
      continue;
    wire::outgoing out;
    out.node = m.node();
    *out.parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, options.group);
    *out.parcel.mutable_from() = out.parcel.to();
    auto& question = *out.parcel.mutable_paxos();
    question.set_group(options.group);
    question.set_from(options.member);
    question.set_to(m.id());
    question.set_epoch(configuration().epoch());
    question.mutable_catch_up()->set_from(from);
    outbox.push_back(std::move(out));
  }
}

void replica_state::ask_for_repair() {
  if (!repaired.empty() && !repair_under_way)
    write_repaired(); // the disk refused it
  else if (repaired.empty())
    ask_for_chosen(loaded.damaged.front());
  send_out();
  self->send(options.ticker,
             wire::arm{caf::actor_cast<caf::strong_actor_ptr>(self), now() + repair_every_us});
}

// Chosen entries from another member. Taken when they are damaged here and fit the links of their neighbours.
void replica_state::on_repair(const msg::PaxosMessage& message) {
  if (!message.has_chosen() || !repaired.empty())
    return;
  auto link_before = [this](std::uint64_t index) -> std::optional<std::uint64_t> {
    if (index == loaded.base + 1)
      return loaded.base_link;
    auto it = std::lower_bound(loaded.entries.begin(), loaded.entries.end(), index - 1,
                               [](const msg::Entry& e, std::uint64_t i) { return e.index() < i; });
    return it != loaded.entries.end() && it->index() == index - 1 ? std::optional(it->link()) : std::nullopt;
  };
  for (auto& entry : message.chosen().entries()) {
    if (loaded.damaged.empty() || entry.index() != loaded.damaged.front())
      continue;
    auto before = link_before(entry.index());
    if (!before || *before != entry.previous_link() ||
        entry.link() != entry_link(options.group, entry, entry.previous_link()))
      break;
    auto place = std::lower_bound(loaded.entries.begin(), loaded.entries.end(), entry.index(),
                                  [](const msg::Entry& e, std::uint64_t i) { return e.index() < i; });
    loaded.entries.insert(place, entry);
    loaded.damaged.erase(loaded.damaged.begin());
    repaired.push_back(std::make_shared<const msg::Entry>(entry));
  }
  if (!repaired.empty())
    write_repaired();
}

void replica_state::write_repaired() {
  wire::append_log mend;
  mend.group = options.group;
  mend.job = repair_job;
  mend.entries = repaired;
  mend.who = handle(self);
  repair_under_way = true; // the disk answers once, however slow it is
  self->send(options.disk, std::move(mend));
}

// It votes with what lies on its disk, not with what should.
void replica_state::on_repaired(const wire::appended& what) {
  if (what.job != repair_job || !repair_under_way)
    return;
  repair_under_way = false;
  if (!what.result.ok()) // ask_for_repair() comes again
    return kit::log(kit::level::error, "replica",
                    "group " + std::to_string(options.group) + ": mending its log: " + what.result.text);
  repaired.clear();
  if (loaded.damaged.empty())
    run();
}

// Items and log are of one history: where an item file ends within the log, the entry there has its link. Not
// so in two cases. What the log knows to be chosen there is something else: then the items are not to be
// believed, wherever they came from. Or the log does not know yet: a crash came between the installing of a
// snapshot and the log's going on from there, and what lies there is a leftover.
bool replica_state::items_fit_the_log() const {
  if (!holds_items || opened.applied < loaded.base)
    return true;
  if (opened.applied == loaded.base)
    return opened.applied_link == loaded.base_link;
  auto it = std::lower_bound(loaded.entries.begin(), loaded.entries.end(), opened.applied,
                             [](const msg::Entry& e, std::uint64_t i) { return e.index() < i; });
  return it == loaded.entries.end() || it->index() != opened.applied || it->link() == opened.applied_link;
}

void replica_state::run() {
  bool fits = items_fit_the_log();
  if (!fits && opened.applied <= std::max(loaded.hard_state.commit(), loaded.base)) {
    const std::string why = "its items are not those of its log at " + std::to_string(opened.applied);
    if (kind() != msg::LOG_REPLICA)
      return must_be_replaced(why);
    kit::log(kit::level::error, "replica", "group " + std::to_string(options.group) + ": " + why);
    holds_items = false; // and does without; what lies there is replaced when it grows
    opened = {};
    opened.applied = opened.durable = loaded.base;
    fits = true;
  }
  paxos::options o;
  o.group = options.group;
  o.self = options.member;
  o.lease = options.replication.lease_ms * 1000;
  o.heartbeat = options.replication.heartbeat_ms * 1000;
  o.election_jitter = options.replication.election_jitter_ms * 1000;
  o.drift = options.replication.drift_ms * 1000;
  o.strict_reads = options.replication.strict_reads;
  o.seed = options.seed;
  paxos::restored r;
  r.fresh = options.fresh;
  r.hard_state = loaded.hard_state;
  r.base = loaded.base;
  r.base_link = loaded.base_link;
  r.base_ballot = loaded.base_ballot;
  r.entries = std::move(loaded.entries);
  r.items = holds_items;
  applied = flushed = r.items ? opened.applied : loaded.base;
  r.applied = fits ? applied : loaded.base;
  r.items_link = r.items && fits ? opened.applied_link : 0;
  unsettled.clear(); // what is not counted yet is counted here, or when it is applied
  for (auto& entry : r.entries)
    if (entry.index() > settled.index && entry.index() <= r.applied)
      settled.bytes += entry.payload().size();
  settled.index = std::max(settled.index, applied);
  standing_told_us = 0;
  loaded.entries.clear();
  applied_link = opened.applied_link;
  applied_ballot = opened.applied_ballot;
  durable = opened.durable;
  last_time_ms = opened.last_time_ms;
  configured = opened.configuration;
  configured_at = opened.configuration_index;
  stored_epoch = configured.epoch();
  lineage = opened.lineage;
  items_bytes = opened.bytes;
  items_held = opened.items;
  item_sizes = opened.item_sizes;
  index_figures = std::move(opened.local_indexes);
  requests.restore(opened.requests);
  opened.requests.clear();
  core = std::make_unique<paxos::group>(o, std::move(r), now());
  if (!fits)
    core->restore(standing_of(options.group, opened), now());
  if (core->configuration_index() <= applied) {
    configured = core->configuration();
    configured_at = core->configuration_index();
  }
  core->set_log_reader([this](std::uint64_t from, std::uint64_t to, std::size_t max_bytes) {
    return read_log(from, to, max_bytes);
  });
  if (options.archiver)
    core->archived(archive.archived());
  now_in = phase::running;
  if (!options.fresh)
    told_to_grow_us = now();
  if (options.deputies)
    seat = options.deputies->enroll(options.group, options.member, handle(self));
  self->send(options.peers, wire::enroll{wire::address(msg::ROLE_REPLICA, options.group),
                                         caf::actor_cast<wire::role_actor>(self), false});
  if (options.fresh && options.preferred_leader)
    core->campaign(now());
  drain();
}

// For good: what it has is not what it should have.
void replica_state::must_be_replaced(const std::string& why) {
  if (!damage.empty())
    return;
  damage = why;
  if (!core)
    return give_up(why + ": this member must be replaced");
  kit::log(kit::level::error, "replica",
           "group " + std::to_string(options.group) + ": " + why + ": this member must be replaced");
}

// As after a crash, with what lies on the disk now. What it had not persisted was never spoken.
void replica_state::reopen() {
  release_waiters();
  proposed_ids.clear();
  items.clear();
  unflushed_requests.clear();
  marked_flush.reset();
  marked_requests.clear();
  mending.clear();
  led = false;
  items_fail = items_lost = flush_failed = false;
  flush_fails_us = 0; // another file, or what it refused comes again
  log_failing.clear();
  items_failing.clear();
  probe_under_way = false;
  growing = reopens = false;
  incoming.reset();
  incoming_total = 0;
  somebody_gives();
  if (seat)
    options.deputies->leave(seat);
  seat.reset();
  rests = false;
  core.reset();
  meter->forget_counts();
  loaded = {};
  repaired.clear();
  repair_under_way = false;
  read_ahead.clear();
  read_ahead_asked = false;
  options.fresh = false;
  now_in = phase::opening;
  start();
}

void replica_state::give_up(const std::string& why) {
  now_in = phase::broken;
  trouble = why;
  kit::log(kit::level::error, "replica", "group " + std::to_string(options.group) + ": " + why);
}

} // namespace troupe::replica
