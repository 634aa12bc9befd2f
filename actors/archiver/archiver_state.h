// The archiver's memory and the names of everything it does. archiver_actor.cc is its door and its tick,
// jobs.cc carries out what keepers say, snapshots.cc archives items, rebuilds.cc has items made anew from the
// archive, telling.cc tells replicas, people and those who wait.
#pragma once
#include "actors/archiver/archiver_actor.h"
#include "actors/archiver/meter.h"
#include "storage/archive/item_snapshot.h"
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace troupe::archiver {

// Another node that waits until everything up to `target` is archived.
struct asker {
  std::string node;
  msg::Parcel head; // the reply without its body
  std::uint64_t target = 0;
  std::int64_t due_us = 0;
};

// A replica of this node, and its log.
struct charge {
  std::optional<wire::archive_group> about; // nothing is archived before it is known
  wire::replica_actor replica;
  std::optional<archive::snapshot_planner> planner; // present with the keeper
  std::optional<archive::keeper> keeper;            // present once the replica has spoken
  std::uint64_t life = 0; // of keepers: an answer to an earlier one is none of this one's
  bool queued = false;
  bool looking = false; // for snapshots, or is to
  bool busy = false;
  archive::step doing;
  std::vector<msg::Entry> entries; // collected for a segment
  std::uint64_t entry_bytes = 0;
  std::optional<std::uint64_t> link; // of the entry at archived(), as the archive says
  std::uint64_t unproven =
      0;            // where the log began here: nobody has seen that the archive reaches up to it; 0: it does
  bool gap = false; // somebody has looked, and it does not
  std::int64_t prove_us = 0; // not to be looked at again before that
  std::string unsound;       // what is wrong with the log; empty: nothing is known to be
  std::string trouble;       // why the last job failed
  alarm raised = alarm::none;
  std::int64_t since_us = 0; // what behind_since_ms was made from
  msg::ArchiveProgress told;
  bool told_once = false;
  std::vector<asker> askers;
};

// Who a job is for, and whose hands do it.
struct ticket {
  std::uint64_t group = 0;
  std::uint64_t life = 0;
  store_worker hand;
};

// A snapshot that is being archived.
struct snapshot_work {
  std::uint64_t group = 0;
  std::uint64_t life = 0; // see charge
  std::uint64_t transfer = 0;
  std::uint64_t chunk = 0; // the next one
  std::uint64_t at_least = 0;
  std::int64_t again_us =
      0; // it is being cut: ask again then; 0: an answer is on its way, or a part to be placed
  std::int64_t asked_us = 0; // when the item worker was asked last; it forgets who does not ask
  std::string folder;
  archive::snapshot_id id;
  std::string part;  // being collected
  bool last = false; // all of it has been collected
  // What is to be placed: a part, or the manifest in the end.
  std::string name;
  std::shared_ptr<const std::string> content;
  bool ready = false; // to be placed as soon as a hand is free, but not before
  int tries = 0;      // that failed
  std::int64_t try_us = 0;
  bool placing = false; // a hand has it
  bool named = false;   // and it is the manifest
  bool over = false;    // it has failed, and only waits for the hand
  storage::archived_snapshot manifest;
};

// Parts of a snapshot of this node's that failed: nobody else knows of them.
struct rubbish {
  std::string folder;
  archive::snapshot_id id;
  std::size_t next = 0; // part
  std::size_t end = 0;
};

// A group whose items are to be made anew when others' have been.
struct place_in_line {
  std::uint64_t group = 0;
  std::int64_t asked_us = 0; // the last time
};

struct archiver_state {
  static inline const char* name = "archiver";
  using pointer = wire::scrubbed_archiver_actor::stateful_pointer<archiver_state>;

  pointer self = nullptr;
  archiver_options options;
  std::unique_ptr<meters> meter;
  std::uint64_t cluster_id = 0; // 0: not known yet
  std::map<std::uint64_t, charge> charges;
  std::vector<store_worker> hands;
  std::vector<store_worker> free_hands;
  std::deque<std::uint64_t> queue; // groups that wait for one
  std::deque<std::uint64_t> looks; // and those that are to look for snapshots, when nobody else does
  std::optional<snapshot_work> snapshot;
  std::deque<rubbish> heap; // to be removed
  bool sweeping = false;
  std::int64_t sweep_us = 0;          // not before
  std::set<std::uint64_t> rebuilding; // groups, and those that are in line for it
  std::deque<place_in_line> line;
  std::mt19937_64 dice;
  std::uint64_t lives = 0;   // of all charges
  std::int64_t armed_us = 0; // 0: not
  std::int64_t shown_us = 0;

  // --- archiver_actor.cc
  void start();
  void on_cluster(std::uint64_t id);
  void on_group(const wire::archive_group& what);
  void on_progress(const wire::log_progress& what);
  void forget(std::uint64_t group);
  wire::archive_view view(std::uint64_t group) const;
  void on_want(const wire::want_snapshot& what);
  void begin_anew(std::uint64_t group, charge& one, std::uint64_t base);
  void on_tick();
  void stop();
  std::int64_t now() const { return options.clock->now_us(); }
  void wake_at(std::int64_t at_us);
  charge* find(const ticket& t); // null: it is gone, or another life of it is here

  // --- jobs.cc
  void consider(std::uint64_t group);
  archive::step next_step(charge& one);
  void start_jobs();
  void begin(const ticket& t);
  void ask_store(const ticket& t, store_job job);
  void on_done(const ticket& t, store_done& done);
  void listed(charge& one, store_done& done);
  std::uint64_t proven(const charge& one) const;
  void compare(const ticket& t, store_done& done);
  void collect(const ticket& t);
  void on_page(const ticket& t, wire::log_page& page);
  void upload(const ticket& t);
  void failed(charge& one, std::string why);
  void finish(const ticket& t);
  std::string folder_of(std::uint64_t group) const;
  msg::SegmentManifest about(std::uint64_t group) const;

  // --- snapshots.cc
  void consider_snapshot(std::uint64_t group);
  void start_snapshots();
  void look_for_snapshots(std::uint64_t group);
  void snapshot_is_there();
  void looked(const ticket& t, const store_done& done);
  void begin_snapshot(std::uint64_t group);
  charge* snapshot_charge(); // null: it is gone, or another life of it is here
  void ask_for_page();
  void on_snapshot_page(std::uint64_t transfer, wire::snapshot_part& page);
  void keep_transfer();
  void prepare(std::string as, std::string content);
  void prepare_part();
  void place(const store_worker& hand);
  void placed(std::uint64_t transfer, const store_worker& hand, const store_done& done);
  void not_placed(const store_done& done);
  void snapshot_failed(const std::string& why);
  void discard();
  void sweep();
  void swept(const store_worker& hand, const store_done& done);

  // --- rebuilds.cc
  bool may_rebuild(std::uint64_t group);
  void rebuild(const wire::rebuild_items& what);
  void rebuilt(const wire::rebuild_items& what, wire::items_rebuilt made);

  // --- telling.cc
  void tell(std::uint64_t group);
  alarm alarm_of(const charge& one) const;
  std::string text_of(alarm which, const charge& one) const;
  void show();
  void receive(wire::inbox& mail);
  void on_request(const wire::delivery& from);
  void wait_for(std::uint64_t group, asker who, const wire::log_standing& standing);
  void answer_askers(charge& one);
  void answer(const asker& who, msg::Code code, const std::string& text, std::uint64_t archived = 0);
};

} // namespace troupe::archiver
