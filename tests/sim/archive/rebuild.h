// The items as the archive has them, read with the reader that rebuilds and restores read with.
#pragma once
#include "storage/archive/object_store.h"
#include "tests/sim/members/items.h"
#include <memory>
#include <string>

namespace troupe::sim {

// As an archived snapshot is kept here: a whole one, in one object.
std::string snapshot_object(const items& state);

struct rebuilt {
  std::shared_ptr<items> state; // nothing when it cannot be told now
  std::string trouble;
};
// The state at entry `last`, or as far as the archive reaches and is sound. empty: the state before the first
// entry, which is used. log_alone: no snapshot is begun with.
rebuilt rebuild_from(storage::object_store& store, std::shared_ptr<items> empty, log_index last,
                     bool log_alone = false);

} // namespace troupe::sim
