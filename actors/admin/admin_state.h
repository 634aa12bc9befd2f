// The admin's memory and the names of everything it does. admin_actor.cc is its door, ledger.cc asks and
// writes the metadata group, answers.cc answers those who ask.
//
// One operation on the metadata group is under way at a time: a probe (is the replica beside us the leader,
// and at which version?), a load (all records), or a write (one change). What comes next is decided in
// advance(), in one place.
#pragma once
#include "actors/admin/admin_actor.h"
#include "actors/admin/archive_book.h"
#include "actors/admin/backups.h"
#include "actors/admin/healer.h"
#include "actors/admin/memory.h"
#include "actors/admin/node_book.h"
#include "actors/admin/orders.h"
#include "actors/admin/planner.h"
#include "actors/kit/promise_table.h"
#include "config/limits.h"
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace troupe::admin {

// Who waits for an answer: the reply without its body.
struct asker {
  std::string node;
  msg::Parcel head;
  std::int64_t until_us = 0;
};

// A request that changes the records.
struct wish {
  asker who;
  msg::AdminRequest request;
  // Of the table or the backup that it makes, the same over all attempts. Of a table that is to be deleted,
  // once an attempt has found it.
  std::uint64_t id = 0;
  bool attempted = false; // a write was made that may have taken effect, and id says of what
  log_heads heads;        // of the logs whose ends it needs, as far as their leaders have answered
  std::map<std::uint64_t, std::int64_t> ask_us; // those that have not: they are not asked before then
  std::int64_t look_us = 0;                     // it is not planned before then
};

// Its change was made; the answer waits until the table is there, or gone.
struct outcome_waiter {
  asker who;
  std::string table;
  std::uint64_t table_id = 0;
  bool deleting = false;
};

// A request that must be answered from the newest records.
struct reader {
  asker who;
  msg::Parcel request; // AdminRequest (list, describe) or MapRequest (strong)
};

struct admin_metrics {
  explicit admin_metrics(kit::metrics& m);
  prometheus::Gauge& leads;
  prometheus::Gauge& version;
  prometheus::Gauge& tables;
  prometheus::Gauge& partitions;
  prometheus::Gauge& nodes_alive;
  prometheus::Gauge& ailing;
  prometheus::Gauge& paused;
  prometheus::Counter& membership_changes;
  prometheus::Gauge& waiting;
  prometheus::Counter& changes;
  prometheus::Counter& conflicts;
  prometheus::Counter& loads;
  prometheus::Histogram& mailbox;
};

enum class stance { unknown, following, leading };
enum class operation { none, probe, load, write };

struct admin_state {
  static inline const char* name = "admin";
  using pointer = admin_actor::stateful_pointer<admin_state>;
  using answer_handler = std::function<void(msg::ReplicaReply)>;

  pointer self = nullptr;
  admin_options options;
  std::unique_ptr<admin_metrics> meter;
  std::mt19937_64 random;
  std::uint64_t client_id = 0; // of our own requests to the metadata group
  std::uint64_t sequence = 0;

  // --- what is known
  memory records;
  node_book nodes{limits::node_alive_ms * 1000};
  healing_book healing;
  stance now_is = stance::unknown;
  std::string leader_node; // as far as known; empty when not
  std::int64_t leading_us = 0;

  // --- the operation under way
  operation busy_with = operation::none;
  operation last = operation::none;
  static constexpr std::size_t questions_max = 256; // one at a time, hand-overs, and heads of logs
  kit::promise_table<answer_handler> asked{0};      // start() makes it
  // Of groups whose archivers are asked: where their promises' ids begin is far from where those above do.
  kit::promise_table<std::uint64_t> asked_archivers{0};
  archive_book archived;
  bool probe_due = true;
  bool stale = false;                // another version of the records exists
  std::uint64_t ordered_version = 0; // of the records, when nodes were last told unasked
  std::int64_t orders_us = 0;        // and when that was
  std::int64_t healing_us = 0;       // the next plan is not made before
  std::int64_t asking_us = 0;        // nor leaders asked for changes before
  std::int64_t archiving_us = 0;     // nor archivers before
  std::int64_t retry_us = 0;         // the group did not answer well: leave it alone until then
  std::vector<msg::Record> rows;     // of a load
  std::string load_from;

  // --- who waits
  std::deque<wish> wishes;
  std::deque<reader> readers;         // for the next probe
  std::vector<reader> readers_probed; // for the one under way
  std::vector<reader> early;          // a new leader has not heard yet how much is in their tables
  std::vector<outcome_waiter> outcomes;

  void start();
  void receive(wire::inbox& mail);
  void on_tick();
  void on_stop();
  std::int64_t now() const { return options.clock->now_us(); }
  void notice_own_absence();
  outlook view() const;

  // --- ledger.cc
  void advance();
  void probe();
  void on_probe(const msg::ReplicaReply& reply);
  void look_at_follower();
  void on_version(const std::string& item);
  void load();
  void load_page();
  void on_page(msg::ReplicaReply& reply);
  void check_loaded();
  bool write_next();
  bool write_wish();
  void write(change what, std::optional<wish> of);
  void on_written(const msg::ReplicaReply& reply, const change& what, std::optional<wish> of);
  void take_over(const change& what);
  void ask_leaders();
  decision plan_of(const wish& of);
  void answer_done(const wish& of);
  void follow(const std::string& leader);
  void lead();
  void ask(msg::ReplicaRequest request, answer_handler then); // the metadata group, through our own replica
  void ask(const std::string& node, std::uint64_t group, msg::ReplicaRequest request, answer_handler then);
  void done();
  void fail(const msg::ReplicaReply& reply, const char* what);

  // --- archiving.cc
  void settle_heads(wish& of, const std::vector<std::uint64_t>& groups);
  void ask_archivers();
  void on_archiver(std::uint64_t group, const msg::Parcel& answer);

  // --- answers.cc
  void on_admin(const wire::delivery& from);
  void on_map(const wire::delivery& from);
  void on_report(const wire::delivery& from);
  void hand_over(asker who, const msg::HandOver& wish);
  void scrub_now(const asker& who, const msg::ScrubNow& wish);
  void answer_reader(const reader& r);
  void answer_readers_probed();
  void answer_early();
  void settle_outcomes();
  void release_waiters(); // leads no more
  void send_orders();
  msg::AdminReply cluster_status() const;
  msg::AdminReply refusal(msg::Code code, std::string why) const;
  msg::AdminReply moved() const;
  msg::MapReply map_elsewhere() const; // the same, to who asked for the map
  msg::AdminReply table_reply(const msg::TableRecord& table) const;
  msg::AdminReply backup_reply(const msg::BackupRecord& backup) const;
  void reply(const asker& to, msg::AdminReply body);
  void reply_map(const asker& to, msg::MapReply body);
  void post(std::string node, msg::Parcel parcel);
};

} // namespace troupe::admin
