#include "actors/pulse/pulse_actor.h"
#include "actors/kit/spawn.h"
#include "actors/pulse/pulse_state.h"
#include <algorithm>
#include <caf/all.hpp>
#include <chrono>

namespace troupe::pulse {

namespace {

// A leader whose replica has not been seen for that long is called. The agent asks each replica for its
// report more often than that, so this is for those that do not answer.
constexpr std::int64_t unseen_us = 15'000'000;

bool complete(const msg::Pulse& p) {
  return p.rounds_size() == p.groups_size() && p.leaders_size() == p.groups_size() &&
         p.members_size() == p.groups_size() && p.commits_size() == p.groups_size();
}

prometheus::Gauge& quiet_groups(kit::metrics& m, const char* role) {
  return m.gauge("troupe_quiet_groups", "Replicas that rest while the node's pulse speaks for them.",
                 {{"role", role}});
}

prometheus::Counter& beats(kit::metrics& m, const char* outcome) {
  return m.counter("troupe_pulse_beats_total", "Heartbeats of quiet groups that came in pulses.",
                   {{"outcome", outcome}});
}

} // namespace

meters::meters(kit::metrics& m)
    : leading(quiet_groups(m, "leader")), following(quiet_groups(m, "follower")),
      granted(beats(m, "granted")), refused(beats(m, "refused")),
      woken(m.counter("troupe_pulse_wakings_total", "Replicas that the pulse woke to look for themselves.")) {
}

void pulse_state::receive(const wire::inbox& mail) {
  wire::outbox answers;
  for (auto& from : mail) {
    if (from.parcel.has_pulse())
      on_pulse(from, answers);
    else if (from.parcel.has_pulse_reply())
      on_reply(from);
  }
  if (!answers.empty())
    self->send(options.peers, std::move(answers));
}

void pulse_state::tick() {
  if (auto newest = options.deputies->version(); newest != seats_version) {
    seats = options.deputies->all();
    seats_version = newest;
  }
  if (now() >= next_us) {
    next_us = now() + options.heartbeat_us;
    beat();
  }
  look();
}

// Sending times are taken before anything is asked of a deputy: a lease is counted from them.
void pulse_state::beat() {
  std::map<std::string, std::pair<msg::Pulse, sent_pulse>> pulses;
  auto at = now();
  std::size_t leading = 0, following = 0;
  for (auto& seat : seats) {
    std::lock_guard hold(seat->lock);
    following += seat->deputy.follows();
    if (!seat->deputy.leads())
      continue;
    ++leading;
    for (auto& other : seat->others) {
      auto& [beats, sent] = pulses[other.node];
      beats.add_groups(seat->group);
      beats.add_rounds(seat->deputy.ballot().round());
      beats.add_leaders(seat->member);
      beats.add_members(other.member);
      beats.add_commits(seat->deputy.commit());
      sent.places.push_back({seat, other.member});
    }
  }
  meter->leading.Set(static_cast<double>(leading));
  meter->following.Set(static_cast<double>(following));
  wire::outbox mail;
  for (auto& [node, one] : pulses) {
    auto& [beats, sent] = one;
    sent.sequence = ++sequence;
    sent.at_us = at;
    beats.set_sequence(sequence);
    auto& out = mail.emplace_back();
    out.node = node;
    *out.parcel.mutable_to() = wire::address(msg::ROLE_PULSE);
    *out.parcel.mutable_from() = out.parcel.to();
    *out.parcel.mutable_pulse() = std::move(beats);
    unanswered[node].push_back(std::move(sent));
  }
  forget_pulses(at);
  if (!mail.empty())
    self->send(options.peers, std::move(mail));
}

// The answer to a pulse renews a lease that is counted from when the pulse was sent.
void pulse_state::forget_pulses(std::int64_t at) {
  for (auto it = unanswered.begin(); it != unanswered.end();) {
    auto& pulses = it->second;
    while (!pulses.empty() && at - pulses.front().at_us > options.lease_us)
      pulses.pop_front();
    it = pulses.empty() ? unanswered.erase(it) : std::next(it);
  }
}

// Whoever hears nobody, or is not answered, must look for itself, and a leader must be seen now and then. One
// that was called and does not come is no longer spoken for: it may be stuck, and its group is better off
// with another leader.
void pulse_state::look() {
  auto t = now();
  for (auto& seat : seats) {
    std::lock_guard hold(seat->lock);
    if (seat->called_us != 0 && t - seat->called_us > options.lease_us)
      seat->deputy.dismiss();
    else if (seat->deputy.wants_waking(t) || (seat->deputy.leads() && t - seat->seen_us > unseen_us))
      wake(*seat);
  }
}

void pulse_state::wake(kit::deputy_seat& seat) {
  if (seat.called_us != 0)
    return;
  seat.called_us = now();
  meter->woken.Increment();
  self->send(seat.actor, wire::tick_atom::value);
}

bool pulse_state::grant(const wire::peer& from, const msg::Pulse& beats, int place) {
  auto seat = options.deputies->find(beats.groups(place));
  if (!seat || seat->member != beats.members(place))
    return false;
  msg::Ballot ballot;
  ballot.set_round(beats.rounds(place));
  ballot.set_member(beats.leaders(place));
  std::lock_guard hold(seat->lock);
  // A member is a node and the data directory it had when it joined, as for every message of the protocol.
  auto sender = std::find_if(seat->others.begin(), seat->others.end(),
                             [&](const auto& other) { return other.member == ballot.member(); });
  if (sender == seat->others.end() || sender->node != from.node || sender->disk != from.disk)
    return false;
  return seat->deputy.beat(ballot, beats.commits(place), now());
}

void pulse_state::on_pulse(const wire::delivery& from, wire::outbox& answers) {
  auto& beats = from.parcel.pulse();
  if (from.from->client || !complete(beats))
    return;
  auto& out = answers.emplace_back();
  out.node = from.from->node;
  *out.parcel.mutable_to() = wire::address(msg::ROLE_PULSE);
  *out.parcel.mutable_from() = out.parcel.to();
  auto& reply = *out.parcel.mutable_pulse_reply();
  reply.set_sequence(beats.sequence());
  for (int place = 0; place < beats.groups_size(); ++place)
    if (!grant(*from.from, beats, place))
      reply.add_refused(static_cast<std::uint32_t>(place));
  meter->refused.Increment(reply.refused_size());
  meter->granted.Increment(beats.groups_size() - reply.refused_size());
}

void pulse_state::on_reply(const wire::delivery& from) {
  auto known = unanswered.find(from.from->node);
  if (known == unanswered.end())
    return;
  auto& pulses = known->second;
  auto& reply = from.parcel.pulse_reply();
  auto sent = std::find_if(pulses.begin(), pulses.end(),
                           [&](const sent_pulse& p) { return p.sequence == reply.sequence(); });
  if (sent == pulses.end())
    return;
  auto refused = reply.refused().begin();
  for (std::size_t i = 0; i < sent->places.size(); ++i) {
    auto& [seat, to] = sent->places[i];
    auto no = refused != reply.refused().end() && *refused == i;
    if (no)
      ++refused;
    std::lock_guard hold(seat->lock);
    if (!seat->deputy.leads())
      continue;
    // The answer counts for the member that was asked: on the disk that member lives on.
    auto other = std::find_if(seat->others.begin(), seat->others.end(),
                              [to = to](const auto& one) { return one.member == to; });
    if (other == seat->others.end() || other->node != from.from->node || other->disk != from.from->disk)
      continue;
    if (no || !seat->deputy.answered(to, sent->at_us, now()))
      wake(*seat);
  }
  pulses.erase(sent);
}

namespace {

pulse_actor::behavior_type pulse(pulse_actor::stateful_pointer<pulse_state> self, pulse_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.meter = std::make_unique<meters>(*state.options.metrics);
  state.sequence = static_cast<std::uint64_t>(state.now()); // never one of an earlier run
  auto period = std::chrono::microseconds(std::max<std::int64_t>(state.options.heartbeat_us / 3, 10'000));
  self->send(state.options.peers,
             wire::enroll{wire::address(msg::ROLE_PULSE), caf::actor_cast<wire::role_actor>(self), false});
  self->delayed_send(self, period, wire::tick_atom::value);
  return {
      [self](const wire::inbox& mail) { self->state.receive(mail); },
      [](const wire::peer_lost&) {}, // leaders that are not answered find out by silence
      [self, period](wire::tick_atom) {
        self->state.tick();
        self->delayed_send(self, period, wire::tick_atom::value);
      },
      [self](wire::stop_atom) { self->quit(); },
  };
}

} // namespace

pulse_actor spawn_pulse(caf::actor_system& system, pulse_options options) {
  return kit::spawn(system, pulse, std::move(options));
}

} // namespace troupe::pulse
