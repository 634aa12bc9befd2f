#include "actors/scrubber/scrubber_actor.h"
#include "actors/kit/mailbox.h"
#include "actors/kit/spawn.h"
#include "actors/scrubber/scrubber_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::scrubber {

namespace {

constexpr auto tick_at_rest = std::chrono::milliseconds(250);
constexpr auto tick_comparing = std::chrono::milliseconds(50);
constexpr std::int64_t show_every_us = 1'000'000;
constexpr std::int64_t never_us = 3'153'600'000'000'000; // a hundred years

} // namespace

// Switched off it does what it is asked to, and nothing by itself.
std::int64_t scrubber_state::cycle_us() const {
  return options.scrub.enabled ? options.scrub.cycle_ms * 1000 : never_us;
}

void scrubber_state::start() {
  meter = std::make_unique<meters>(*options.metrics);
  passes = std::make_unique<scrub::schedule>(cycle_us());
  comparisons = std::make_unique<scrub::schedule>(cycle_us());
  pace = std::make_unique<scrub::pace>(options.scrub.bytes_per_second);
  next_id = wire::first_id(options.seed);
  if (options.archiver && options.scrub.archive) {
    options.archive.bytes_per_second = options.scrub.archive_bytes_per_second;
    worker = spawn_archive_worker(self->home_system(), options.archive, options.detached);
  }
  self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self->send(options.peers,
             wire::enroll{wire::address(msg::ROLE_SCRUBBER), caf::actor_cast<wire::role_actor>(self), false});
  self->send(self, wire::tick_atom::value);
}

void scrubber_state::on_started(const resident_started& what) {
  auto& one = residents[what.group];
  one = {};
  one.member = what.member;
  one.table = what.table;
  one.actor = what.actor;
  one.started_us = now();
  group_of[one.actor.id()] = what.group;
  self->monitor(one.actor);
  for (auto* turns : {passes.get(), comparisons.get()}) {
    turns->add(what.group, now());
    if (!options.scrub.enabled)
      turns->put_off(what.group, now() + never_us);
  }
}

void scrubber_state::on_down(const caf::down_msg& down) {
  auto known = group_of.find(down.source.id());
  if (known == group_of.end())
    return;
  auto it = residents.find(known->second);
  if (it != residents.end() && it->second.actor.id() == down.source.id()) {
    passes->remove(known->second);
    comparisons->remove(known->second);
    comparing.erase(known->second);
    std::erase_if(orders, [&](const proof_order& order) { return order.group == known->second; });
    residents.erase(it);
  }
  group_of.erase(known);
}

void scrubber_state::receive(wire::inbox& mail) {
  kit::observe_mailbox(meter->mailbox, self);
  for (const auto& from : mail) {
    if (from.from->client)
      continue; // has no part in this
    if (from.parcel.reply())
      on_reply(from);
    else if (from.parcel.has_scrub_request())
      on_request(from);
  }
  drive_comparisons();
  send_out();
}

void scrubber_state::on_tick() {
  drive_pass();
  begin_comparisons();
  drive_comparisons();
  drive_proof();
  show();
  send_out();
  self->delayed_send(self, comparing.empty() ? tick_at_rest : tick_comparing, wire::tick_atom::value);
}

void scrubber_state::show() {
  const auto t = now();
  if (t - shown_us < show_every_us)
    return;
  shown_us = t;
  meter->oldest_pass_seconds.Set(static_cast<double>(passes->oldest(t)) / 1e6);
  std::int64_t oldest = 0;
  std::int64_t oldest_proof = 0;
  int troubles = 0;
  for (const auto& [group, one] : residents) {
    if (one.led)
      oldest = std::max(oldest, t - std::max(one.compared_us, one.led_us));
    if (one.led && proves())
      oldest_proof = std::max(oldest_proof, t - std::max(one.proved_us, one.started_us));
    troubles += one.report.archive().empty() ? 0 : 1;
  }
  meter->oldest_proof_seconds.Set(static_cast<double>(oldest_proof) / 1e6);
  meter->archive_troubles.Set(troubles);
  meter->oldest_comparison_seconds.Set(static_cast<double>(oldest) / 1e6);
  if (auto* one = reader(); one && one->report.progress() != 0)
    tell(*one);
}

void scrubber_state::post(const std::string& node, msg::ScrubRequest request, std::uint64_t id) {
  auto& out = outbox.emplace_back();
  out.node = node;
  *out.parcel.mutable_to() = wire::address(msg::ROLE_SCRUBBER);
  *out.parcel.mutable_from() = out.parcel.to();
  out.parcel.set_id(id);
  *out.parcel.mutable_scrub_request() = std::move(request);
}

void scrubber_state::send_out() {
  if (outbox.empty())
    return;
  self->send(options.peers, std::move(outbox));
  outbox.clear();
}

scrubber_actor::behavior_type scrubber(scrubber_actor::stateful_pointer<scrubber_state> self,
                                       scrubber_options options) {
  self->state.self = self;
  self->state.options = std::move(options);
  self->state.start();
  return {
      [self](wire::inbox& mail) { self->state.receive(mail); },
      [](const wire::peer_lost&) {}, // what was under way is asked again
      [self](const resident_started& what) { self->state.on_started(what); },
      [self](wire::tick_atom) { self->state.on_tick(); },
      [self](step_atom) {
        self->state.drive_pass();
        self->state.send_out();
      },
      [self](wire::stop_atom) {
        if (self->state.options.archive.cancelled)
          *self->state.options.archive.cancelled = true;
        if (self->state.worker) // one that is busy comes to it soon, as it was cancelled
          self->send(self->state.worker, wire::stop_atom::value);
        self->send(self->state.options.peers, wire::enroll{wire::address(msg::ROLE_SCRUBBER),
                                                           caf::actor_cast<wire::role_actor>(self), true});
        self->quit();
      },
  };
}

scrubber_actor spawn_scrubber(caf::actor_system& system, scrubber_options options) {
  return kit::spawn(system, scrubber, std::move(options));
}

} // namespace troupe::scrubber
