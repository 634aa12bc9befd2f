// What the pulse of a node remembers: whom it spoke for, so that an answer says who was heard.
#pragma once
#include "actors/pulse/pulse_actor.h"
#include <deque>
#include <map>
#include <vector>

namespace troupe::pulse {

struct meters {
  explicit meters(kit::metrics& m);
  prometheus::Gauge& leading;
  prometheus::Gauge& following;
  prometheus::Counter& granted;
  prometheus::Counter& refused;
  prometheus::Counter& woken;
};

struct pulse_state {
  static inline const char* name = "pulse";

  struct seat_in_pulse {
    kit::deputy_seat_ptr seat;
    std::uint64_t to = 0; // the member at the other end
  };
  struct sent_pulse {
    std::uint64_t sequence = 0;
    std::int64_t at_us = 0;
    std::vector<seat_in_pulse> places;
  };

  pulse_actor::stateful_pointer<pulse_state> self = nullptr;
  pulse_options options;
  std::unique_ptr<meters> meter;
  std::vector<kit::deputy_seat_ptr> seats;
  std::uint64_t seats_version = 0;
  std::map<std::string, std::deque<sent_pulse>> unanswered; // by node, oldest first; a lease's worth of each
  std::uint64_t sequence = 0;
  std::int64_t next_us = 0;

  void receive(const wire::inbox& mail);
  void tick();
  void beat();
  void forget_pulses(std::int64_t at);
  void look();
  void on_pulse(const wire::delivery& from, wire::outbox& answers);
  void on_reply(const wire::delivery& from);
  bool grant(const wire::peer& from, const msg::Pulse& beats, int place);
  void wake(kit::deputy_seat& seat); // its lock is held
  std::int64_t now() const { return options.clock->now_us(); }
};

} // namespace troupe::pulse
