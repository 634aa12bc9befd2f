// What to change in the metadata when somebody asks for a table or wants one gone, and what to change when
// nobody asks but the records are not yet as they should be: a table whose partitions are being made, one
// whose replicas are being dropped, a node that introduced itself.
//
// State in, change out: the admin writes the change, and when that fails because the metadata has moved on,
// plans again on what is there now. Everything a plan has begun can be carried on from the records alone, so
// a new leader needs nothing from the old one.
//
// Thread: pure functions.
#pragma once
#include "actors/admin/archive_book.h"
#include "actors/admin/memory.h"
#include "actors/admin/node_book.h"
#include "actors/core/healing/planner.h"
#include "messages/status.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::admin {

// What a plan may look at besides the records.
struct outlook {
  const memory& records;
  const node_book& nodes;
  std::int64_t now_us = 0;      // the clock of the node book
  std::int64_t now_ms = 0;      // Unix time
  std::int64_t leading_us = 0;  // since when this admin leads, on the clock of the node book
  std::int64_t patience_us = 0; // after that long, who has not reported is taken to be away
  std::uint64_t min_free_bytes = 0;
  std::vector<std::string> storage_nodes; // that the cluster file names
  std::vector<std::string> metadata_nodes;
  healing::rules heal;
  std::size_t rebuilds = 2;               // of items at once, per node
  const archive_book* archived = nullptr; // how far what is wanted of it is there; null: nothing is known

  bool patient() const { return now_us - leading_us < patience_us; }
  // A new leader has not heard of every node yet: a table made now would lie on some of them only.
  bool too_early_to_place() const;
};

// What became of a request. Exactly one of: a change to make, a refusal, done already, or not possible yet.
struct decision {
  enum class verdict { write, refuse, done, wait };
  verdict what = verdict::refuse;
  change write;
  msg::Status refusal;                   // wait: what is said when the asker's time is up meanwhile
  std::vector<std::uint64_t> heads = {}; // wait: of these groups, whose logs' ends must be known (backups.h)
};

// `table_id` and `seed` are random and stay the same when the request is planned again: that is how a table
// that was made by an earlier attempt, whose outcome was not known, is told from somebody else's.
decision plan_create(const outlook& view, const msg::CreateTable& wish, const msg::RequestId& creator,
                     std::uint64_t table_id, std::uint64_t seed);

// `table_id`: the table an earlier attempt meant, 0 on the first.
decision plan_delete(const outlook& view, const msg::DeleteTable& wish, const msg::RequestId& deleter,
                     std::uint64_t table_id);

// Done, and refused with TABLE_NOT_FOUND otherwise, only for a table that is there under that id. Waits for
// what backups.h `in_the_way_of_promises` waits for when recovery is turned on.
decision plan_update(const outlook& view, const msg::UpdateTable& wish);

// Stops healing, or lets it go on. Done when it is so, for the same reason.
decision plan_pause(const outlook& view, const msg::PauseHealing& wish);

// The next change that nobody has to ask for, if there is one. `seed` is for ties in placement.
std::optional<change> plan_next(const outlook& view, std::uint64_t seed);

// The very first change: the cluster's identity.
change plan_birth(std::uint64_t cluster_id);

// How much is in a table, by what its replicas have said.
msg::TableFigures figures_of(const outlook& view, const msg::TableRecord& table);

// Refuses a name that DynamoDB would: 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'.
std::optional<msg::Status> check_table_name(const std::string& name);

} // namespace troupe::admin
