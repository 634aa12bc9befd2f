// What to change in the metadata for backups, and for tables that are made from one or from another table's
// past (docs/decisions/017-backups.md).
//
// A backup is a record: which table, and per partition the index of the log that holds all that was
// acknowledged before it was asked for. The items are in the archive anyhow. It is available when the archive
// has all of these logs up to there, and needs its table no more from then on.
//
// Thread: pure functions.
#pragma once
#include "actors/admin/planner.h"
#include <map>
#include <utility>

namespace troupe::admin {

// group -> the newest entry of its log that must be in the backup; of as many groups as are known.
using log_heads = std::map<std::uint64_t, std::uint64_t>;

// The one that an attempt of this request has made; nullptr: none has.
const msg::BackupRecord* backup_of(const memory& records, std::uint64_t id, const msg::RequestId& creator);

// `id` is random and stays the same when the request is planned again. `heads` were all asked for after the
// request had come. Waits while some are missing, which decision::heads names once nothing else is in the
// way: what a table's archive begins with lies below them.
decision plan_backup(const outlook& view, const msg::CreateBackup& wish, const msg::RequestId& creator,
                     std::uint64_t id, const log_heads& heads);
// `attempted`: an earlier attempt may have done it. One that is not available is refused with TABLE_IN_USE,
// unless it is so old that nobody can hope for it any more.
decision plan_delete_backup(const outlook& view, const msg::DeleteBackup& wish, bool attempted);
// As plan_create; `heads` as in plan_backup, when it is made from a table.
decision plan_restore(const outlook& view, const msg::RestoreTable& wish, const msg::RequestId& creator,
                      std::uint64_t table_id, std::uint64_t seed, const log_heads& heads);

// The next change that nobody has to ask for: a backup whose logs are archived is available.
std::optional<change> carry_on_backups(const outlook& view);
// Likewise for a table that is being restored, whose partitions are there: what may begin, and what is done.
std::optional<change> carry_on_restoring(const outlook& view, const msg::TableRecord& table);

// The logs that somebody waits for, and up to where.
std::vector<std::pair<std::uint64_t, std::uint64_t>> wanted_of_archive(const memory& records);
// Why nothing can be promised about the table's past yet, if so: there is no archive, it is not known to hold
// what was written before (wait), or it does not (UNSUPPORTED). Once nothing is in the way, whatever the
// table holds at a time from then on can be restored.
std::optional<decision> in_the_way_of_promises(const outlook& view, const msg::TableRecord& table);
// Why the table must stay until all of that is archived; empty: it need not.
std::string needed_for(const memory& records, const msg::TableRecord& table);

// A page of the records that are asked for.
msg::AdminReply list_of(const memory& records, const msg::ListBackups& wish);
// msg::AdminReply.restorable_ms
std::int64_t restorable_until(const outlook& view, const msg::TableRecord& table);

} // namespace troupe::admin
