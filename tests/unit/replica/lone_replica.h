// A replica by itself, on virtual time, that leads a group of one unless the test says otherwise. Everybody
// it talks to is the test: the item worker answers when the test does, which is when things can overtake each
// other. The log takes whatever it is given, at once unless it is to be slow.
#pragma once
#include "actors/kit/clock.h"
#include "actors/kit/node_config.h"
#include "actors/replica/replica_actor.h"
#include "actors/wire/archive_roles.h"
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
  std::deque<wire::store_snapshot> stores; // pieces, and whole files
  std::vector<wire::store_snapshot> looks; // what earlier transfers left; answered with lone_replica::left
  std::vector<std::string> removed;        // files
  std::deque<wire::read_snapshot> pieces;
  std::vector<wire::drop_items> drops;
};

// The log of a leader that the replica follows: member 2 of its group, on node n2.
class leaders_log {
public:
  msg::Entry next(msg::Entry::Kind kind, std::string payload = {});
  msg::Entry put(const std::string& key, const std::string& item);
  msg::Entry configuration(const msg::Configuration& what);
  // An Accept of these, the last ones of the log, all chosen up to `commit`.
  msg::PaxosMessage accept(const std::vector<msg::Entry>& entries, std::uint64_t commit) const;
  // All of it is chosen, and in every member's items.
  msg::PaxosMessage settled() const;
  // "My log begins above": the answer to who lacks what is below.
  msg::PaxosMessage gone() const;
  // The only piece of a snapshot at the log's end.
  msg::SnapshotChunk snapshot() const;

  std::uint64_t index = 0;
  std::uint64_t link = 0;

private:
  msg::PaxosMessage message() const;
};

// Three members, the replica being the first, of this kind; the others are storage replicas.
msg::Configuration three_members(msg::MemberKind kind = msg::STORAGE_REPLICA);
// Makes the replica a new one of three_members().
void follows(replica_options& options);

class lone_replica;
// How often it has asked other members for a piece of a snapshot.
std::size_t snapshot_questions(const lone_replica& w);

class lone_replica {
public:
  // `adjust` may change what it is spawned with; `file` and `log` are what lies on its disk.
  using adjustment = std::function<void(replica_options&)>;
  explicit lone_replica(const adjustment& adjust = {}, wire::items_opened file = {},
                        wire::log_loaded log = {}, bool archives = false);
  ~lone_replica();

  void run(); // until nobody has anything to do
  // Time goes by, and the ticker wakes it.
  void pass(std::chrono::milliseconds time);

  // A write of a client, with one mutation. The sequence names the request.
  void write(std::uint64_t sequence, bool repeated, msg::ReplicaRequest::Mutation mutation);

  // A write of the restorer's, in the leadership of this ballot; without a key: that everything is there.
  void restore(const msg::Ballot& ballot, const std::string& key, const std::string& item = {});

  // What the store has under any key it was asked for; nothing: nothing.
  void answer_reads(const std::optional<std::string>& item = std::nullopt);
  // The answer to the oldest flush that waits.
  void answer_flush(wire::disk_result result = {});
  // The oldest piece of a snapshot was the last: the file is now what the worker says of it.
  void answer_store();
  void answer_disk(); // the oldest append that waits, where the disk is slow
  void answer_load(); // the oldest question for the log that waits
  // Parcels of member 2.
  void hear(msg::PaxosMessage message);
  void hear_from(std::uint64_t member, const std::string& node, msg::PaxosMessage message); // in epoch 1
  void hear(msg::SnapshotChunk chunk); // of the transfer that was asked for last
  // A member wants a piece of this one's items.
  void asked_for_piece(std::uint64_t by, std::uint64_t transfer, std::uint64_t chunk,
                       std::uint64_t at_least = 0);
  void grow();
  // The item worker says something.
  template <class Message>
  void items_say(Message what) {
    caf::anon_send(replica_, std::move(what));
    run();
  }
  void disk_tells(wire::appended what) { items_say(std::move(what)); }

  asked_of_items asked;
  wire::snapshot_stored left; // of a snapshot that was being fetched
  wire::items_opened stored;  // what the item file says of itself
  wire::log_loaded logged;    // what the log holds
  bool slow_disk = false;
  wire::disk_result disk_says;          // to every append while the disk is not slow
  std::deque<wire::append_log> appends; // that wait for the slow disk
  bool slow_loading = false;
  std::vector<wire::read_log> log_reads;     // answered already, with what the log holds
  std::deque<wire::load_log> loads;          // that wait while loading is slow
  std::vector<wire::append_log> appended;    // all there were
  std::vector<msg::Parcel> told;             // other members
  std::vector<std::string> told_nodes;       // and where they are, as many
  std::vector<msg::Command> commands;        // that went into the log
  std::vector<msg::ReplicaReply> answers;    // to the router
  std::vector<wire::rebuild_items> rebuilds; // that the archiver was asked for, where there is one
  msg::ReplicaReport report();
  wire::mark_proposed propose_mark(std::vector<std::uint32_t> leaves = {});
  wire::scrub_view view();
  bool condemn(wire::condemn what); // whether it need not be told again

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
  static wire::archiver_actor::behavior_type archiver(wire::archiver_actor::pointer, lone_replica* world);

  clock clock_;
  std::unique_ptr<kit::node_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> others_;
  void deliver(msg::Parcel parcel, const std::string& node = "n2");
  void keep(const wire::append_log& job);

  wire::scrubbed_replica_actor replica_;
  std::uint64_t asked_ = 0;
};

// Makes it a log replica of three_members(); `fresh`: a new one.
lone_replica::adjustment log_replica(bool fresh);

} // namespace troupe::replica::test
