// The restorer's memory and the names of everything it does. restorer_actor.cc is its door, and says what
// comes next; work.cc carries one partition through: does it lead, is there anything to do, rebuild, write.
#pragma once
#include "actors/restorer/restorer_actor.h"
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace troupe::restorer {

struct meters {
  explicit meters(kit::metrics& m);
  prometheus::Gauge& waiting;
  prometheus::Counter& restored;
  prometheus::Counter& items;
  prometheus::Counter& bytes;
  prometheus::Counter& failures;
  prometheus::Histogram& mailbox;
};

// A partition here that may have to be given its items.
struct charge {
  wire::restore_group about;
  bool done = false; // here, or somebody has said that it is
  std::int64_t again_us = 0;
  int failures = 0;       // in a row
  int lacks = 0;          // times that the archive answered, and did not hold what is wanted
  std::string lacks_what; // the last time
  int set_aside = 0;      // in a row: times that it took nothing for so long that others went first
};

// The one that is worked on.
struct work {
  // Up to giving_up its hand is not used.
  enum class phase { asking, checking, giving_up, rebuilding, reading, writing, closing };
  std::uint64_t group = 0;
  std::uint64_t turn = 0; // answers to an earlier one are none to this one
  phase at = phase::asking;
  msg::Ballot ballot;                                    // of the leadership it is bound to
  std::size_t asked_nodes = 0;                           // of the metadata
  std::string asked_node;                                // the last of them
  std::uint64_t question = 0;                            // the parcel that is waited for; 0: none
  std::int64_t due_us = 0;                               // and until when
  std::deque<std::pair<std::string, std::string>> items; // read and not written
  bool more = true;                                      // there are others behind them
  std::string read_from;
  std::size_t writing = 0;             // so many of them are on their way
  std::uint64_t bytes = 0;             // of these
  int unanswered = 0;                  // in a row: times that this batch was sent and nobody answered
  int refusals = 0;                    // in a row, that may pass
  std::int64_t look_for_others_us = 0; // refused until then, others go first
  std::int64_t pace_us = 0;            // what has been written is as much as may be by then
  std::int64_t write_us = 0;           // then it goes on; 0: it does not wait for a time
  std::uint64_t written = 0;           // items
  std::uint64_t written_bytes = 0;
};

struct restorer_state {
  static inline const char* name = "restorer";
  using pointer = wire::restorer_actor::stateful_pointer<restorer_state>;

  pointer self = nullptr;
  restorer_options options;
  std::unique_ptr<meters> meter;
  std::mt19937_64 dice;
  rebuild_worker worker;
  std::map<std::uint64_t, charge> charges;
  std::optional<work> now_at;
  std::uint64_t turns = 0;
  std::uint64_t next_id = 0;
  std::string metadata_leader; // as far as known
  std::uint64_t looked_at = 0; // group: where the search for the next begins
  bool ticking = false;

  // --- restorer_actor.cc
  void start();
  void on_group(const wire::restore_group& what);
  void forget(std::uint64_t group);
  void receive(wire::inbox& mail);
  void on_tick();
  void stop();
  void show();
  void consider();
  std::int64_t now() const { return options.clock->now_us(); }
  bool current(std::uint64_t turn) const { return now_at && now_at->turn == turn; }
  // Its log is archived, it is not done, and it is not to wait any more.
  bool is_due(const charge& one) const {
    return !one.done && one.about.part.last() != 0 && now() >= one.again_us;
  }
  charge& mine() { return charges.at(now_at->group); }

  // --- work.cc
  void ask_replica();
  void on_standing(const msg::ReplicaReport& report);
  void ask_metadata();
  void ask_admin(const std::string& node, msg::AdminRequest request, work::phase at);
  void on_metadata(const msg::Parcel& answer);
  void give_up(std::uint64_t table_id);
  void on_given_up(const msg::Parcel& answer);
  void ask_worker(rebuild_job job);
  void on_worker(rebuild_done& done);
  void go_on();
  void write();
  void on_written(const msg::ReplicaReply& reply);
  void wait(const msg::Status& refusal);
  void look_for_others();
  void set_aside();
  void finished();
  void leave(std::int64_t again_in_us);
  void failed(const std::string& why);
  void post(const std::string& node, msg::Parcel parcel);
};

} // namespace troupe::restorer
