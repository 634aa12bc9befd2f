#include "tests/unit/replica/lone_replica.h"
#include "messages/entry_link.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/stand_in.h"
#include <algorithm>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace troupe::replica::test {

msg::Entry leaders_log::next(msg::Entry::Kind kind, std::string payload) {
  msg::Entry entry;
  entry.set_index(++index);
  entry.mutable_ballot()->set_round(1);
  entry.mutable_ballot()->set_member(2);
  entry.set_kind(kind);
  entry.set_payload(std::move(payload));
  entry.set_previous_link(link);
  link = entry_link(7, entry, link);
  entry.set_link(link);
  return entry;
}

msg::Entry leaders_log::put(const std::string& key, const std::string& item) {
  msg::Command command;
  auto& effect = *command.add_effects();
  effect.set_key(key);
  effect.set_item(item);
  return next(msg::Entry::COMMAND, command.SerializeAsString());
}

msg::Entry leaders_log::configuration(const msg::Configuration& what) {
  return next(msg::Entry::CONFIGURATION, what.SerializeAsString());
}

msg::PaxosMessage leaders_log::message() const {
  msg::PaxosMessage message;
  message.set_group(7);
  message.set_from(2);
  message.set_to(1);
  message.set_epoch(1);
  return message;
}

msg::PaxosMessage leaders_log::accept(const std::vector<msg::Entry>& entries, std::uint64_t commit) const {
  auto message = this->message();
  auto& accept = *message.mutable_accept();
  accept.mutable_ballot()->set_round(1);
  accept.mutable_ballot()->set_member(2);
  accept.set_previous_index(entries.front().index() - 1);
  accept.set_previous_link(entries.front().previous_link());
  accept.mutable_entries()->Assign(entries.begin(), entries.end());
  accept.set_commit(commit);
  return message;
}

msg::PaxosMessage leaders_log::settled() const {
  auto message = this->message();
  auto& beat = *message.mutable_heartbeat();
  beat.mutable_ballot()->set_round(1);
  beat.mutable_ballot()->set_member(2);
  beat.set_commit(index);
  beat.set_settled(index);
  beat.set_held(index);
  return message;
}

msg::PaxosMessage leaders_log::gone() const {
  auto message = this->message();
  auto& chosen = *message.mutable_chosen();
  chosen.set_commit(index);
  chosen.set_gone(true);
  chosen.set_previous_index(index);
  chosen.set_previous_link(link);
  return message;
}

msg::SnapshotChunk leaders_log::snapshot() const {
  msg::SnapshotChunk chunk;
  auto& header = *chunk.mutable_header();
  header.set_group(7);
  header.set_index(index);
  header.set_link(link);
  chunk.set_last(true);
  return chunk;
}

msg::Configuration three_members(msg::MemberKind kind) {
  msg::Configuration configuration;
  configuration.set_epoch(1);
  for (std::uint64_t id : {1, 2, 3}) {
    auto& member = *configuration.add_members();
    member.set_id(id);
    member.set_node("n" + std::to_string(id));
    member.set_disk(1);
    member.set_kind(id == 1 ? kind : msg::STORAGE_REPLICA);
  }
  return configuration;
}

void follows(replica_options& options) {
  options.configuration = three_members();
  options.preferred_leader = false;
}

lone_replica::lone_replica(const adjustment& adjust, wire::items_opened file, wire::log_loaded log,
                           bool archives)
    : stored(std::move(file)), logged(std::move(log)) {
  config_ = std::make_unique<kit::node_config>(nodes_test::on_virtual_time());
  system_ = std::make_unique<caf::actor_system>(*config_);
  replica_options o;
  o.group = 7;
  o.member = 1;
  o.fresh = true;
  o.preferred_leader = true;
  o.configuration.set_epoch(1);
  auto& self = *o.configuration.add_members();
  self.set_id(1);
  self.set_node("n1");
  o.node = "n1";
  o.inflight = 100;
  o.peers = system_->spawn(peers, this);
  o.ticker = system_->spawn(ticker);
  o.disk = system_->spawn(disk, this);
  o.items = system_->spawn(items, this);
  if (archives)
    o.archiver = system_->spawn(archiver, this);
  o.clock = &clock_;
  o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
  if (adjust)
    adjust(o);
  others_ = {caf::actor_cast<caf::actor>(o.peers), caf::actor_cast<caf::actor>(o.ticker),
             caf::actor_cast<caf::actor>(o.disk), caf::actor_cast<caf::actor>(o.items)};
  if (o.archiver)
    others_.push_back(caf::actor_cast<caf::actor>(o.archiver));
  replica_ = spawn_replica(*system_, std::move(o));
  run();
}

