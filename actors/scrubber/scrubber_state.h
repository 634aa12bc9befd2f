// The scrubber's memory and the names of everything it does. scrubber_actor.cc is its door and its tick,
// pass.cc reads, compare.cc drives comparisons and answers those of others, findings.cc says what was found.
#pragma once
#include "actors/core/scrub/round.h"
#include "actors/core/scrub/schedule.h"
#include "actors/scrubber/meter.h"
#include "actors/scrubber/scrubber_actor.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::scrubber {

struct resident {
  std::uint64_t member = 0;
  std::string table;
  wire::scrubbed_replica_actor actor;
  msg::ScrubReport report;
  std::vector<std::uint64_t> agreed; // members that were found equal with each other, ascending
  bool led = false;                  // at the last look
  std::int64_t compared_us = 0;      // on the node's clock; 0: never since it was led here
};

// The full pass under way: one at a time in a node.
struct pass {
  enum class phase { look, log, items, log_again };
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  std::uint64_t number = 0; // answers to another pass are not for this one
  phase now = phase::look;
  bool has_items = false;
  std::string leader_node;
  std::uint64_t log_from = 0;
  std::vector<std::uint64_t> damaged_log; // as of this reading
  bool log_was_damaged = false;           // earlier in this pass
  int mends = 0;
  bool item_told = false;  // of rotten records
  bool asked = false;      // a slice is under way
  std::int64_t due_us = 0; // of the next one
};

// A comparison that this node drives.
struct comparison {
  std::uint64_t number = 0;
  std::unique_ptr<scrub::round> round;            // null until the replica has said that it leads
  std::map<std::uint64_t, std::string> nodes;     // member -> node
  std::vector<std::vector<std::uint64_t>> agreed; // what each of those asked remembers
};

struct question {
  std::uint64_t group = 0;
  std::uint64_t comparison = 0;
  std::uint64_t member = 0;
  std::uint64_t index = 0;
  bool leaves = false;
  bool records = false;
  std::int64_t asked_us = 0;
};

struct scrubber_state {
  static inline const char* name = "scrubber";

  scrubber_actor::stateful_pointer<scrubber_state> self = nullptr;
  scrubber_options options;
  std::unique_ptr<meters> meter;
  std::map<std::uint64_t, resident> residents; // by group
  std::map<caf::actor_id, std::uint64_t> group_of;
  std::unique_ptr<scrub::schedule> passes;
  std::unique_ptr<scrub::schedule> comparisons;
  std::unique_ptr<scrub::pace> pace;
  std::optional<pass> reading;
  std::map<std::uint64_t, comparison> comparing; // by group
  std::map<std::uint64_t, question> questions;   // by the id of the parcel
  std::uint64_t next_id = 0;
  std::uint64_t next_number = 0;
  wire::outbox outbox;
  std::int64_t shown_us = 0;

  // --- door (scrubber_actor.cc)
  void start();
  void on_started(const resident_started& what);
  void on_down(const caf::down_msg& down);
  void receive(wire::inbox& mail);
  void on_tick();
  void send_out();
  void show();
  std::int64_t cycle_us() const;
  std::int64_t now() const { return options.clock->now_us(); }
  void post(const std::string& node, msg::ScrubRequest request, std::uint64_t id = 0);

  // --- pass.cc
  void drive_pass();
  void look(std::uint64_t number);
  void read_log();
  void on_log(std::uint64_t number, const wire::log_checked& what);
  void log_ended();
  void read_items();
  void pause(std::int64_t wait_us); // before the next slice
  void on_items(std::uint64_t number, const wire::items_audited& what);
  void items_ended(const wire::items_audited& what);
  void pass_ended();
  void pass_failed();
  bool is_current(std::uint64_t number) const { return reading && reading->number == number; }
  resident* reader(); // the resident that is read; null when it has gone

  // --- compare.cc
  void begin_comparisons();
  void begin_comparison(std::uint64_t group, std::uint64_t number, const wire::scrub_view& view);
  void drive_comparisons();
  bool drive(std::uint64_t group, comparison& one); // false: it has ended
  void propose_mark(std::uint64_t group, comparison& one);
  void ask_members(std::uint64_t group, comparison& one, const scrub::round::step& step);
  void on_reply(const wire::delivery& from);
  void finish(std::uint64_t group, const comparison& one);
  void agree(std::uint64_t group, const comparison& one);
  void outvoted(std::uint64_t group, const comparison& one);
  void on_request(const wire::delivery& from);
  void on_read_mark(const wire::delivery& from);

  // --- findings.cc
  void found(std::uint64_t group, finding what, const std::string& text);
  void repaired(std::uint64_t group);
  void tell(resident& one);
};

} // namespace troupe::scrubber
