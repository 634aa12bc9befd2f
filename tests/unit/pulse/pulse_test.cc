// The pulse of one node on virtual time: whom it speaks for, for how long, and which answers it still
// believes. The replica it speaks for is made up: it is well, or stuck.
#include "actors/kit/node_config.h"
#include "actors/pulse/pulse_actor.h"
#include "tests/nodes/virtual_clock.h"
#include "tests/unit/stand_in.h"
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <deque>
#include <gtest/gtest.h>

namespace troupe::pulse {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t group = 7;
constexpr std::int64_t lease_us = 1'000'000;

// Node n1, which leads the group for a long time already; n2 and n3 answer its pulses after `delay`.
class world {
public:
  explicit world(std::chrono::milliseconds heartbeat)
      : config_(nodes_test::on_virtual_time()), system_(config_),
        scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())), clock_(scheduler_) {
    peers_ = system_.spawn(peers, this);
    replica_ = system_.spawn(replica, this);
    seat_ = deputies_->enroll(group, 1, replica_);
    seat_->seen_us = clock_.now_us();
    seat_->others = {{2, "n2", 2}, {3, "n3", 3}};
    msg::Ballot ballot;
    ballot.set_round(4);
    ballot.set_member(1);
    seat_->deputy.lead(ballot, 9, {{2, clock_.now_us(), 0}, {3, clock_.now_us(), 0}}, lease_us / 2);
    pulse_options o;
    o.heartbeat_us = std::chrono::microseconds(heartbeat).count();
    o.lease_us = lease_us;
    o.deputies = deputies_;
    o.peers = peers_;
    o.clock = &clock_;
    o.metrics = std::make_shared<kit::metrics>(std::make_shared<prometheus::Registry>(), "n1");
    pulse_ = spawn_pulse(system_, std::move(o));
    scheduler_.run();
  }

  ~world() {
    caf::anon_send_exit(pulse_, caf::exit_reason::kill);
    caf::anon_send_exit(replica_, caf::exit_reason::kill);
    caf::anon_send_exit(peers_, caf::exit_reason::kill);
    scheduler_.run();
  }

  void run(std::chrono::milliseconds time) {
    for (auto until = clock_.now_us() + std::chrono::microseconds(time).count(); clock_.now_us() < until;) {
      scheduler_.clock().advance_time(5ms);
      scheduler_.run();
      answer_due();
    }
  }

  std::chrono::milliseconds delay{0};
  bool stuck = false;
  int calls = 0;  // of the replica
  int pulses = 0; // in which somebody was spoken for

private:
  struct answer {
    std::int64_t due_us;
    std::string from;
    std::uint64_t sequence;
  };

  void answer_due() {
    while (!answers_.empty() && answers_.front().due_us <= clock_.now_us()) {
      auto& next = answers_.front();
      msg::Parcel parcel;
      *parcel.mutable_to() = wire::address(msg::ROLE_PULSE);
      parcel.mutable_pulse_reply()->set_sequence(next.sequence);
      std::uint64_t disk = next.from == "n2" ? 2 : 3;
      wire::inbox mail;
      mail.push_back(
          {std::make_shared<wire::peer>(wire::peer{next.from, disk, 1, false}), std::move(parcel)});
      answers_.pop_front();
      caf::anon_send(pulse_, std::move(mail));
      scheduler_.run();
    }
  }

  static wire::peers_actor::behavior_type peers(wire::peers_actor::pointer, world* w) {
    return testing::stand_in<wire::peers_actor>([w](wire::outbox& mail) {
      for (auto& one : mail) {
        ++w->pulses;
        auto due = w->clock_.now_us() + std::chrono::microseconds(w->delay).count();
        w->answers_.push_back({due, one.node, one.parcel.pulse().sequence()});
      }
    });
  }

  void called() {
    ++calls;
    if (stuck)
      return;
    std::lock_guard hold(seat_->lock);
    seat_->called_us = 0;
    seat_->seen_us = clock_.now_us();
  }

  static wire::replica_actor::behavior_type replica(wire::replica_actor::pointer, world* w) {
    return testing::stand_in<wire::replica_actor>([w](wire::tick_atom) { w->called(); });
  }

  kit::node_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  nodes_test::virtual_clock clock_;
  std::shared_ptr<kit::deputies> deputies_ = std::make_shared<kit::deputies>();
  kit::deputy_seat_ptr seat_;
  wire::peers_actor peers_;
  wire::replica_actor replica_;
  pulse_actor pulse_;
  std::deque<answer> answers_;
};

TEST(Pulse, SpeaksForALeaderThatIsSeenNowAndThen) {
  world w(200ms);
  w.run(60s);
  EXPECT_GE(w.calls, 3);
  EXPECT_LE(w.calls, 4) << "once in fifteen seconds is enough";
  w.pulses = 0;
  w.run(1s);
  EXPECT_GT(w.pulses, 0);
}

TEST(Pulse, SpeaksNoMoreForALeaderThatIsStuckThoughAllAnswerIt) {
  world w(200ms);
  w.run(1s);
  w.stuck = true;
  w.run(10s);
  EXPECT_EQ(w.calls, 0) << "nobody has missed it yet";
  w.run(10s);
  EXPECT_EQ(w.calls, 1);
  w.pulses = 0;
  w.run(10s);
  EXPECT_EQ(w.pulses, 0) << "its group is free to elect another";
}

// A lease is counted from when its heartbeat was sent, however many have been sent since.
TEST(Pulse, BelievesAnAnswerForAsLongAsALeaseLasts) {
  world w(10ms);
  w.delay = 300ms;
  w.run(5s);
  EXPECT_EQ(w.calls, 0) << "it is answered, if late";
  w.delay = 1'500ms;
  w.run(3s);
  EXPECT_GT(w.calls, 0) << "it is not, as far as leases go";
}

} // namespace
} // namespace troupe::pulse
