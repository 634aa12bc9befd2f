// The scrubber's memory and the names of everything it does. scrubber_actor.cc is its door and its tick,
// pass.cc reads, compare.cc drives comparisons and answers those of others, prove.cc compares members with
// what the archive makes of them, mend.cc puts back what the archive lacks, findings.cc says what was found.
#pragma once
#include "actors/core/scrub/round.h"
#include "actors/core/scrub/schedule.h"
#include "actors/scrubber/meter.h"
#include "actors/scrubber/scrubber_actor.h"
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::scrubber {

struct resident {
  std::uint64_t member = 0;
  std::string table;
  wire::scrubbed_replica_actor actor;
  msg::ScrubReport report;
  std::vector<scrub::witness> agreed; // that were found equal with each other
  bool led = false;                   // at the last look, and
  std::int64_t led_us = 0;            // since when
  std::int64_t compared_us = 0;       // on the node's clock; 0: never
  std::string unread;                 // why its last pass came to nothing; empty: it did not
  bool told_unread = false;           // and people were told
  std::int64_t started_us = 0;
  std::int64_t proved_us = 0;                             // by the archive; 0: never
  std::uint64_t proofs_ordered = 0;                       // by this node
  std::set<std::pair<std::uint64_t, std::uint64_t>> lost; // holes of the archive that were told of
};

// That the members, as they were at an index, be compared with what the archive makes of the group.
struct proof_order {
  std::uint64_t group = 0;
  std::uint64_t member = 0; // the one beside this scrubber
  std::uint64_t index = 0;
  std::uint64_t epoch = 0;
  bool arbitrate = false;
  std::vector<scrub::opinion> opinions;
  std::map<std::uint64_t, std::string> nodes; // member -> node
  std::map<std::uint64_t, std::uint64_t> lineages;
  std::int64_t since_us = 0;
};

// The one under way: one at a time in a node.
struct proof {
  enum class phase { look, survey, mend, survey_again, rebuild };
  proof_order order;
  std::uint64_t number = 0; // answers to another proof are not for this one
  wire::archive_view archive;
  wire::log_standing standing;
  phase now = phase::look;
  history::group_survey seen; // of the archive
  std::string trouble;        // what is wrong with it; empty: nothing is known to be

  // --- mend.cc
  std::deque<history::group_survey::hole> holes; // the first is being filled
  std::vector<msg::Entry> entries;               // of it, collected
  std::uint64_t entry_bytes = 0;
  std::uint64_t next = 0; // entry to be collected
  bool put_back = false;  // something was
};

// The full pass under way: one at a time in a node.
struct pass {
  enum class phase { look, log, items, log_again };
  std::uint64_t group = 0;
  std::uint64_t member = 0;
  std::uint64_t number = 0; // answers to another pass are not for this one
  phase now = phase::look;
  bool has_items = false;
  std::vector<std::string> nodes; // of the group's storage replicas
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
  std::unique_ptr<scrub::round> round;             // null until the replica has said that it leads
  std::map<std::uint64_t, std::string> nodes;      // member -> node
  std::map<std::uint64_t, std::uint64_t> lineages; // member -> that of its items, as it said
  std::vector<std::vector<scrub::witness>> agreed; // what each of those asked remembers
};

// A member was found wrong; its node is told until it has heard.
struct sentence {
  std::string node;
  msg::Condemn text;
  std::int64_t since_us = 0;
  std::int64_t told_us = 0; // 0: not yet
};

struct question {
  enum class kind {
    mark,     // what a member kept at it
    proof,    // an order, and whether it is taken
    sentence, // and whether it was heard
  };
  kind what = kind::mark;
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
  std::map<std::uint64_t, comparison> comparing;                         // by group
  std::map<std::uint64_t, question> questions;                           // by the id of the parcel
  std::map<std::pair<std::uint64_t, std::uint64_t>, sentence> sentences; // by group and member; not heard yet
  archive_worker_actor worker; // null: there is no archive, or it is not to be read
  std::deque<proof_order> orders;
  std::optional<proof> proving;
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
  void log_not_mended(const std::vector<std::uint64_t>& damaged);
  void read_items();
  void pause(std::int64_t wait_us); // before the next slice
  void on_items(std::uint64_t number, const wire::items_audited& what);
  void items_ended(const wire::items_audited& what);
  void pass_ended();
  void pass_failed(const std::string& why);
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

  // --- prove.cc
  bool proves() const { return worker != nullptr; }
  void order_proof(std::uint64_t group, const comparison& one, bool arbitrate);
  void on_prove(const wire::delivery& from);
  msg::ScrubReply::State take_order(std::uint64_t group, const msg::Prove& wish);
  void on_proved(std::uint64_t group, const msg::Proved& news);
  void drive_proof();
  void look_at_archive();
  void look_at_log();
  void ask_worker(archive_job job, void (scrubber_state::*then)(const archive_work_done&));
  void survey_archive();
  void on_survey(const archive_work_done& done);
  void settle_archive();
  void rebuild_reference();
  void on_rebuilt(const archive_work_done& done);
  void confirmed();
  void doubt_archive(const scrub::verdict& seen, const archive_work_done& done);
  void condemn_by_reference(const scrub::verdict& seen);
  void unproved(const std::string& why);
  void end_proof();
  bool is_current_proof(std::uint64_t number) const { return proving && proving->number == number; }
  resident* prover(); // the resident that is proved; null when it has gone
  archive::place place_of_proof() const;
  void want_snapshot(std::uint64_t index);

  // --- mend.cc
  void mend_archive();
  void mend_next();
  void check_end_of_hole();
  void collect_entries();
  void on_entries(wire::log_page& page);
  void put_entries();
  void on_put(const archive_work_done& done);
  void page_of_log(std::uint64_t from, std::uint64_t to, std::uint64_t bytes,
                   void (scrubber_state::*then)(wire::log_page&));
  void on_end_of_hole(wire::log_page& page);
  void another_history(std::uint64_t index);

  // --- findings.cc
  void condemn(std::uint64_t group, const std::string& node, msg::Condemn what);
  void tell_sentences(); // again, where nobody has answered
  void on_condemn(const wire::delivery& from);
  void found(std::uint64_t group, finding what, const std::string& text);
  void repaired(std::uint64_t group);
  void tell(resident& one);
};

} // namespace troupe::scrubber
