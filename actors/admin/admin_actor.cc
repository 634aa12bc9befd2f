// The door: what can be said to the admin, its ticks, and its end.
#include "actors/admin/admin_actor.h"
#include "actors/admin/admin_state.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include "actors/kit/spawn.h"
#include "config/limits.h"
#include "messages/status.h"
#include <caf/all.hpp>

namespace troupe::admin {

namespace {

constexpr auto idle_tick = std::chrono::milliseconds(250);
constexpr auto busy_tick = std::chrono::milliseconds(50);

} // namespace

admin_metrics::admin_metrics(kit::metrics& m)
    : leads(m.gauge("troupe_admin_leads", "1 on the node whose admin leads, 0 on the others.")),
      version(m.gauge("troupe_metadata_version", "Version of the metadata that this admin has in memory.")),
      tables(m.gauge("troupe_tables", "Tables in the metadata that this admin has in memory.")),
      partitions(m.gauge("troupe_partitions", "Partitions in the metadata that this admin has in memory.")),
      nodes_alive(m.gauge("troupe_nodes_alive", "Nodes that have reported to the leading admin lately.")),
      ailing(m.gauge("troupe_ailing_groups", "Groups that are not whole, as the leading admin sees it.")),
      paused(m.gauge("troupe_healing_paused",
                     "1 while an operator has stopped healing, as the leading admin knows it.")),
      membership_changes(m.counter("troupe_membership_changes_total",
                                   "Changes of groups' members that this admin saw committed.")),
      waiting(m.gauge("troupe_admin_waiting", "Requests that the admin has not answered yet.")),
      changes(m.counter("troupe_metadata_changes_total", "Changes to the metadata that this admin made.")),
      conflicts(m.counter("troupe_metadata_conflicts_total",
                          "Changes that failed because the metadata had moved on, and were planned again.")),
      loads(m.counter("troupe_metadata_loads_total", "Times all records were read from the group.")),
      mailbox(kit::mailbox_depth(m, "admin")) {}

void admin_state::start() {
  random.seed(options.seed);
  client_id = random();
  asked = kit::promise_table<answer_handler>(questions_max, wire::first_id(random()));
  asked_archivers = kit::promise_table<std::uint64_t>(questions_max, wire::first_id(client_id));
  meter = std::make_unique<admin_metrics>(*options.metrics);
  self->send(options.peers, wire::enroll{wire::address(msg::ROLE_ADMIN), self, false});
  self->send(self, wire::tick_atom::value);
}

outlook admin_state::view() const {
  outlook here{records, nodes};
  here.now_us = now();
  here.now_ms = options.clock->unix_ms();
  here.leading_us = leading_us;
  here.patience_us = limits::node_alive_ms * 1000;
  here.min_free_bytes = options.min_free_bytes;
  here.storage_nodes = options.storage_nodes;
  here.metadata_nodes = options.metadata_nodes;
  here.heal = options.heal;
  here.rebuilds = options.rebuilds;
  here.archived = &archived;
  return here;
}

// Who was stopped, or asleep with the whole machine, begins anew, as one who has just come to lead.
void admin_state::notice_own_absence() {
  if (nodes.attend(now()) || now_is != stance::leading)
    return;
  kit::log(kit::level::warning, options.node, "admin", "was stopped for a while, and asks all nodes anew");
  leading_us = now();
  healing.clear();
}

void admin_state::receive(wire::inbox& mail) {
  kit::observe_mailbox(meter->mailbox, self);
  notice_own_absence();
  for (auto& from : mail) {
    const auto& parcel = from.parcel;
    if (parcel.has_admin_request()) {
      on_admin(from);
    } else if (parcel.has_map_request()) {
      on_map(from);
    } else if (parcel.has_node_report()) {
      on_report(from);
    } else if (parcel.reply() && parcel.from().role() == msg::ROLE_ARCHIVER) {
      if (auto group = asked_archivers.take(parcel.id()))
        on_archiver(*group, parcel);
    } else if (parcel.reply()) {
      if (auto then = asked.take(parcel.id())) {
        if (parcel.has_replica_reply()) {
          (*then)(parcel.replica_reply());
        } else { // undelivered: there is no replica of the metadata group here
          msg::ReplicaReply nobody;
          *nobody.mutable_status() = make_status(msg::UNAVAILABLE, "not delivered");
          (*then)(nobody);
        }
      }
    }
  }
  advance();
}

void admin_state::on_tick() {
  notice_own_absence();
  for (auto& then : asked.take_expired(now())) {
    msg::ReplicaReply late;
    *late.mutable_status() = make_status(msg::UNKNOWN_OUTCOME, "no answer in time");
    then(late);
  }
  for (auto group : asked_archivers.take_expired(now()))
    archived.ask_again(group, now());
  settle_outcomes();
  answer_early();
  probe_due = true;
  advance();
  meter->leads.Set(now_is == stance::leading);
  meter->version.Set(static_cast<double>(records.version()));
  meter->tables.Set(static_cast<double>(records.tables().size()));
  meter->partitions.Set(static_cast<double>(records.partitions().size()));
  meter->waiting.Set(static_cast<double>(wishes.size() + readers.size() + early.size() + outcomes.size()));
  double alive = 0;
  for (const auto& [node, page] : nodes.pages())
    alive += now_is == stance::leading && nodes.alive(node, now());
  meter->nodes_alive.Set(alive);
  bool changing = false;
  double ailing = 0;
  for (auto group : records.ailing()) {
    changing = changing || records.partition(group)->has_target();
    ailing += records.partition(group)->ailing_ms() != 0;
  }
  meter->ailing.Set(now_is == stance::leading ? ailing : 0);
  meter->paused.Set(now_is == stance::leading && records.cluster().has_healing_pause());
  bool busy = !wishes.empty() || !outcomes.empty() || !early.empty() || !records.unsettled().empty() ||
              !records.unfinished_backups().empty() || stale || changing;
  self->delayed_send(self, busy ? busy_tick : idle_tick, wire::tick_atom::value);
}

void admin_state::on_stop() {
  release_waiters();
  self->send(options.peers, wire::enroll{wire::address(msg::ROLE_ADMIN), self, true});
  self->quit();
}

admin_actor::behavior_type admin(admin_state::pointer self, admin_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.start();
  return {
      [self](wire::inbox& mail) { self->state.receive(mail); },
      [](const wire::peer_lost&) {}, // what was under way to it is asked again, or expires
      [self](wire::tick_atom) { self->state.on_tick(); },
      [self](wire::stop_atom) { self->state.on_stop(); },
  };
}

admin_actor spawn_admin(caf::actor_system& system, admin_options options) {
  return kit::spawn(system, admin, std::move(options));
}

} // namespace troupe::admin
