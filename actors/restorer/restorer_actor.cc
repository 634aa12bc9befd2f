#include "actors/restorer/restorer_actor.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include "actors/kit/spawn.h"
#include "actors/restorer/restorer_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::restorer {

namespace {

constexpr auto tick_every = std::chrono::milliseconds(50);

} // namespace

meters::meters(kit::metrics& m)
    : waiting(m.gauge("troupe_restorer_waiting_partitions",
                      "Partitions with a member on this node that have not been given all their items yet.")),
      restored(m.counter("troupe_restored_partitions_total",
                         "Partitions that this node has given all the items they begin with.")),
      items(m.counter("troupe_restored_items_total", "Items written into partitions that are restored.")),
      bytes(m.counter("troupe_restored_bytes_total", "Bytes of keys and items written likewise.")),
      failures(m.counter("troupe_restore_failures_total",
                         "Times that a partition was given up while it was restored, and begun anew.")),
      mailbox(kit::mailbox_depth(m, "restorer")) {}

void restorer_state::start() {
  dice.seed(options.seed);
  next_id = wire::first_id(dice());
  meter = std::make_unique<meters>(*options.metrics);
  worker = spawn_rebuild_worker(self->home_system(), options.open, options.scratch, options.room,
                                options.detached);
  self->send(
      options.peers,
      wire::enroll{wire::address(msg::ROLE_RESTORER), caf::actor_cast<wire::role_actor>(self), false, {}});
}

void restorer_state::on_group(const wire::restore_group& what) {
  kit::observe_mailbox(meter->mailbox, self);
  auto& one = charges[what.group];
  auto another = one.about.replica != what.replica;
  if (another && now_at && now_at->group == what.group)
    leave(0);
  one.about = what;
  if (another)
    one.done = false;
  if (what.part.done())
    return forget(what.group);
  if (!ticking) {
    ticking = true;
    self->send(self, wire::tick_atom::value);
  }
}

void restorer_state::forget(std::uint64_t group) {
  if (now_at && now_at->group == group)
    leave(0);
  charges.erase(group);
}

void restorer_state::receive(wire::inbox& mail) {
  kit::observe_mailbox(meter->mailbox, self);
  for (auto& from : mail) {
    const auto& parcel = from.parcel;
    if (!parcel.reply() || !now_at || parcel.id() != now_at->question)
      continue; // it came too late
    now_at->question = 0;
    if (now_at->at == work::phase::checking) {
      on_metadata(parcel);
    } else if (now_at->at == work::phase::giving_up) {
      on_given_up(parcel);
    } else if (parcel.has_replica_reply()) {
      on_written(parcel.replica_reply());
    } else {
      leave(0); // undelivered: no replica of the group runs here
    }
  }
}

void restorer_state::on_tick() {
  if (now_at && now_at->question != 0 && now() >= now_at->due_us) {
    now_at->question = 0;
    if (now_at->at == work::phase::checking || now_at->at == work::phase::giving_up) {
      metadata_leader.clear();
      leave(0);
    } else {
      go_on(); // with the same again: what was written twice is written once
    }
  } else if (now_at && now_at->write_us != 0 && now() >= now_at->write_us) {
    now_at->write_us = 0;
    go_on();
  }
  consider();
  show();
  ticking = !charges.empty();
  if (ticking)
    self->delayed_send(self, tick_every, wire::tick_atom::value);
}

void restorer_state::show() {
  auto waits =
      std::count_if(charges.begin(), charges.end(), [](const auto& one) { return !one.second.done; });
  meter->waiting.Set(static_cast<double>(waits));
}

// The next that may have to be done, in turns.
void restorer_state::consider() {
  if (now_at || charges.empty())
    return;
  auto it = charges.upper_bound(looked_at);
  for (std::size_t i = 0; i < charges.size(); ++i, ++it) {
    if (it == charges.end())
      it = charges.begin();
    auto& one = it->second;
    if (!is_due(one))
      continue;
    looked_at = it->first;
    now_at.emplace();
    now_at->group = it->first;
    now_at->turn = ++turns;
    return ask_replica();
  }
}

void restorer_state::stop() {
  if (options.cancelled)
    *options.cancelled = true;
  self->send(worker, wire::stop_atom::value);
  self->send(
      options.peers,
      wire::enroll{wire::address(msg::ROLE_RESTORER), caf::actor_cast<wire::role_actor>(self), true, {}});
  self->quit();
}

namespace {

wire::restorer_actor::behavior_type restorer(restorer_state::pointer self, restorer_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.start();
  return {
      [self](wire::inbox& mail) { self->state.receive(mail); },
      [](const wire::peer_lost&) {}, // what was under way to it is asked again
      [self](const wire::restore_group& what) { self->state.on_group(what); },
      [self](const wire::restore_forget& what) { self->state.forget(what.group); },
      [self](wire::tick_atom) { self->state.on_tick(); },
      [self](wire::stop_atom) { self->state.stop(); },
  };
}

} // namespace

wire::restorer_actor spawn_restorer(caf::actor_system& system, restorer_options options) {
  return kit::spawn(system, restorer, std::move(options));
}

} // namespace troupe::restorer
