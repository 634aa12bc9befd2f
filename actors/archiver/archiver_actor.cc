#include "actors/archiver/archiver_actor.h"
#include "actors/archiver/archiver_state.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include "actors/kit/spawn.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::archiver {

namespace {

constexpr std::int64_t show_every_us = 1'000'000;

archive::progress progress_of(const wire::log_standing& standing) {
  return {standing.leads, standing.base, standing.committed, standing.bytes};
}

} // namespace

archive::options rules_of(const config::archive_settings& settings) {
  archive::options rules;
  rules.segment_bytes = static_cast<std::uint64_t>(settings.segment_bytes);
  rules.segment_age = settings.segment_age_ms * 1000;
  rules.takeover = std::min(rules.takeover, rules.segment_age);
  rules.look_again = std::min(rules.look_again, rules.segment_age);
  rules.alarm_bytes = static_cast<std::uint64_t>(settings.alarm_bytes);
  rules.refuse_bytes = static_cast<std::uint64_t>(settings.refuse_bytes);
  return rules;
}

archive::snapshot_options snapshots_of(const config::archive_settings& settings) {
  archive::snapshot_options rules;
  rules.least_bytes = static_cast<std::uint64_t>(settings.snapshot_bytes);
  rules.stagger = std::min(rules.stagger, settings.segment_age_ms * 1000);
  return rules;
}

void archiver_state::start() {
  dice.seed(options.seed);
  meter = std::make_unique<meters>(*options.metrics);
  for (std::size_t i = 0; i < options.workers; ++i)
    hands.push_back(spawn_store_worker(self->home_system(), options.open, options.detached));
  free_hands = hands;
  self->send(
      options.peers,
      wire::enroll{wire::address(msg::ROLE_ARCHIVER), caf::actor_cast<wire::role_actor>(self), false, {}});
}

void archiver_state::on_cluster(std::uint64_t id) {
  if (cluster_id != 0) // a node belongs to one cluster for all its life
    return;
  cluster_id = id;
  for (auto& [group, one] : charges)
    consider(group);
  start_jobs();
}

void archiver_state::on_group(const wire::archive_group& what) {
  charges[what.group].about = what;
  consider(what.group);
  start_jobs();
}

void archiver_state::on_progress(const wire::log_progress& what) {
  kit::observe_mailbox(meter->mailbox, self);
  auto& one = charges[what.group];
  if (!one.keeper || one.replica != what.who) { // its counts begin anew, and so does everything here
    one.replica = what.who;
    begin_anew(what.group, one, what.standing.base);
  }
  if (what.standing.base > one.keeper->archived()) { // a snapshot took the place of the log
    one.unproven = what.standing.base;
    one.gap = false;
    one.prove_us = 0;
    one.link.reset();
  }
  one.keeper->told(progress_of(what.standing), now());
  one.planner->told(what.standing.leads, what.standing.holds_items, what.standing.item_bytes);
  if (!what.standing.leads)
    for (auto& who : std::exchange(one.askers, {}))
      answer(who, msg::MOVED, "this member leads no more");
  consider(what.group);
  start_jobs();
  tell(what.group);
}

void archiver_state::begin_anew(std::uint64_t group, charge& one, std::uint64_t base) {
  one.keeper.emplace(options.rules, base);
  one.planner.emplace(options.snapshots, dice());
  one.life = ++lives;
  one.busy = false;
  one.looking = false;
  std::erase(looks, group);
  one.link.reset();
  one.unproven = base;
  one.gap = false;
  one.prove_us = 0;
  one.unsound.clear();
  one.told_once = false;
}

void archiver_state::forget(std::uint64_t group) {
  auto it = charges.find(group);
  if (it == charges.end())
    return;
  for (auto& who : it->second.askers)
    answer(who, msg::MOVED, "this member is dropped");
  charges.erase(it);
  std::erase(queue, group);
  std::erase(looks, group);
  std::erase_if(line, [group](const auto& one) { return one.group == group; });
  if (snapshot && snapshot->group == group)
    snapshot_failed("its replica is gone");
}

