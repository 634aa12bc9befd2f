// The one place of a process that knows other processes. Roles hand it parcels; it takes them to a role in
// this process or to a link, and hands what arrives to the role it is addressed to.
//
// What it promises: parcels between two roles keep their order while a link is up; a request that could not
// be handed over comes back as an undelivered reply; when a link goes down, every role that is not a replica
// hears peer_lost. What it does not promise: that a message arrives (protocols above repeat what matters).
// The network is a guest here: in tests and in `troupe dev` the port handles belong to actors of the same
// process, in the simulation to a wire that loses and delays.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/common_clock.h"
#include "actors/kit/link.h"
#include "actors/kit/metrics.h"
#include "actors/wire/interfaces.h"
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace troupe::kit {

struct peers_options {
  std::string cluster;
  wire::peer self;
  std::uint64_t seed = 0;      // for session numbers
  std::size_t clients_max = 0; // links to clients at once
  // Hears what the clocks of other nodes say, and says what they hear of this one's. Outlives the actor; may
  // be null.
  common_clock* clock = nullptr;
};

struct peers_metrics {
  explicit peers_metrics(metrics& m);
  prometheus::Counter& parcels_in;
  prometheus::Counter& parcels_out;
  prometheus::Counter& envelopes_in;
  prometheus::Counter& envelopes_out;
  prometheus::Counter& undelivered;
  prometheus::Counter& dropped;
  prometheus::Counter& strangers;
  prometheus::Gauge& links;
  prometheus::Gauge& queued_bytes;
  prometheus::Gauge& clock_off;
  prometheus::Histogram& envelope_parcels;
  prometheus::Histogram& mailbox;
};

struct peers_state;
using peers_pointer = wire::peers_actor::stateful_pointer<peers_state>;

struct peers_state {
  static inline const char* name = "peers";

  struct remote {
    wire::peer_ptr who;
    wire::port_actor port;
    link mail;
  };

  peers_pointer self = nullptr;
  peers_options options;
  wire::peer_ptr me;
  metrics_ptr metrics; // keeps alive what the meter refers to
  std::unique_ptr<peers_metrics> meter;
  std::map<std::string, remote> remotes;
  std::map<std::pair<int, std::uint64_t>, wire::role_actor> roles;
  std::map<std::pair<int, std::uint64_t>, wire::watcher_actor> watchers; // of some of the roles
  bool flush_pending = false;
  bool acknowledging = false; // a tick is under way that acknowledges what came
  std::uint64_t sessions = 0;
  bool clock_is_off = false;

  msg::Hello greet(const msg::Hello& hello, const caf::strong_actor_ptr& port);
  void link(const wire::link_up& up);
  void unlink(const caf::actor_addr& port);
  void enroll(const wire::enroll& e);
  void post(wire::outbox& mail);
  bool is_for_me(const msg::Envelope& envelope) const;
  void hear_clock(const wire::peer& from, std::int64_t sent_ms);
  void accept(msg::Envelope& envelope);
  void flush(bool acknowledge_now);
  void request_flush();

private:
  void deliver(const wire::peer_ptr& from, wire::inbox& batch);
  void bounce(const wire::peer_ptr& from, const msg::Parcel& parcel);
  void drop(std::map<std::string, remote>::iterator lost);
  void send_to(const std::string& node, msg::Parcel& parcel);
  std::string objection(const msg::Hello& hello) const;
};

wire::peers_actor::behavior_type peers(peers_pointer self, peers_options options, metrics_ptr m);

// What this process says of itself; `expected` is the node it believes to speak to (empty: any).
msg::Hello hello_of(const peers_options& options, const std::string& expected);

} // namespace troupe::kit
