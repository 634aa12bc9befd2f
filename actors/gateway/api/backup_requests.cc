#include "actors/gateway/api/backup_requests.h"
#include "actors/gateway/api/table_parts.h"
#include "config/limits.h"
#include <algorithm>
#include <charconv>

namespace troupe::api {

namespace {

using maybe_text = std::optional<std::string>;

constexpr std::size_t backup_arn_min = 37;
constexpr std::size_t backup_arn_max = 1024;
constexpr std::size_t time_digits = 14;
constexpr std::size_t id_digits = 16;

template <class Number>
bool read_number(std::string_view text, int base, Number& into) {
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, into, base);
  return read.ec == std::errc() && read.ptr == end;
}

backup_place place_of(const std::string& arn) {
  backup_place out;
  out.arn = arn;
  constexpr std::string_view mark = "/backup/";
  const auto at = arn.find(mark);
  if (at == std::string::npos)
    return out;
  const auto text = std::string_view(arn).substr(at + mark.size());
  std::uint64_t id = 0;
  const auto sound = text.size() == time_digits + 1 + id_digits && text[time_digits] == '-' &&
                     read_number(text.substr(0, time_digits), 10, out.made_ms) &&
                     read_number(text.substr(time_digits + 1), 16, id);
  out.table = table_of_arn(std::string_view(arn).substr(0, at));
  if (sound && !out.table.empty())
    out.id = id;
  return out;
}

// As it stands there; another account's is refused at once, as a table's is.
maybe_text read_arn(const structure& in, reading& from, std::string_view member) {
  auto arn = in.text(member);
  if (arn && is_foreign(*arn, from))
    from.refuse(not_authorized(from, *arn));
  return arn;
}

void check_backup_arn(constraints& c, const char* path, const maybe_text& arn) {
  c.there(path, arn.has_value());
  c.length(path, arn, backup_arn_min, backup_arn_max);
}

// Of a table that need not be named.
void check_maybe_name(constraints& c, const char* path, const maybe_text& name) {
  c.name_characters(path, name);
  c.length(path, name, limits::table_name_min, limits::table_name_max);
}

void check_target(constraints& c, const maybe_text& target) {
  c.resource_name("targetTableName", target);
}

// Read with the other members, checked behind them.
struct given_overrides {
  maybe_text billing;
  std::optional<given_units> units;
  std::optional<std::vector<structure>> local;
  std::vector<overrides::index> indexes;
  outcome<std::optional<msg::TableOptions>> sse = std::optional<msg::TableOptions>();
  trouble unsupported;
};

given_overrides read_overrides(const structure& in) {
  given_overrides out;
  out.billing = in.text("BillingModeOverride");
  out.units = read_units(in, "ProvisionedThroughputOverride");
  out.local = in.structures("LocalSecondaryIndexOverride", "LocalSecondaryIndex");
  if (out.local)
    for (const auto& one : *out.local) {
      auto& index = out.indexes.emplace_back();
      index.name = one.text("IndexName").value_or("");
      if (const auto keys = one.structures("KeySchema", "KeySchemaElement"))
        for (const auto& key : *keys)
          if (key.text("KeyType") == "RANGE")
            index.sort = key.text("AttributeName").value_or("");
      if (const auto projection = one.inner("Projection", "Projection"))
        index.projection = projection->text("ProjectionType");
    }
  out.sse = read_sse(in, "SSESpecificationOverride");
  if (const auto global = in.structures("GlobalSecondaryIndexOverride", "GlobalSecondaryIndex");
      global && !global->empty())
    out.unsupported = not_supported("GlobalSecondaryIndexOverride");
  if (in.has("OnDemandThroughputOverride"))
    out.unsupported = not_supported("OnDemandThroughputOverride");
  return out;
}

void check_overrides(constraints& c, const given_overrides& given) {
  c.one_of("billingModeOverride", given.billing, {"PROVISIONED", "PAY_PER_REQUEST"});
  check_units(c, "provisionedThroughputOverride", given.units);
  for (std::size_t i = 0; i < given.indexes.size(); ++i)
    c.resource_name("localSecondaryIndexOverride." + std::to_string(i + 1) + ".member.indexName",
                    given.indexes[i].name);
}

outcome<overrides> make_overrides(given_overrides& given) {
  if (given.unsupported)
    return *given.unsupported;
  if (!given.sse)
    return given.sse.why();
  overrides out;
  if (given.billing)
    out.on_demand = given.billing == "PAY_PER_REQUEST";
  if (out.on_demand.value_or(false) && given.units)
    return invalid_parameter("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                             "BillingMode is PAY_PER_REQUEST");
  if (given.units) {
    if (auto bad = check_units_bounds(*given.units))
      return *bad;
    out.units = update_table::throughput{*given.units->read, *given.units->write};
  }
  if (given.local)
    out.local_indexes = std::move(given.indexes);
  out.sse = *given.sse;
  return out;
}

std::string_view name_of(msg::TableOptions::Projection projection) {
  return projection == msg::TableOptions::INCLUDE     ? "INCLUDE"
         : projection == msg::TableOptions::KEYS_ONLY ? "KEYS_ONLY"
                                                      : "ALL";
}

} // namespace

outcome<create_backup> read_create_backup(const structure& in, reading& from) {
  const auto table = read_table_name(in, from).name;
  const auto name = in.text("BackupName");
  if (from.failed())
    return *from.take();
  if (auto bad = check_table_parameter(table))
    return *bad;
  constraints c;
  c.name_characters("tableName", table);
  c.resource_name("backupName", name);
  if (auto bad = c.result())
    return *bad;
  return create_backup{*table, *name};
}

outcome<named_backup> read_named_backup(const structure& in, reading& from) {
  const auto arn = read_arn(in, from, "BackupArn");
  if (from.failed())
    return *from.take();
  constraints c;
  check_backup_arn(c, "backupArn", arn);
  if (auto bad = c.result())
    return *bad;
  return named_backup{place_of(*arn)};
}

outcome<list_backups> read_list_backups(const structure& in, reading& from) {
  const auto table = read_table_name(in, from).name;
  const auto limit = in.integer("Limit");
  const auto lower = in.time_ms("TimeRangeLowerBound");
  const auto upper = in.time_ms("TimeRangeUpperBound");
  const auto after = read_arn(in, from, "ExclusiveStartBackupArn");
  const auto type = in.text("BackupType");
  if (from.failed())
    return *from.take();
  constraints c;
  check_maybe_name(c, "tableName", table);
  c.at_least("limit", limit, 1);
  c.at_most("limit", limit, 100);
  if (after)
    check_backup_arn(c, "exclusiveStartBackupArn", after);
  c.one_of("backupType", type, {"USER", "SYSTEM", "AWS_BACKUP", "ALL"});
  if (auto bad = c.result())
    return *bad;
  list_backups out;
  out.table = table.value_or("");
  out.limit = limit.value_or(out.limit);
  out.from_ms = std::max<std::int64_t>(0, lower.value_or(0));
  out.before_ms = upper ? std::max<std::int64_t>(1, *upper) : 0;
  if (after) {
    out.after = place_of(*after);
    if (out.after->id == 0)
      return validation("Invalid ExclusiveStartBackupArn: " + *after);
  }
  out.none = type == "SYSTEM" || type == "AWS_BACKUP";
  return out;
}

outcome<restore_from_backup> read_restore_from_backup(const structure& in, reading& from) {
  const auto target = in.text("TargetTableName");
  const auto arn = read_arn(in, from, "BackupArn");
  auto given = read_overrides(in);
  if (from.failed())
    return *from.take();
  constraints c;
  check_target(c, target);
  check_backup_arn(c, "backupArn", arn);
  check_overrides(c, given);
  if (auto bad = c.result())
    return *bad;
  auto otherwise = make_overrides(given);
  if (!otherwise)
    return otherwise.why();
  return restore_from_backup{*target, place_of(*arn), std::move(*otherwise)};
}

outcome<restore_to_time> read_restore_to_time(const structure& in, reading& from) {
  const auto target = in.text("TargetTableName");
  const auto table = in.text("SourceTableName");
  const auto arn = read_arn(in, from, "SourceTableArn");
  const auto latest = in.flag("UseLatestRestorableTime");
  const auto time_ms = in.time_ms("RestoreDateTime");
  auto given = read_overrides(in);
  if (from.failed())
    return *from.take();
  constraints c;
  check_target(c, target);
  check_maybe_name(c, "sourceTableName", table);
  check_overrides(c, given);
  if (auto bad = c.result())
    return *bad;
  if (table.has_value() == arn.has_value())
    return validation(
        "Exactly one of the parameters SourceTableName and SourceTableArn must be in the request");
  auto source = table ? *table : table_of_arn(*arn);
  if (source.empty())
    return validation("Invalid SourceTableArn: " + *arn);
  if (latest.value_or(false) == time_ms.has_value())
    return validation("Exactly one of the parameters UseLatestRestorableTime and RestoreDateTime must be in "
                      "the request");
  auto otherwise = make_overrides(given);
  if (!otherwise)
    return otherwise.why();
  return restore_to_time{*target, std::move(source), time_ms, std::move(*otherwise)};
}

outcome<update_continuous_backups> read_update_continuous_backups(const structure& in, reading& from) {
  const auto table = read_table_name(in, from).name;
  const auto wish = in.inner("PointInTimeRecoverySpecification", "PointInTimeRecoverySpecification");
  const auto given = wish.value_or(structure());
  const bool enabled = given.flag("PointInTimeRecoveryEnabled").value_or(false);
  const auto days = given.integer("RecoveryPeriodInDays");
  if (from.failed())
    return *from.take();
  if (auto bad = check_table_parameter(table))
    return *bad;
  constraints c;
  c.name_characters("tableName", table);
  c.there("pointInTimeRecoverySpecification", wish.has_value());
  if (wish)
    c.there("pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled",
            given.has("PointInTimeRecoveryEnabled"));
  c.at_least("pointInTimeRecoverySpecification.recoveryPeriodInDays", days, 1);
  c.at_most("pointInTimeRecoverySpecification.recoveryPeriodInDays", days, limits::recovery_days);
  if (auto bad = c.result())
    return *bad;
  if (!enabled && days)
    return invalid_parameter(
        "RecoveryPeriodInDays can only be specified when PointInTimeRecovery is enabled");
  return update_continuous_backups{*table, enabled,
                                   static_cast<std::int32_t>(days.value_or(limits::recovery_days))};
}

outcome<msg::TableOptions> options_of(const msg::TableRecord& source, const overrides& otherwise) {
  auto options = source.options();
  const bool was_on_demand = options.on_demand() || options.read_units() == 0;
  const bool on_demand = otherwise.on_demand.value_or(was_on_demand);
  if (on_demand && otherwise.units)
    return invalid_parameter("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                             "BillingMode is PAY_PER_REQUEST");
  if (!on_demand && was_on_demand && !otherwise.units)
    return invalid_parameter("ReadCapacityUnits and WriteCapacityUnits must both be specified when "
                             "BillingMode is PROVISIONED");
  options.set_on_demand(on_demand);
  if (on_demand) {
    options.clear_read_units();
    options.clear_write_units();
  } else if (otherwise.units) {
    options.set_read_units(otherwise.units->read_units);
    options.set_write_units(otherwise.units->write_units);
  }
  options.clear_on_demand_ms();
  options.clear_increased_ms();
  options.clear_decreased_ms();
  if (otherwise.sse) {
    options.set_sse(otherwise.sse->sse());
    options.set_sse_type(otherwise.sse->sse_type());
    options.set_sse_key(otherwise.sse->sse_key());
  }
  if (!otherwise.local_indexes)
    return options;
  options.clear_local_indexes();
  for (const auto& wanted : *otherwise.local_indexes) {
    const auto& all = source.options().local_indexes();
    const auto it =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name() == wanted.name; });
    if (it == all.end() || (wanted.sort && *wanted.sort != it->sort().name()) ||
        (wanted.projection && *wanted.projection != name_of(it->projection())))
      return invalid_parameter("LocalSecondaryIndexOverride: the source has no such index: " + wanted.name);
    *options.add_local_indexes() = *it;
  }
  // Attributes that only the indexes left out had in their keys are defined no more.
  auto& definitions = *options.mutable_definitions();
  auto unused = [&](const msg::KeyAttribute& one) {
    return one.name() != source.keys().partition().name() && one.name() != source.keys().sort().name() &&
           std::none_of(options.local_indexes().begin(), options.local_indexes().end(),
                        [&](const auto& index) { return index.sort().name() == one.name(); });
  };
  definitions.erase(std::remove_if(definitions.begin(), definitions.end(), unused), definitions.end());
  return options;
}

} // namespace troupe::api
