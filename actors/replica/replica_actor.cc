#include "actors/kit/mailbox.h"
#include "actors/kit/spawn.h"
#include "actors/replica/replica_state.h"
#include <caf/all.hpp>

namespace troupe::replica {

namespace {

constexpr std::int64_t stop_within_us = 400'000;
constexpr std::uint64_t level_entries = 256; // of what is chosen a member may lack and be as good as level

const msg::Member* member_of(const msg::Configuration* configuration, std::uint64_t id) {
  if (configuration)
    for (auto& m : configuration->members())
      if (m.id() == id)
        return &m;
  return nullptr;
}

} // namespace

void replica_state::receive(wire::inbox& mail) {
  kit::observe_mailbox(meter->mailbox, self);
  for (auto& d : mail) {
    switch (d.parcel.body_case()) {
    case msg::Parcel::kPaxos:
      on_paxos(d);
      break;
    case msg::Parcel::kReplicaRequest:
      on_request(d);
      break;
    case msg::Parcel::kSnapshotRequest:
      on_snapshot_request(d);
      break;
    case msg::Parcel::kSnapshotChunk:
      on_snapshot_chunk(d);
      break;
    default: // an undelivered snapshot request: the next tick asks again
      break;
    }
  }
  drain();
}

void replica_state::on_paxos(wire::delivery& from) {
  auto& message = *from.parcel.mutable_paxos();
  // A member is a node and the data directory it had when it joined. A directory that was lost and made anew
  // has forgotten its promises, so whoever speaks from it is not that member.
  auto known = member(message.from());
  if (!known)
    known = newcomer(message.from());
  if (from.from->client) { // has no part in any group
    meter->strangers.Increment();
    return;
  }
  if (!known && core)
    strangers[message.from()] = from.from->node; // it may have been removed, and is told
  if (known && (known->node() != from.from->node || known->disk() != from.from->disk)) {
    meter->strangers.Increment();
    return;
  }
  if (now_in == phase::repairing)
    on_repair(message);
  else if (core) {
    if (!mending.empty() && message.has_chosen())
      mend_from(message);
    core->step(std::move(message), now());
    watch_leadership(); // before the next parcel of this mail is looked at: what it proposes belongs to this
                        // leadership
  }
}

void replica_state::on_request(wire::delivery& from) {
  auto who = waiter_of(from);
  auto& request = *from.parcel.mutable_replica_request();
  bool stands_in = core && kind() == msg::LOG_REPLICA && core->role() == paxos::role::leader;
  if (!core || now_in != phase::running || core->removed() ||
      (kind() != msg::STORAGE_REPLICA && !stands_in) || !keeps_items())
    return moved(who);
  bool asks_for_items = request.has_write() || request.has_read() || request.has_scan();
  if (condemned && asks_for_items)
    return moved(who);
  switch (request.op_case()) {
  case msg::ReplicaRequest::kWrite:
    return on_write(std::move(who), request);
  case msg::ReplicaRequest::kRead:
    return on_read(std::move(who), request.read());
  case msg::ReplicaRequest::kScan:
    return on_scan(std::move(who), request.scan());
  case msg::ReplicaRequest::kChange:
    return on_change(std::move(who), request.change());
  case msg::ReplicaRequest::kHandover:
    return on_handover(std::move(who), request.handover());
  default:
    return refuse(who, msg::UNSUPPORTED, "this version knows no such request");
  }
}

void replica_state::on_tick(wire::tick_atom) {
  armed_us = 0;
  if (now_in == phase::repairing)
    ask_for_repair();
  if (core) {
    auto t = now();
    if (disk_retry_us != 0 && t >= disk_retry_us)
      append_outstanding();
    if (disk_busy && t - disk_since_us > options.replication.lease_ms * 1000)
      core->disk_healthy(false, t);
    if (!rests || std::exchange(called, false))
      core->tick(t);
    drive_transfer();
    truncate();
    forget_read_ahead();
  }
  drain();
}

void replica_state::on_stop(wire::stop_atom) {
  if (!core) // it has promised nobody anything in this run, and nobody waits
    return leave();
  now_in = phase::stopping;
  stop_by_us = now() + stop_within_us;
  if (core && core->role() == paxos::role::leader)
    core->hand_over(0, now());
  drain();
}

waiter replica_state::waiter_of(const wire::delivery& from) const {
  return {from.from->node, wire::reply_to(from.parcel), now()};
}

void replica_state::answer(const waiter& who, msg::ReplicaReply reply) {
  auto& out = outbox.emplace_back(wire::outgoing{who.node, who.head});
  *out.parcel.mutable_replica_reply() = std::move(reply);
}

void replica_state::refuse(const waiter& who, msg::Code code, const std::string& why) {
  meter->refusals.Increment();
  msg::ReplicaReply reply;
  reply.mutable_status()->set_code(code);
  reply.mutable_status()->set_message(why);
  if (code == msg::OVERLOADED)
    reply.mutable_status()->set_overloaded(msg::Status::PARTITION);
  answer(who, std::move(reply));
}

void replica_state::moved(const waiter& who) {
  meter->moved.Increment();
  msg::ReplicaReply reply;
  reply.mutable_status()->set_code(msg::MOVED);
  auto& hint = *reply.mutable_moved();
  hint.set_group(options.group);
  hint.set_epoch(configuration().epoch());
  if (auto leader = core ? member(core->leader()) : nullptr; leader && leader->id() != options.member)
    hint.set_leader_node(leader->node());
  answer(who, std::move(reply));
}

bool replica_state::in_range(const std::string& key) const {
  return key >= options.from && (options.to.empty() || key < options.to);
}

const msg::Configuration& replica_state::configuration() const {
  if (core)
    return core->configuration();
  return loaded.hard_state.has_configuration() ? loaded.hard_state.configuration() : options.configuration;
}

const msg::Member* replica_state::member(std::uint64_t id) const {
  return member_of(&configuration(), id);
}

const msg::Member* replica_state::newcomer(std::uint64_t id) const {
  return member_of(core ? core->change_under_way() : nullptr, id);
}

msg::MemberKind replica_state::kind() const {
  auto self_ = member(options.member);
  return self_ ? self_->kind() : options.kind;
}

msg::ReplicaReport replica_state::report() const {
  msg::ReplicaReport r;
  r.set_group(options.group);
  r.set_member(options.member);
  r.set_kind(kind());
  r.set_trouble(trouble);
  r.set_damage(must_go());
  r.set_items_gone(!r.damage().empty() && (!holds_items || !items_there || condemned));
  r.set_restored(restored);
  r.set_grown(holds_items && !condemned && kind() == msg::LOG_REPLICA);
  *r.mutable_scrub() = scrubbed;
  if (growing) {
    r.set_growth_total(std::max<std::uint64_t>(incoming_total, 1));
    r.set_growth_bytes(incoming ? incoming->chunk * limits::snapshot_chunk_bytes : 0);
    r.set_growth_archived(incoming && incoming->from == the_archive);
  }
  if (!core && now_in == phase::repairing)
    r.set_last_index(loaded.base + loaded.entries.size() + loaded.damaged.size());
  if (!core)
    return r;
  auto t = now();
  r.set_leads(core->role() == paxos::role::leader);
  r.set_serving(core->serving(t));
  *r.mutable_ballot() = core->ballot();
  r.set_epoch(core->configuration().epoch());
  r.set_durable_epoch(core->durable_epoch());
  if (r.leads() && (r.epoch() > 1 || options.group == wire::metadata_group))
    *r.mutable_configuration() = core->configuration();
  r.set_commit(core->commit());
  r.set_applied(applied);
  r.set_first_index(core->first_index());
  r.set_last_index(core->last_index());
  r.set_leader(core->leader());
  r.set_items_bytes(items_bytes);
  r.set_items(items_held);
  r.set_item_sizes(item_sizes);
  for (auto& one : index_figures)
    *r.add_local_indexes() = one;
  if (options.archiver)
    *r.mutable_archive() = archive;
  r.set_lag(core->last_index() > applied ? core->last_index() - applied : 0);
  for (auto& p : core->progress()) {
    auto& m = *r.add_members();
    m.set_member(p.member);
    m.set_match(p.match);
    m.set_heard_ms_ago(p.heard == 0 ? -1 : (t - p.heard) / 1000);
    m.set_silent(p.heard == 0 || t - p.heard > options.replication.lease_ms * 1000);
    m.set_level(!m.silent() && !p.needs_snapshot && p.match + level_entries >= core->commit());
  }
  return r;
}

wire::scrubbed_replica_actor::behavior_type replica(replica_pointer self, replica_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.meter = std::make_unique<meters>(*state.options.metrics);
  state.indexes = item::local_indexes::make(state.options.local_indexes);
  if (state.indexes)
    state.items.keep_entries(state.indexes);
  state.start();
  // Whatever comes, it is awake meanwhile.
  auto awake = [self](auto what) {
    return [self, what](auto&& mail) {
      self->state.wake();
      (self->state.*what)(mail);
      self->state.rest();
    };
  };
  using s = replica_state;
  return {
      [=](wire::inbox& mail) { awake (&s::receive)(mail); },
      [](const wire::peer_lost&) {}, // groups find out by silence
      [self](wire::log_loaded& what) { self->state.on_loaded(what); },
      [=](const wire::appended& what) { awake (&s::on_appended)(what); },
      [=](wire::log_read& what) { awake (&s::on_log_read)(what); },
      [self](wire::items_opened& what) { self->state.on_opened(what); },
      [=](const wire::items_applied& what) { awake (&s::on_flushed)(what); },
      [=](wire::items_read& what) { awake (&s::on_items_read)(what); },
      [=](wire::items_scanned& what) { awake (&s::on_scanned)(what); },
      [=](wire::snapshot_part& what) { awake (&s::on_snapshot_part)(what); },
      [=](wire::snapshot_stored& what) { awake (&s::on_snapshot_stored)(what); },
      [=](const wire::items_rebuilt& what) { awake (&s::on_items_rebuilt)(what); },
      [=](wire::tick_atom tick) { awake (&s::on_tick)(tick); },
      [=](msg::ArchiveProgress& what) { awake (&s::on_archived)(what); },
      [self](wire::standing_atom) {
        self->state.wake();
        auto standing = self->state.standing();
        self->state.rest();
        return standing;
      },
      [=](wire::grow_atom grow) { awake (&s::on_grow)(grow); },
      [=](wire::stop_atom stop) { awake (&s::on_stop)(stop); },
      [self](wire::report_atom) {
        self->state.wake();
        auto report = self->state.report();
        self->state.rest();
        return report;
      },
      [self](wire::scrub_view_atom) {
        self->state.wake();
        auto view = self->state.view();
        self->state.rest();
        return view;
      },
      [self](const wire::propose_mark& what) {
        self->state.wake();
        auto answer = self->state.on_propose_mark(what);
        self->state.rest();
        return answer;
      },
      [=](const wire::mend_log& what) { awake (&s::on_mend)(what); },
      [self](const wire::condemn& what) {
        self->state.wake();
        const bool heard = self->state.on_condemn(what);
        self->state.rest();
        return heard;
      },
      [self](const msg::ScrubReport& what) { self->state.scrubbed = what; },
  };
}

wire::scrubbed_replica_actor spawn_replica(caf::actor_system& system, replica_options options) {
  return kit::spawn(system, replica, std::move(options));
}

} // namespace troupe::replica