// Where its log began here nobody has looked yet whether the archive reaches so far.
wire::archive_view archiver_state::view(std::uint64_t group) const {
  wire::archive_view seen;
  auto it = charges.find(group);
  seen.known = cluster_id != 0 && it != charges.end() && it->second.about && it->second.keeper;
  if (!seen.known)
    return seen;
  seen.about = about(group);
  const auto archived = it->second.keeper->archived();
  seen.archived = archived > it->second.unproven ? archived : 0;
  return seen;
}

void archiver_state::on_want(const wire::want_snapshot& what) {
  auto it = charges.find(what.group);
  if (it == charges.end() || !it->second.planner)
    return;
  it->second.planner->want(what.index);
  consider(what.group);
  start_jobs();
}

charge* archiver_state::find(const ticket& t) {
  auto it = charges.find(t.group);
  return it == charges.end() || it->second.life != t.life ? nullptr : &it->second;
}

void archiver_state::wake_at(std::int64_t at_us) {
  if (at_us == archive::never || (armed_us != 0 && armed_us <= at_us))
    return; // it wakes early, looks, and arms again
  armed_us = std::max(at_us, now());
  self->send(options.ticker, wire::arm{caf::actor_cast<caf::strong_actor_ptr>(self), armed_us});
}

void archiver_state::on_tick() {
  armed_us = 0;
  auto t = now();
  for (auto& [group, one] : charges) {
    auto late = [t](const asker& who) { return who.due_us <= t; };
    for (auto& who : one.askers)
      if (late(who))
        answer(who, msg::UNAVAILABLE,
               one.gap               ? text_of(alarm::gap, one)
               : one.trouble.empty() ? "not archived in time"
                                     : one.trouble);
    std::erase_if(one.askers, late);
    for (auto& who : one.askers)
      wake_at(who.due_us);
    consider(group);
  }
  start_jobs();
  if (snapshot && snapshot->again_us != 0 && snapshot->again_us <= t)
    ask_for_page();
  else if (snapshot && snapshot->again_us != 0)
    wake_at(snapshot->again_us);
  keep_transfer();
  if (t - shown_us >= show_every_us)
    show();
}

void archiver_state::stop() {
  if (options.cancelled)
    *options.cancelled = true;
  for (auto& [group, one] : charges)
    for (auto& who : one.askers)
      answer(who, msg::UNAVAILABLE, "this node stops");
  for (auto& hand : hands) // one that is busy comes to it soon, as the store was cancelled
    self->send(hand, wire::stop_atom::value);
  self->send(
      options.peers,
      wire::enroll{wire::address(msg::ROLE_ARCHIVER), caf::actor_cast<wire::role_actor>(self), true, {}});
  self->quit();
}

namespace {

wire::scrubbed_archiver_actor::behavior_type archiver(archiver_state::pointer self,
                                                      archiver_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.start();
  return {
      [self](wire::inbox& mail) { self->state.receive(mail); },
      [](const wire::peer_lost&) {}, // whoever asked asks again, elsewhere
      [self](const wire::log_progress& what) { self->state.on_progress(what); },
      [self](const wire::archive_cluster& what) { self->state.on_cluster(what.id); },
      [self](const wire::archive_group& what) { self->state.on_group(what); },
      [self](const wire::archive_forget& what) { self->state.forget(what.group); },
      [self](const wire::rebuild_items& what) { self->state.rebuild(what); },
      [self](wire::tick_atom) { self->state.on_tick(); },
      [self](wire::stop_atom) { self->state.stop(); },
      [self](const wire::view_archive& what) { return self->state.view(what.group); },
      [self](const wire::want_snapshot& what) { self->state.on_want(what); },
  };
}

} // namespace

wire::scrubbed_archiver_actor spawn_archiver(caf::actor_system& system, archiver_options options) {
  auto fail_stop = options.fail_stop;
  auto made = kit::spawn(system, archiver, std::move(options));
  if (fail_stop)
    made->attach_functor([fail_stop, &system](const caf::error& why) {
      if (why && why != caf::exit_reason::user_shutdown)
        fail_stop("the archiver has ended: " + system.render(why));
    });
  return made;
}

} // namespace troupe::archiver