lone_replica::~lone_replica() {
  caf::anon_send_exit(replica_, caf::exit_reason::kill);
  for (auto& one : others_)
    caf::anon_send_exit(one, caf::exit_reason::kill);
  asked = {};
  loads.clear();
  appends.clear();
  appended.clear();
  rebuilds.clear();
  run();
}

void lone_replica::run() {
  dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler()).run();
}

void lone_replica::pass(std::chrono::milliseconds time) {
  clock_.us += time.count() * 1000;
  caf::anon_send(replica_, wire::tick_atom::value);
  run();
}

void lone_replica::write(std::uint64_t sequence, bool repeated, msg::ReplicaRequest::Mutation mutation) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, 7);
  *parcel.mutable_from() = wire::address(msg::ROLE_ROUTER);
  parcel.set_id(++asked_);
  auto& request = *parcel.mutable_replica_request();
  request.mutable_id()->set_client(5);
  request.mutable_id()->set_sequence(sequence);
  request.mutable_id()->set_repeated(repeated);
  *request.mutable_write()->add_mutations() = std::move(mutation);
  deliver(std::move(parcel));
}

void lone_replica::restore(const msg::Ballot& ballot, const std::string& key, const std::string& item) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, 7);
  *parcel.mutable_from() = wire::address(msg::ROLE_RESTORER);
  parcel.set_id(++asked_);
  auto& write = *parcel.mutable_replica_request()->mutable_write();
  write.set_in_round(ballot.round());
  write.set_in_member(ballot.member());
  if (!key.empty()) {
    auto& mutation = *write.add_mutations();
    mutation.set_key(key);
    mutation.set_item(item);
  }
  deliver(std::move(parcel));
}

void lone_replica::hear(msg::PaxosMessage message) {
  msg::Parcel parcel;
  *parcel.mutable_paxos() = std::move(message);
  deliver(std::move(parcel));
}

void lone_replica::hear_from(std::uint64_t member, const std::string& node, msg::PaxosMessage message) {
  message.set_group(7);
  message.set_from(member);
  message.set_to(1);
  message.set_epoch(1);
  msg::Parcel parcel;
  *parcel.mutable_paxos() = std::move(message);
  deliver(std::move(parcel), node);
}

void lone_replica::hear(msg::SnapshotChunk chunk) {
  auto asked_for =
      std::find_if(told.rbegin(), told.rend(), [](auto& one) { return one.has_snapshot_request(); });
  if (asked_for == told.rend())
    return;
  auto& question = asked_for->snapshot_request();
  chunk.set_group(7);
  chunk.set_from(question.to());
  chunk.set_to(1);
  chunk.set_transfer(question.transfer());
  chunk.set_chunk(question.chunk());
  msg::Parcel parcel;
  *parcel.mutable_snapshot_chunk() = std::move(chunk);
  deliver(std::move(parcel));
}

void lone_replica::asked_for_piece(std::uint64_t by, std::uint64_t transfer, std::uint64_t chunk,
                                   std::uint64_t at_least) {
  msg::Parcel parcel;
  auto& question = *parcel.mutable_snapshot_request();
  question.set_group(7);
  question.set_from(by);
  question.set_to(1);
  question.set_transfer(transfer);
  question.set_chunk(chunk);
  question.set_at_least(at_least);
  deliver(std::move(parcel));
}

