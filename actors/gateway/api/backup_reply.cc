#include "actors/gateway/api/backup_reply.h"
#include "actors/gateway/api/table_reply.h"
#include "config/limits.h"
#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace troupe::api {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

std::string_view name_of(backup_state state) {
  switch (state) {
  case backup_state::creating:
    return "CREATING";
  case backup_state::deleted:
    return "DELETED";
  case backup_state::available:
    break;
  }
  return "AVAILABLE";
}

void details(writer& out, const msg::BackupRecord& backup, backup_state state) {
  out.key("BackupArn").text(arn_of(backup)).key("BackupName").text(backup.name());
  out.key("BackupSizeBytes").number(static_cast<std::int64_t>(backup.figures().bytes()));
  out.key("BackupStatus").text(name_of(state)).key("BackupType").text("USER");
  out.key("BackupCreationDateTime").seconds(backup.created_ms());
}

std::int32_t days_of(const msg::TableOptions& options) {
  return options.recovery_days() == 0 ? limits::recovery_days : options.recovery_days();
}

} // namespace

backup_state state_of(const msg::BackupRecord& backup) {
  return backup.available() ? backup_state::available : backup_state::creating;
}

std::string backup_arn(std::string_view table, std::int64_t made_ms, std::uint64_t id) {
  char text[40];
  std::snprintf(text, sizeof text, "%014" PRId64 "-%016" PRIx64, made_ms, id);
  return arn_of(table) + "/backup/" + text;
}

std::string arn_of(const msg::BackupRecord& backup) {
  return backup_arn(backup.table().name(), backup.created_ms(), backup.id());
}

void backup_details(writer& out, const msg::BackupRecord& backup) {
  out.object();
  details(out, backup, state_of(backup));
  out.end_object();
}

void backup_description(writer& out, const msg::BackupRecord& backup, backup_state state) {
  out.object().key("BackupDetails").object();
  details(out, backup, state);
  out.end_object();
  out.key("SourceTableDetails");
  describe_source(out, backup.table(), backup.figures());
  out.key("SourceTableFeatureDetails");
  describe_source_features(out, backup.table());
  out.end_object();
}

void backup_summary(writer& out, const msg::BackupRecord& backup) {
  out.object().key("TableName").text(backup.table().name()).key("TableId").text(id_of(backup.table()));
  out.key("TableArn").text(arn_of(backup.table().name()));
  details(out, backup, state_of(backup));
  out.end_object();
}

std::int64_t earliest_restorable(const msg::TableOptions& options, std::int64_t now_ms) {
  return std::max(options.recovery_since_ms(), now_ms - days_of(options) * day_ms);
}

void continuous_backups(writer& out, const msg::TableOptions& options, std::int64_t now_ms,
                        std::int64_t latest_ms) {
  const bool on = options.recovery_since_ms() != 0;
  out.object().key("ContinuousBackupsStatus").text(latest_ms != 0 ? "ENABLED" : "DISABLED");
  out.key("PointInTimeRecoveryDescription").object();
  out.key("PointInTimeRecoveryStatus").text(on ? "ENABLED" : "DISABLED");
  if (on) {
    out.key("RecoveryPeriodInDays").number(days_of(options));
    out.key("EarliestRestorableDateTime").seconds(earliest_restorable(options, now_ms));
    if (latest_ms != 0)
      out.key("LatestRestorableDateTime").seconds(latest_ms);
  }
  out.end_object().end_object();
}

error backup_not_found(const std::string& arn) {
  return dynamodb_error("BackupNotFoundException", "Backup not found: " + arn);
}

error backup_in_use() {
  return dynamodb_error("BackupInUseException", "Backup is being created, or deleted");
}

error table_not_found(const std::string& name) {
  return dynamodb_error("TableNotFoundException", "Table not found: " + name);
}

error table_already_exists(const std::string& name) {
  return dynamodb_error("TableAlreadyExistsException", "Table already exists: " + name);
}

error table_in_use(std::string message) {
  return dynamodb_error("TableInUseException", std::move(message));
}

error backups_unavailable(const std::string& why) {
  return dynamodb_error("ContinuousBackupsUnavailableException",
                        "Backups have not yet been enabled for this table: " + why);
}

error recovery_unavailable(const std::string& table) {
  return dynamodb_error("PointInTimeRecoveryUnavailableException",
                        "Point in time recovery is not enabled for table '" + table + "'");
}

error invalid_restore_time() {
  return dynamodb_error("InvalidRestoreTimeException",
                        "An invalid restore time was specified. RestoreDateTime must be between "
                        "EarliestRestorableDateTime and LatestRestorableDateTime.");
}

} // namespace troupe::api
