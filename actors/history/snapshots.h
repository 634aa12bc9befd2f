// The archived snapshots of a group: which there are, and one of them as a file again.
//
// Thread: one owner. Blocking. Errors: those of the store; `corrupt`: what lies there is not what was put.
#pragma once
#include "actors/core/archive/names.h"
#include "storage/archive/item_snapshot.h"
#include "storage/archive/object_store.h"
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::history {

// The newest in a group's folder whose last entry is at or below `at_most`; nothing when there is none. Two
// members may have made one of the same entry: `before` is passed over, and what is younger or, of its index,
// has a higher number.
storage::result<std::optional<archive::snapshot_id>>
newest_snapshot(storage::object_store& store, const std::string& folder, std::uint64_t at_most,
                const std::optional<archive::snapshot_id>& before = {});

storage::result<storage::archived_snapshot> read_snapshot_manifest(storage::object_store& store,
                                                                   const archive::place& whose,
                                                                   const archive::snapshot_id& what);

// One part, compared with what the manifest says of it.
storage::result<std::string> read_snapshot_part(storage::object_store& store, const archive::place& whose,
                                                const archive::snapshot_id& what,
                                                const storage::archived_snapshot& manifest, std::size_t part);

// All of it as a snapshot file at `path`, verified down to the digest of its records; what lies there is
// replaced. On an error nothing is left there.
storage::result<storage::archived_snapshot> fetch_snapshot(storage::object_store& store,
                                                           const archive::place& whose,
                                                           const archive::snapshot_id& what,
                                                           const std::string& path);

} // namespace troupe::history
