// One of the archiver's hands: a thread that talks to the object store and may wait for it. It does one job
// at a time and decides nothing.
#pragma once
#include "actors/core/archive/names.h"
#include "actors/wire/glue.h"
#include "actors/wire/interfaces.h"
#include "messages/archive.pb.h"
#include "messages/replication.pb.h"
#include "storage/archive/object_store.h"
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::archiver {

// Opens the store, again after it refused something: keys may have been renewed.
using store_opener = std::function<storage::result<std::unique_ptr<storage::object_store>>()>;

struct store_job {
  enum class kind { list, fetch, store, look, place, remove };
  kind what = kind::list;
  std::string folder;         // the group's
  std::uint64_t archived = 0; // list: what lies behind it. fetch: bytes are counted behind it
  std::uint64_t covers = 0;   // list: whether all up to there can be rebuilt; 0: nobody asks
  archive::extent object;     // fetch: this one. store: as this copy
  // store: cluster, table, group and range, and the entries. The worker is the last to hold them.
  std::shared_ptr<const msg::SegmentManifest> about;
  // place: put under this name, which nobody else uses, got again, and compared; what came back as something
  // else is removed. Snapshots have no other way to be believed.
  std::string name;
  std::shared_ptr<const std::string> content;
  // remove: parts [from_part, to_part) of this snapshot, which its maker gave up.
  archive::snapshot_id snapshot;
  std::size_t from_part = 0;
  std::size_t to_part = 0;
  std::shared_ptr<const std::vector<msg::Entry>> entries;
};

struct store_done {
  enum class outcome {
    done,
    failed,  // the store did not answer, or refused
    missing, // fetch: there is no such object
    damaged, // fetch, place: it is not what anybody wrote
    unsound, // store: these entries are no log; nothing was uploaded
  };
  outcome result = outcome::done;
  std::string text;                   // for people; empty when done
  std::vector<archive::extent> found; // list: segments behind `archived`
  std::uint64_t covers = 0;           // list: as was asked, and the answer
  bool covered = true;
  msg::SegmentManifest manifest;  // fetch
  std::uint64_t bytes_behind = 0; // fetch: of the payloads behind `archived`
  archive::extent object;         // store: what was uploaded, or was there
  std::uint64_t bytes = 0;        // that went to the store, or came from it
  std::uint64_t snapshot = 0;     // look: index of the newest, 0: there is none
  std::uint64_t log_bytes = 0;    // look: of the segments behind it
};

using store_worker =
    caf::typed_actor<caf::replies_to<store_job>::with<store_done>, caf::reacts_to<wire::stop_atom>>;

// `detached`: on a thread of its own, as everywhere but on virtual time.
store_worker spawn_store_worker(caf::actor_system& system, store_opener open, bool detached = true);

// The job itself, for tests.
store_done carry_out(const store_job& job, storage::object_store& store);

} // namespace troupe::archiver

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::archiver::store_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::archiver::store_done)