void lone_replica::grow() {
  caf::anon_send(replica_, wire::grow_atom::value);
  run();
}

void lone_replica::deliver(msg::Parcel parcel, const std::string& node) {
  wire::inbox mail;
  mail.push_back({std::make_shared<wire::peer>(wire::peer{node, 1, 1, false}), std::move(parcel)});
  caf::anon_send(replica_, std::move(mail));
  run();
}

void lone_replica::answer_reads(const std::optional<std::string>& item) {
  for (auto& one : std::exchange(asked.reads, {})) {
    wire::items_read found;
    for (auto& read : one.reads)
      found.items.push_back({{}, read.token, item.has_value(), item.value_or("")});
    caf::anon_send(one.who, std::move(found));
  }
  run();
}

void lone_replica::answer_flush(wire::disk_result result) {
  auto flush = std::move(asked.applies.front());
  asked.applies.pop_front();
  wire::items_applied answer;
  if (result.ok() && !flush.stay) {
    stored.applied = flush.applied;
    stored.applied_link = flush.applied_link;
  }
  answer.result = std::move(result);
  answer.job = flush.job;
  answer.applied = stored.applied;
  answer.durable = stored.durable;
  items_say(std::move(answer));
}

void lone_replica::answer_store() {
  auto piece = std::move(asked.stores.front());
  asked.stores.pop_front();
  wire::snapshot_stored answer;
  answer.transfer = piece.transfer;
  answer.installed = true;
  answer.header = piece.chunk->header();
  stored.applied = stored.durable = answer.header.index();
  stored.applied_link = answer.header.link();
  answer.opened = stored;
  items_say(std::move(answer));
}

// What a reopened replica will find.
void lone_replica::keep(const wire::append_log& job) {
  logged.exists = true;
  if (job.reset) {
    logged.entries.clear();
    logged.base = job.reset->index;
    logged.base_link = job.reset->link;
    logged.base_ballot = job.reset->ballot;
  }
  if (job.hard_state)
    logged.hard_state = *job.hard_state;
  for (auto& entry : job.entries) {
    std::erase_if(logged.entries, [&](auto& old) { return old.index() == entry->index(); });
    logged.entries.push_back(*entry);
  }
  std::sort(logged.entries.begin(), logged.entries.end(),
            [](auto& a, auto& b) { return a.index() < b.index(); });
}

void lone_replica::answer_disk() {
  auto job = std::move(appends.front());
  appends.pop_front();
  caf::anon_send(job.who, wire::appended{{}, job.job});
  run();
}

void lone_replica::answer_load() {
  auto who = std::move(loads.front().who);
  loads.pop_front();
  caf::anon_send(who, logged);
  run();
}

msg::ReplicaReport lone_replica::report() {
  msg::ReplicaReport report;
  caf::scoped_actor asker(*system_);
  auto asking = asker->request(replica_, caf::infinite, wire::report_atom::value);
  run();
  asking.receive([&](msg::ReplicaReport& what) { report = std::move(what); }, [](caf::error&) {});
  return report;
}

wire::mark_proposed lone_replica::propose_mark(std::vector<std::uint32_t> leaves) {
  wire::mark_proposed answer;
  caf::scoped_actor asker(*system_);
  auto asking = asker->request(replica_, caf::infinite, wire::propose_mark{std::move(leaves)});
  run();
  asking.receive([&](wire::mark_proposed& what) { answer = what; }, [](caf::error&) {});
  return answer;
}

wire::scrub_view lone_replica::view() {
  wire::scrub_view view;
  caf::scoped_actor asker(*system_);
  auto asking = asker->request(replica_, caf::infinite, wire::scrub_view_atom::value);
  run();
  asking.receive([&](wire::scrub_view& what) { view = std::move(what); }, [](caf::error&) {});
  return view;
}

bool lone_replica::condemn(wire::condemn what) {
  bool heard = false;
  caf::scoped_actor asker(*system_);
  auto asking = asker->request(replica_, caf::infinite, std::move(what));
  run();
  asking.receive([&](bool said) { heard = said; }, [](caf::error&) {});
  return heard;
}

