// A replica by itself, on virtual time, that leads a group of one unless the test says otherwise. Everybody
// it talks to is the test: the item worker answers when the test does, which is when things can overtake each
// other. The log takes whatever it is given, at once.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/node_config.h"
#include "actors/replica/replica_actor.h"
#include <caf/actor_system.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::replica::test {

// What the other side of the replica was asked and has not answered.
struct asked_of_items {
  std::vector<wire::open_items> opens; // answered already, with lone_replica::stored
  std::deque<wire::apply_items> applies;
  std::deque<wire::read_items> reads;
};

class lone_replica {
public:
  // `adjust` may change what it is spawned with.
  explicit lone_replica(const std::function<void(replica_options&)>& adjust = {});
  ~lone_replica();

  void run(); // until nobody has anything to do
  // Time goes by, and the ticker wakes it.
  void pass(std::chrono::milliseconds time);

  // A write of a client, with one mutation. The sequence names the request.
  void write(std::uint64_t sequence, bool repeated, msg::ReplicaRequest::Mutation mutation);

  // What the store has under any key it was asked for; nothing: nothing.
  void answer_reads(const std::optional<std::string>& item = std::nullopt);
  // The answer to the oldest flush that waits.
  void answer_flush(wire::disk_result result = {});
  // The item worker says something.
  template <class Message>
  void items_say(Message what) {
    caf::anon_send(replica_, std::move(what));
    run();
  }

  asked_of_items asked;
  wire::items_opened stored;              // what the item file says of itself
  std::vector<msg::Command> commands;     // that went into the log
  std::vector<msg::ReplicaReply> answers; // to the router
  msg::ReplicaReport report();

private:
  struct clock final : public kit::clock {
    std::int64_t now_us() const override { return us; }
    std::int64_t unix_ms() const override { return us / 1000; }
    std::int64_t us = 1'000'000'000;
  };
  static wire::peers_actor::behavior_type peers(wire::peers_actor::pointer, lone_replica* world);
  static wire::ticker_actor::behavior_type ticker(wire::ticker_actor::pointer);
  static wire::disk_actor::behavior_type disk(wire::disk_actor::pointer self, lone_replica* world);
  static wire::items_actor::behavior_type items(wire::items_actor::pointer self, lone_replica* world);

  clock clock_;
  std::unique_ptr<kit::node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> others_;
  wire::replica_actor replica_;
  std::uint64_t asked_ = 0;
};

} // namespace troupe::replica::test
