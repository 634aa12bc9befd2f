// The agent's memory and the names of everything it does. agent_actor.cc is its door and its tick,
// residents.cc starts, restarts and drops replicas, reporting.cc tells the metadata leader about them and
// takes its orders, forming.cc speaks with the other metadata nodes until there is a metadata group.
#pragma once
#include "actors/agent/agent_actor.h"
#include "actors/agent/report_book.h"
#include "actors/agent/roster.h"
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::agent {

// A replica that is recorded here.
struct resident {
  wire::replica_actor actor; // null while it does not run
  bool dropping = false;     // its group was deleted: stop it, delete its files, forget it
  bool quarantine = false;   // with dropping: its items were wrong, and are kept for people
  bool log_gone = false;     // of one that is dropped
  bool items_gone = false;
  std::int64_t drop_again_us = 0;          // 0: not due; something could not be deleted
  bool asked = false;                      // for a report, not answered yet
  bool queued = false;                     // is to be started when its turn comes
  bool starting = false;                   // was spawned and does not speak yet
  bool settled = false;                    // has a leader, or is in trouble: need not be asked often
  bool watched = false;                    // leads, and there is something to be known of it soon
  bool grow = false;                       // it is to fetch the items, by the newest orders
  bool active = false;                     // its record says so, or is about to
  std::optional<msg::RestorePart> restore; // it is to begin with items, by the newest orders, and has not all
  int failures = 0;
  std::int64_t restart_us = 0; // 0: not due
  std::int64_t asked_us = 0;   // when it was last asked for a report
};

struct agent_metrics {
  explicit agent_metrics(kit::metrics& m);
  prometheus::Gauge& replicas;
  prometheus::Gauge& replicas_in_trouble;
  prometheus::Gauge& metadata_version;
  prometheus::Gauge& used_bytes;
  prometheus::Gauge& items;
  prometheus::Gauge& item_bytes;
  prometheus::Counter& restarts;
  prometheus::Counter& reports;
  prometheus::Gauge& log_lag;
  prometheus::Gauge& apply_lag;
  prometheus::Histogram& mailbox;
};

struct agent_state {
  static inline const char* name = "agent";
  using pointer = agent_actor::stateful_pointer<agent_state>;

  pointer self = nullptr;
  agent_options options;
  std::unique_ptr<agent_metrics> meter;
  std::string node;
  std::uint64_t disk = 0;

  // --- what runs here. records is what the identity file holds; residents has the same groups, but for
  // members that were retired.
  local_replicas records;
  std::map<std::uint64_t, resident> residents;
  std::map<caf::actor_id, std::uint64_t> group_of;
  std::deque<std::uint64_t> start_queue;       // those queued
  std::size_t starting = 0;                    // residents that are
  std::set<std::uint64_t> logged;              // the log holds something of them
  std::set<std::uint64_t> to_activate;         // have proven to be there
  std::set<std::uint64_t> dropped;             // files are gone, the record is not yet
  std::map<std::string, std::string> troubles; // what about -> what is wrong, for people

  // --- reports
  report_book book;
  bool news = true;
  std::uint64_t ask_after = 0; // group: where the slice of those to be asked begins
  std::int64_t restless_until_us = 0;
  std::string leader_node;
  std::size_t next_metadata_node = 0; // whom to try while no leader is known
  std::uint64_t next_id = 0;
  struct sent_report {
    std::uint64_t id = 0; // 0: none is under way
    std::uint64_t sequence = 0;
    std::int64_t at_us = 0;
  } sent;
  std::int64_t reported_us = 0;
  std::uint64_t acted_version = 0;
  std::uint64_t archived_cluster = 0; // ClusterRecord.id, as the archiver was told
  std::int64_t space_looked_us = 0;

  // --- forming
  std::optional<formation> forming; // present until this node has a record of the metadata group
  std::map<std::uint64_t, std::string> form_asked; // id -> node
  std::int64_t form_asked_us = 0;
  std::int64_t form_told_us = 0; // to people

  bool stopping = false;
  std::int64_t stop_by_us = 0;

  void start();
  void receive(wire::inbox& mail);
  bool is_metadata_node(const std::string& name_of_node) const;
  void on_peer_lost(const std::string& peer);
  void on_tick();
  void on_stop();
  void on_down(const caf::down_msg& down);
  std::int64_t now() const { return options.clock->now_us(); }
  void post(std::string to, msg::Parcel parcel);
  void complain(const std::string& about, const std::string& what);
  void content(const std::string& about) { troubles.erase(about); }

  // --- residents.cc
  bool keep(const std::vector<msg::LocalReplica>& replicas);
  void start_soon(std::uint64_t group);
  void start_next();
  void run(std::uint64_t group);
  void started(resident& one);
  void restart_due();
  void schedule_restart(std::uint64_t group, resident& one);
  void drop(const std::vector<std::uint64_t>& groups, bool retire = false);
  void tell_retired(const msg::LocalReplica& record);
  void delete_files(std::uint64_t group);
  void delete_again(std::uint64_t group, resident& one);
  void tidy_records();
  void tell_archiver(std::uint64_t cluster_id);
  void tell_restorer(std::uint64_t group, const resident& one);
  void tell_archiver(const msg::LocalReplica& record);
  void finish_stop();

  // --- reporting.cc
  void ask_replicas();
  void ask(std::uint64_t group, resident& one);
  void on_replica_report(std::uint64_t group, const msg::ReplicaReport& report);
  void look_at_space();
  void report();
  void on_orders(const wire::delivery& from);
  void obey(const msg::NodeOrders& orders);

  // --- forming.cc
  void form();
  void on_form_request(const wire::delivery& from);
  void on_form_reply(const wire::delivery& from);
  bool take(const formation::step& next);
};

} // namespace troupe::agent
