// The restorer's hand: a thread that rebuilds items from the archive in scratch files, a step at a time, and
// reads them out in pages. One rebuild at a time; a new one, or an end, removes the files of the one before.
#pragma once
#include "actors/core/archive/names.h"
#include "actors/wire/glue.h"
#include "actors/wire/interfaces.h"
#include "storage/archive/object_store.h"
#include "storage/disk_space.h"
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::restorer {

// Opens the store, again after it refused something: keys may have been renewed.
using store_opener = std::function<storage::result<std::unique_ptr<storage::object_store>>()>;

struct rebuild_job {
  enum class kind { begin, step, page, end };
  kind what = kind::begin;
  archive::place whose;     // begin: see history::rebuild_order
  std::uint64_t last = 0;   // likewise
  std::int64_t time_ms = 0; // likewise
  std::string from;         // page: items from this key on
  std::uint64_t bytes = 0;  // page: about so many; one item at least
};

struct rebuild_done {
  std::string trouble;  // empty: it was done. Otherwise the rebuild is over
  bool lacking = false; // the store answered, and what is wanted is not in it, or is damaged
  bool whole = false;   // step: everything is there
  std::vector<std::pair<std::string, std::string>> items; // page: keys and values, ascending
  bool more = false;                                      // page: the items go on behind them
};

using rebuild_worker =
    caf::typed_actor<caf::replies_to<rebuild_job>::with<rebuild_done>, caf::reacts_to<wire::stop_atom>>;

// `scratch`: a directory for its files, made if need be; what lies there is removed.
// `detached`: on a thread of its own, as everywhere but on virtual time.
rebuild_worker spawn_rebuild_worker(caf::actor_system& system, store_opener open, std::string scratch,
                                    storage::spare_room room, bool detached = true);

} // namespace troupe::restorer

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::restorer::rebuild_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::restorer::rebuild_done)
