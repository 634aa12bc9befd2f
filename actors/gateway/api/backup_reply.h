// What is told of backups, of restores and of point-in-time recovery, and in what words they are refused.
//
// Thread: values, pure functions.
#pragma once
#include "actors/gateway/api/error.h"
#include "actors/gateway/api/writer.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <string>

namespace troupe::api {

enum class backup_state { creating, available, deleted };
backup_state state_of(const msg::BackupRecord& backup);

std::string backup_arn(std::string_view table, std::int64_t made_ms, std::uint64_t id);
std::string arn_of(const msg::BackupRecord& backup);

// Appends the BackupDetails; the whole BackupDescription; one of BackupSummaries.
void backup_details(writer& out, const msg::BackupRecord& backup);
void backup_description(writer& out, const msg::BackupRecord& backup, backup_state state);
void backup_summary(writer& out, const msg::BackupRecord& backup);

// The first moment a table can be restored to, Unix time; only for one whose recovery is on.
std::int64_t earliest_restorable(const msg::TableOptions& options, std::int64_t now_ms);
// Appends the ContinuousBackupsDescription. `latest_ms`: AdminReply.restorable_ms.
void continuous_backups(writer& out, const msg::TableOptions& options, std::int64_t now_ms,
                        std::int64_t latest_ms);

error backup_not_found(const std::string& arn);
error backup_in_use();
error table_not_found(const std::string& name);
error table_already_exists(const std::string& name);
error table_in_use(std::string message);
error backups_unavailable(const std::string& why); // there is no archive, or it does not hold the table yet
error recovery_unavailable(const std::string& table);
error invalid_restore_time();

} // namespace troupe::api