wire::peers_actor::behavior_type lone_replica::peers(wire::peers_actor::pointer, lone_replica* world) {
  return testing::stand_in<wire::peers_actor>([world](wire::outbox& mail) {
    for (auto& one : mail)
      if (one.parcel.has_replica_reply()) {
        world->answers.push_back(std::move(*one.parcel.mutable_replica_reply()));
      } else {
        world->told.push_back(std::move(one.parcel));
        world->told_nodes.push_back(std::move(one.node));
      }
  });
}

wire::ticker_actor::behavior_type lone_replica::ticker(wire::ticker_actor::pointer) {
  return {[](const wire::arm&) {}, [](wire::tick_atom) {}};
}

wire::disk_actor::behavior_type lone_replica::disk(wire::disk_actor::pointer self, lone_replica* world) {
  return testing::stand_in<wire::disk_actor>(
      [self, world](const wire::load_log& what) {
        if (world->slow_loading)
          world->loads.push_back(what);
        else
          self->send(what.who, world->logged);
      },
      [self, world](const wire::append_log& job) {
        for (auto& entry : job.entries)
          if (entry->kind() == msg::Entry::COMMAND)
            world->commands.emplace_back().ParseFromString(entry->payload());
        world->appended.push_back(job);
        auto says = world->disk_says;
        if (job.create && world->logged.exists)
          says = {wire::disk_outcome::exists, "the log holds the group"};
        if (says.ok())
          world->keep(job);
        if (job.who && world->slow_disk)
          world->appends.push_back(job);
        else if (job.who)
          self->send(job.who, wire::appended{says, job.job});
      },
      [self, world](const wire::read_log& what) {
        world->log_reads.push_back(what);
        wire::log_read answer;
        answer.from = what.from;
        std::uint64_t bytes = 0;
        for (auto& entry : world->logged.entries)
          if (entry.index() >= what.from && entry.index() <= what.to && bytes < what.max_bytes) {
            bytes += entry.payload().size();
            answer.entries.push_back(entry);
          }
        self->send(what.who, std::move(answer));
      });
}

wire::items_actor::behavior_type lone_replica::items(wire::items_actor::pointer self, lone_replica* world) {
  return testing::stand_in<wire::items_actor>(
      [self, world](const wire::open_items& what) {
        world->asked.opens.push_back(what);
        self->send(what.who, world->stored);
      },
      [world](const wire::apply_items& what) { world->asked.applies.push_back(what); },
      [world](const wire::read_items& what) { world->asked.reads.push_back(what); },
      [world](const wire::read_snapshot& what) { world->asked.pieces.push_back(what); },
      [self, world](const wire::store_snapshot& what) {
        if (what.chunk || !what.file.empty())
          return world->asked.stores.push_back(what);
        world->asked.looks.push_back(what);
        auto answer = what.anew ? wire::snapshot_stored{} : world->left;
        answer.transfer = what.transfer;
        self->send(what.who, std::move(answer));
      },
      [world](const wire::remove_snapshot& what) { world->asked.removed.push_back(what.file); },
      [world](const wire::drop_items& what) { world->asked.drops.push_back(what); });
}

wire::archiver_actor::behavior_type lone_replica::archiver(wire::archiver_actor::pointer,
                                                           lone_replica* world) {
  return testing::stand_in<wire::archiver_actor>(
      [world](const wire::rebuild_items& what) { world->rebuilds.push_back(what); });
}

std::size_t snapshot_questions(const lone_replica& w) {
  return static_cast<std::size_t>(
      std::count_if(w.told.begin(), w.told.end(), [](auto& one) { return one.has_snapshot_request(); }));
}

lone_replica::adjustment log_replica(bool fresh) {
  return [fresh](replica_options& options) {
    options.configuration = three_members(msg::LOG_REPLICA);
    options.kind = msg::LOG_REPLICA;
    options.preferred_leader = false;
    options.fresh = fresh;
  };
}

} // namespace troupe::replica::test
