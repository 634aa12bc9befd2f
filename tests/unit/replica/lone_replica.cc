#include "tests/unit/replica/lone_replica.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace troupe::replica::test {

lone_replica::lone_replica(const std::function<void(replica_options&)>& adjust) {
  kit::node_config_options how;
  how.network = false;
  how.virtual_time = true;
  config_ = std::make_unique<kit::node_config>(how);
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
  o.clock = &clock_;
  o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
  if (adjust)
    adjust(o);
  others_ = {caf::actor_cast<caf::actor>(o.peers), caf::actor_cast<caf::actor>(o.ticker),
             caf::actor_cast<caf::actor>(o.disk), caf::actor_cast<caf::actor>(o.items)};
  replica_ = spawn_replica(*system_, std::move(o));
  run();
}

lone_replica::~lone_replica() {
  caf::anon_send_exit(replica_, caf::exit_reason::kill);
  for (auto& one : others_)
    caf::anon_send_exit(one, caf::exit_reason::kill);
  asked = {};
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
  wire::inbox mail;
  mail.push_back({std::make_shared<wire::peer>(wire::peer{"n2", 1, 1, false}), std::move(parcel)});
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
  if (result.ok())
    stored.applied = flush.applied;
  answer.result = std::move(result);
  answer.job = flush.job;
  answer.applied = stored.applied;
  answer.durable = stored.durable;
  items_say(std::move(answer));
}

msg::ReplicaReport lone_replica::report() {
  msg::ReplicaReport report;
  caf::scoped_actor asker(*system_);
  auto asking = asker->request(replica_, caf::infinite, wire::report_atom::value);
  run();
  asking.receive([&](msg::ReplicaReport& what) { report = std::move(what); }, [](caf::error&) {});
  return report;
}

wire::peers_actor::behavior_type lone_replica::peers(wire::peers_actor::pointer, lone_replica* world) {
  return {
      [](const msg::Hello& hello, const caf::strong_actor_ptr&) { return hello; },
      [](const msg::Envelope&) {},
      [world](wire::outbox& mail) {
        for (auto& one : mail)
          if (one.parcel.has_replica_reply())
            world->answers.push_back(std::move(*one.parcel.mutable_replica_reply()));
      },
      [](const wire::enroll&) {},
      [](const wire::link_up&) {},
      [](wire::flush_atom) {},
      [](wire::tick_atom) {},
      [](wire::stop_atom) {},
  };
}

wire::ticker_actor::behavior_type lone_replica::ticker(wire::ticker_actor::pointer) {
  return {[](const wire::arm&) {}, [](wire::tick_atom) {}};
}

wire::disk_actor::behavior_type lone_replica::disk(wire::disk_actor::pointer self, lone_replica* world) {
  return {
      [](const wire::load_log&) {},
      [self, world](const wire::append_log& job) {
        for (auto& entry : job.entries)
          if (entry->kind() == msg::Entry::COMMAND)
            world->commands.emplace_back().ParseFromString(entry->payload());
        if (job.who)
          self->send(job.who, wire::appended{{}, job.job});
      },
      [](const wire::read_log&) {},
      [](const wire::drop_log&) {},
      [](wire::commit_atom) {},
      [](wire::tick_atom) {},
      [](wire::stop_atom) {},
  };
}

wire::items_actor::behavior_type lone_replica::items(wire::items_actor::pointer self, lone_replica* world) {
  return {
      [self, world](const wire::open_items& what) {
        world->asked.opens.push_back(what);
        self->send(what.who, world->stored);
      },
      [world](const wire::apply_items& what) { world->asked.applies.push_back(what); },
      [world](const wire::read_items& what) { world->asked.reads.push_back(what); },
      [](const wire::scan_items&) {},
      [](const wire::read_snapshot&) {},
      [](const wire::store_snapshot&) {},
      [](const wire::sync_items&) {},
      [](const wire::digest_items&) {},
      [](const wire::drop_items&) {},
      [](wire::tick_atom) {},
      [](wire::stop_atom) {},
  };
}

} // namespace troupe::replica::test
