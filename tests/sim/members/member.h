// One member as a process: the shell around the real paxos::group, on a machine with a clock and a disk.
//
// It keeps the order that group.h asks for - persist, then speak, then answer - and is the model of what
// actors/replica and actors/log_replica do: it evaluates conditions against what is applied overlaid with
// what is in flight, answers from the state machine, writes items back lazily, takes and gives snapshots, and
// truncates the log. While its group is quiet it rests, and its machine keeps up the heartbeats. Five files:
// member.cc (life, messages, disk, applying), member_requests.cc (clients), member_snapshots.cc,
// member_archive.cc, member_rest.cc.
#pragma once
#include "actors/archiver/store_worker.h"
#include "actors/core/archive/keeper.h"
#include "actors/core/archive/snapshots.h"
#include "actors/core/paxos/deputy.h"
#include "actors/core/paxos/group.h"
#include "messages/rpc.pb.h"
#include "tests/sim/members/disk.h"
#include "tests/sim/members/items.h"
#include "tests/sim/members/request.h"
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::sim {

class cluster;
struct machine;
struct settings;

class member {
public:
  // Opens the member on its machine's disk. state: nothing for a log replica.
  member(cluster& home, machine& on, member_id id, paxos::restored from, std::shared_ptr<const items> state);
  ~member();
  member(const member&) = delete;
  member& operator=(const member&) = delete;

  // --- what the world does to it ---------------------------------------------------------------------------
  void deliver(const std::string& bytes); // from another member
  void ask(const request& r);             // from a client
  void pause(instant until);              // it does nothing meanwhile; its clock counts on
  void hand_over(member_id successor);
  void campaign();
  bool propose_configuration(const msg::Configuration& next);
  void grow(member_id from); // a log replica: fetch the items while voting on, then open again with them
  void grow_from_archive(std::shared_ptr<items> state); // the same, and nobody gives them
  std::optional<log_index> propose_mark();
  void rot(std::uint64_t how);
  // The others agree with each other and not with its items: under the configuration of this epoch that copy
  // serves nobody any more. False: it is another one by now.
  bool condemn(std::uint64_t epoch, std::uint64_t lineage);

  // --- looking at it
  // -----------------------------------------------------------------------------------------
  member_id id() const { return id_; }
  const paxos::group& group() const { return group_; }
  instant clock() const; // its own
  bool paused() const;
  const items* state() const { return state_.get(); }
  bool has_items() const { return state_ != nullptr; }
  log_index applied() const { return applied_; }
  log_index archived() const { return archiving_ ? archiving_->proven() : 0; } // as it has seen itself
  std::uint64_t pieces_taken() const { return pieces_taken_; } // of snapshots, since it was opened
  struct mark {
    std::vector<scrub::leaf> leaves;
    std::uint64_t lineage = 0;
    bool rotten = false; // which the scrub is not told
  };
  const mark* marked(log_index index) const; // none: it has not come to it, or has forgotten it

private:
  std::vector<msg::Entry> read_log(log_index first, log_index last, std::size_t bytes);
  struct flight { // a command of ours that is not applied yet
    request_key id;
    std::string key;
    std::optional<std::string> written;
    std::vector<request> waiting;
  };
  struct transfer { // a snapshot on its way to us
    member_id from = 0;
    std::uint64_t number = 0;
    std::uint64_t next = 0;
    int tries = 0;
    std::string bytes;
    bool publishing = false;
  };
  struct archiving { // of its log and items; what it knows of the archive
    archiving(const settings& how, log_index base, std::uint64_t chance);
    archive::keeper keeper;
    archive::snapshot_planner planner;
    log_index
        unproven; // the log begins behind it, and nobody has seen that the archive reaches so far; 0: it does
    instant prove_at = 0;              // not before that
    log_index counted_to;              // entries up to there
    std::uint64_t bytes = 0;           // have so many
    std::optional<std::uint64_t> link; // of the last entry that is archived
    bool busy = false;
    log_index proven() const; // can be had from the archive, from the first entry on
  };
  struct offer { // a snapshot on its way from us
    msg::SnapshotHeader header;
    std::string bytes;
  };

  // member.cc
  std::function<void()> guarded(std::function<void()> what); // void after a crash, put off by a pause
  std::function<void()> awake(std::function<void()> what);   // the same, and the deputy is heard before
  void later(instant delay, std::function<void()> what);
  void drain();
  void write(paxos::ready r);
  void speak(const std::vector<msg::PaxosMessage>& messages);
  void apply_chosen();
  void apply(const msg::Entry& entry);
  void keep_mark(const msg::Entry& entry);
  void arm();
  void housekeeping();
  void truncate();

  // member_requests.cc
  void serve(const request& r);
  void serve_write(const request& r);
  void refuse(const request& r);
  void answer_applied(const msg::Entry& entry);
  void answer_reads();
  void notice_leadership();
  const flight* newest_flight(const std::string& key, log_index& at) const;
  void reply_to(const request& r, answer what, std::optional<std::string> value = std::nullopt);

  // member_snapshots.cc
  void fetch_if_wanted();
  void ask_for_chunk();
  void give(const msg::SnapshotRequest& wanted);
  void take(const msg::SnapshotChunk& chunk);
  void publish(const msg::SnapshotHeader& header, std::shared_ptr<items> state);
  void publish_grown(const msg::SnapshotHeader& header, std::shared_ptr<items> state);

  // member_archive.cc
  void archive(); // whatever is due
  void tell_keeper();
  bool collect(const archive::extent& what, archiver::store_job& job) const;
  void carry_out(archiver::store_job job, std::function<void(const archiver::store_done&)> then);
  void on_archived(const archive::step& doing, std::uint64_t link, const archiver::store_done& done);
  void compare(const archive::extent& object, const archiver::store_done& done);
  void archive_items();

  // member_rest.cc
  void pulse();
  void on_pulse(member_id from, const msg::Pulse& beats);
  void on_pulse_reply(member_id from, const msg::PulseReply& reply);
  void wake();

  cluster& home_;
  machine& on_;
  world& world_;
  const member_id id_;
  paxos::group group_;
  std::unique_ptr<items> state_; // what is applied in memory; none for a log replica
  log_index applied_ = 0;
  std::map<log_index, mark> marks_; // the newest

  bool writing_ = false;
  instant writing_since_ = 0;
  bool unhealthy_ = false;
  std::deque<std::shared_ptr<const msg::Entry>> to_apply_;
  bool applying_ = false;
  log_index flushed_ = 0; // state durable in the item store
  bool flushing_ = false;

  paxos::deputy deputy_;
  bool rests_ = false;
  std::uint64_t pulses_ = 0;
  std::map<std::uint64_t, instant> pulse_sent_; // by its number
  instant next_pulse_ = 0;

  instant armed_ = 0; // local deadline the timer is set for; 0: none
  std::uint64_t timer_ = 0;
  instant paused_until_ = 0;
  std::vector<std::function<void()>> backlog_;
  bool leads_ = false;

  msg::Ballot led_; // the ballot whose proposals are in flights_
  std::map<log_index, flight> flights_;
  std::multimap<log_index, request> refusals_; // to be answered when the index is applied
  struct read_round {
    request asked;
    std::optional<answer> decided;
  };
  std::map<std::uint64_t, read_round> rounds_;
  std::uint64_t tokens_ = 0;

  std::optional<transfer> fetching_;
  std::optional<member_id> growing_; // from whom
  bool rebuilding_ = false;          // its items, from the archive
  std::uint64_t pieces_taken_ = 0;
  std::vector<msg::Entry> at_hand_; // what the log reader read last
  bool reading_ = false;
  std::map<std::uint64_t, offer> offers_;
  std::optional<archiving> archiving_; // nothing without an archive
  std::uint64_t transfers_ = 0;
};

} // namespace troupe::sim
