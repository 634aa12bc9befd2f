// The scrubber's hand in the archive: a thread that reads it again, puts back what is missing, and rebuilds
// copies from it in a scratch file. It may wait for the store and for its own pace, does one job at a time,
// and decides nothing.
#pragma once
#include "actors/core/scrub/judge.h"
#include "actors/history/survey.h"
#include "actors/wire/interfaces.h"
#include "messages/archive.pb.h"
#include "messages/replication.pb.h"
#include "storage/archive/object_store.h"
#include "storage/disk_space.h"
#include <atomic>
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::scrubber {

struct archive_job {
  enum class kind {
    survey,  // reads all that there is of the group
    put,     // puts these entries where no sound segment holds them, and reads them back
    rebuild, // makes the items as of entry `last`, and says their digests
  };
  kind what = kind::survey;
  archive::place whose;
  std::shared_ptr<const msg::SegmentManifest> about; // put: cluster, table, group and range
  std::shared_ptr<const std::vector<msg::Entry>> entries;
  std::uint64_t last = 0; // rebuild
  bool log_alone = false; // from the first entry on, whatever snapshots there are
  std::string from;       // the keys the group is for
  std::string to;
  std::uint64_t item_bytes = 0; // of a live member, for the room that it will take
};

struct archive_work_done {
  enum class outcome {
    done,
    failed,    // the store did not answer, or the scratch file could not be written: again later
    no_room,   // rebuild: the disk has too little, and nothing was begun or all of it was removed
    not_whole, // the archive does not have what is wanted; or put: the entries are no log
  };
  outcome result = outcome::done;
  std::string text;                                   // for people; empty when done
  std::shared_ptr<const history::group_survey> found; // survey; null: there is nothing of the group
  scrub::leaf_list leaves;                            // rebuild
  std::uint64_t began_with = 0;                       // the snapshot's index; 0: with the first entry
  std::uint64_t read_bytes = 0;                       // from the archive
};

struct archive_terms {
  std::function<storage::result<std::unique_ptr<storage::object_store>>()> open;
  std::shared_ptr<std::atomic<bool>> cancelled; // set when the node stops; may be null
  std::int64_t bytes_per_second = 0;
  std::string scratch; // a directory of its own on the node's disk; what lies there is removed
  storage::spare_room room;
};

using archive_worker_actor =
    caf::typed_actor<caf::replies_to<archive_job>::with<archive_work_done>, caf::reacts_to<wire::stop_atom>>;

archive_worker_actor spawn_archive_worker(caf::actor_system& system, archive_terms terms,
                                          bool detached = true);

// The job itself, for tests.
archive_work_done carry_out(const archive_job& job, const archive_terms& terms, storage::object_store& store);

} // namespace troupe::scrubber

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::scrubber::archive_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::scrubber::archive_work_done)
