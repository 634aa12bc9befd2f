// A member that rests, and its machine that keeps up the heartbeats meanwhile: what actors/pulse does for all
// groups of a node, here for one. A pulse is not for the member: it does not wake it.
#include "tests/sim/members/cluster.h"
#include "tests/sim/members/member.h"
#include "tests/sim/members/wire.h"

namespace troupe::sim {
// What the deputy has heard comes before anything else.
void member::wake() {
  if (home_.how().shell.deputy_stays && deputy_.follows())
    return; // goes on granting in the name of a promise that may be broken
  deputy_.tell(group_);
}

void member::pulse() {
  if (deputy_.leads() && clock() >= next_pulse_) {
    next_pulse_ = clock() + home_.how().options.heartbeat;
    pulse_sent_[++pulses_] = clock();
    while (clock() - pulse_sent_.begin()->second > home_.how().options.lease)
      pulse_sent_.erase(pulse_sent_.begin());
    for (const auto& m : group_.configuration().members()) {
      if (m.id() == id_)
        continue;
      msg::Pulse beats;
      beats.set_sequence(pulses_);
      beats.add_groups(group_number);
      beats.add_rounds(deputy_.ballot().round());
      beats.add_leaders(deputy_.ballot().member());
      beats.add_members(m.id());
      beats.add_commits(deputy_.commit());
      ++home_.counters().pulses;
      home_.carry(on_.id, m.id(), bytes_of(id_, beats));
    }
  }
  if (deputy_.wants_waking(clock()))
    later(0, [this] {
      group_.tick(clock());
      drain();
    });
  world_.after(home_.how().options.heartbeat / 3, guarded([this] { pulse(); }));
}

void member::on_pulse(member_id from, const msg::Pulse& beats) {
  msg::Ballot ballot;
  ballot.set_round(beats.rounds(0));
  ballot.set_member(beats.leaders(0));
  const bool granted =
      beats.members(0) == id_ && from == ballot.member() && deputy_.beat(ballot, beats.commits(0), clock());
  if (granted)
    ++home_.counters().beats;
  msg::PulseReply reply;
  reply.set_sequence(beats.sequence());
  if (!granted)
    reply.add_refused(0);
  home_.carry(on_.id, from, bytes_of(id_, reply));
}

void member::on_pulse_reply(member_id from, const msg::PulseReply& reply) {
  const auto sent = pulse_sent_.find(reply.sequence());
  if (sent == pulse_sent_.end())
    return;
  if (reply.refused().empty() && deputy_.answered(from, sent->second, clock()))
    return;
  if (deputy_.leads())
    later(0, [this] {
      group_.tick(clock());
      drain();
    });
}

} // namespace troupe::sim
