// The requests about backups, restores and point-in-time recovery as plain structs, with what can be checked
// without knowing the table or the backup checked already.
//
// Thread: values, pure functions.
#pragma once
#include "actors/gateway/api/error.h"
#include "actors/gateway/api/json.h"
#include "actors/gateway/api/table_requests.h"
#include "config/limits.h"
#include "messages/table.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::api {

// arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/backup/TIME-ID, where TIME is when the backup was made, in
// milliseconds with 14 digits, and ID its number with 16 hexadecimal ones.
struct backup_place {
  std::string arn;
  std::string table;
  std::int64_t made_ms = 0;
  std::uint64_t id = 0; // 0: nobody has such a backup
};

struct create_backup {
  std::string table;
  std::string name;
};

struct named_backup { // DescribeBackup, DeleteBackup
  backup_place which;
};

struct list_backups {
  std::string table; // empty: all
  std::int64_t limit = 100;
  std::int64_t from_ms = 0;
  std::int64_t before_ms = 0; // 0: no bound
  std::optional<backup_place> after;
  bool none = false; // of a type that nobody has any of here
};

// What the new table shall have otherwise than its source.
struct overrides {
  struct index {
    std::string name;
    std::optional<std::string> sort;       // when it is named, it must be the source's, as the projection
    std::optional<std::string> projection; // ALL, KEYS_ONLY or INCLUDE
  };
  std::optional<bool> on_demand;
  std::optional<update_table::throughput> units;
  std::optional<std::vector<index>> local_indexes; // those that are kept
  std::optional<msg::TableOptions> sse;            // its sse fields
};

struct restore_from_backup {
  std::string target;
  backup_place source;
  overrides otherwise;
};

struct restore_to_time {
  std::string target;
  std::string table;
  std::optional<std::int64_t> time_ms; // nothing: the latest
  overrides otherwise;
};

struct update_continuous_backups {
  std::string table;
  bool enabled = false;
  std::int32_t days = limits::recovery_days;
};

outcome<create_backup> read_create_backup(const structure& in, reading& from);
outcome<named_backup> read_named_backup(const structure& in, reading& from);
outcome<list_backups> read_list_backups(const structure& in, reading& from);
outcome<restore_from_backup> read_restore_from_backup(const structure& in, reading& from);
outcome<restore_to_time> read_restore_to_time(const structure& in, reading& from);
outcome<update_continuous_backups> read_update_continuous_backups(const structure& in, reading& from);

// The source's options with what is wanted otherwise, or why they cannot be so.
outcome<msg::TableOptions> options_of(const msg::TableRecord& source, const overrides& otherwise);

} // namespace troupe::api
