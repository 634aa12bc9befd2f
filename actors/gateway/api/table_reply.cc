#include "actors/gateway/api/table_reply.h"
#include "actors/gateway/api/backup_reply.h"
#include <cinttypes>
#include <cstdio>

namespace troupe::api {

namespace {

std::string_view name_of(table_state state) {
  switch (state) {
  case table_state::creating:
    return "CREATING";
  case table_state::updating:
    return "UPDATING";
  case table_state::deleting:
    return "DELETING";
  case table_state::active:
    break;
  }
  return "ACTIVE";
}

std::string_view name_of(msg::KeyType type) {
  return type == msg::KEY_TYPE_N ? "N" : type == msg::KEY_TYPE_B ? "B" : "S";
}

std::string_view name_of(msg::TableOptions::Projection projection) {
  return projection == msg::TableOptions::INCLUDE     ? "INCLUDE"
         : projection == msg::TableOptions::KEYS_ONLY ? "KEYS_ONLY"
                                                      : "ALL";
}

void key_element(writer& out, const msg::KeyAttribute& key, const char* type) {
  out.object().key("AttributeName").text(key.name()).key("KeyType").text(type).end_object();
}

void key_schema(writer& out, const msg::KeyAttribute& hash, const msg::KeyAttribute* range) {
  out.key("KeySchema").array();
  key_element(out, hash, "HASH");
  if (range)
    key_element(out, *range, "RANGE");
  out.end_array();
}

void definition(writer& out, const msg::KeyAttribute& key) {
  out.object()
      .key("AttributeName")
      .text(key.name())
      .key("AttributeType")
      .text(name_of(key.type()))
      .end_object();
}

void definitions(writer& out, const msg::TableRecord& table) {
  out.key("AttributeDefinitions").array();
  for (const auto& one : table.options().definitions())
    definition(out, one);
  if (table.options().definitions_size() == 0) { // made by another client than this one
    definition(out, table.keys().partition());
    if (table.keys().has_sort())
      definition(out, table.keys().sort());
  }
  out.end_array();
}

void throughput(writer& out, const msg::TableRecord& table, bool on_demand) {
  const auto& options = table.options();
  out.key("ProvisionedThroughput").object();
  if (options.increased_ms() != 0)
    out.key("LastIncreaseDateTime").seconds(options.increased_ms());
  if (options.decreased_ms() != 0)
    out.key("LastDecreaseDateTime").seconds(options.decreased_ms());
  out.key("NumberOfDecreasesToday").number(0);
  out.key("ReadCapacityUnits").number(options.read_units());
  out.key("WriteCapacityUnits").number(options.write_units());
  out.end_object();
  if (!on_demand && options.on_demand_ms() == 0)
    return;
  out.key("BillingModeSummary").object();
  out.key("BillingMode").text(on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
  const auto since = options.on_demand_ms() != 0 ? options.on_demand_ms() : table.created_ms();
  out.key("LastUpdateToPayPerRequestDateTime").seconds(since);
  out.end_object();
}

void projection(writer& out, const msg::TableOptions::LocalIndex& index) {
  out.key("Projection").object().key("ProjectionType").text(name_of(index.projection()));
  if (index.included_size() > 0) {
    out.key("NonKeyAttributes").array();
    for (const auto& name : index.included())
      out.text(name);
    out.end_array();
  }
  out.end_object();
}

// A table that was made without options has no throughput to speak of.
bool is_on_demand(const msg::TableOptions& options) {
  return options.on_demand() || options.read_units() == 0;
}

void encryption(writer& out, const msg::TableOptions& options) {
  if (!options.sse())
    return;
  out.key("SSEDescription").object().key("Status").text("ENABLED").key("SSEType").text(options.sse_type());
  if (!options.sse_key().empty())
    out.key("KMSMasterKeyArn").text(options.sse_key());
  out.end_object();
}

void local_indexes(writer& out, const msg::TableRecord& table, const msg::TableFigures& figures) {
  if (table.options().local_indexes_size() == 0)
    return;
  out.key("LocalSecondaryIndexes").array();
  for (int i = 0; i < table.options().local_indexes_size(); ++i) {
    const auto& index = table.options().local_indexes(i);
    const auto held = i < figures.local_indexes_size() ? figures.local_indexes(i) : msg::IndexFigures();
    out.object().key("IndexName").text(index.name());
    key_schema(out, table.keys().partition(), &index.sort());
    projection(out, index);
    out.key("IndexSizeBytes").number(static_cast<std::int64_t>(held.bytes()));
    out.key("ItemCount").number(static_cast<std::int64_t>(held.items()));
    out.key("IndexArn").text(arn_of(table.name()) + "/index/" + index.name()).end_object();
  }
  out.end_array();
}

void restore_summary(writer& out, const msg::Restore& from) {
  out.key("RestoreSummary").object();
  if (from.backup() != 0)
    out.key("SourceBackupArn").text(backup_arn(from.table(), from.as_of_ms(), from.backup()));
  out.key("SourceTableArn").text(arn_of(from.table()));
  out.key("RestoreDateTime").seconds(from.as_of_ms());
  out.key("RestoreInProgress").flag(!from.done()).end_object();
}

} // namespace

std::string id_of(const msg::TableRecord& table) {
  const std::uint64_t high = table.id();
  const std::uint64_t low = high * 0x9E3779B97F4A7C15u;
  char text[40];
  std::snprintf(text, sizeof text, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-8%03" PRIx64 "-%012" PRIx64,
                high >> 32, high >> 16 & 0xFFFF, high >> 4 & 0xFFF, low >> 52, low & 0xFFFFFFFFFFFFu);
  return text;
}

table_state state_of(const msg::TableRecord& table) {
  switch (table.state()) {
  case msg::TABLE_CREATING:
    return table_state::creating;
  case msg::TABLE_DELETING:
    return table_state::deleting;
  default:
    return table_state::active;
  }
}

void describe_source(writer& out, const msg::TableRecord& table, const msg::TableFigures& figures) {
  const auto& options = table.options();
  out.object().key("TableName").text(table.name()).key("TableId").text(id_of(table));
  out.key("TableArn").text(arn_of(table.name()));
  out.key("TableSizeBytes").number(static_cast<std::int64_t>(figures.bytes()));
  key_schema(out, table.keys().partition(), table.keys().has_sort() ? &table.keys().sort() : nullptr);
  out.key("TableCreationDateTime").seconds(table.created_ms());
  out.key("ProvisionedThroughput").object().key("ReadCapacityUnits").number(options.read_units());
  out.key("WriteCapacityUnits").number(options.write_units()).end_object();
  out.key("ItemCount").number(static_cast<std::int64_t>(figures.items()));
  out.key("BillingMode").text(is_on_demand(options) ? "PAY_PER_REQUEST" : "PROVISIONED").end_object();
}

void describe_source_features(writer& out, const msg::TableRecord& table) {
  out.object();
  if (table.options().local_indexes_size() > 0) {
    out.key("LocalSecondaryIndexes").array();
    for (const auto& index : table.options().local_indexes()) {
      out.object().key("IndexName").text(index.name());
      key_schema(out, table.keys().partition(), &index.sort());
      projection(out, index);
      out.end_object();
    }
    out.end_array();
  }
  encryption(out, table.options());
  out.end_object();
}

void describe(writer& out, const msg::TableRecord& table, table_state state,
              const msg::TableFigures& figures) {
  const auto& options = table.options();
  out.object();
  definitions(out, table);
  out.key("TableName").text(table.name());
  key_schema(out, table.keys().partition(), table.keys().has_sort() ? &table.keys().sort() : nullptr);
  out.key("TableStatus").text(name_of(state));
  out.key("CreationDateTime").seconds(table.created_ms());
  throughput(out, table, is_on_demand(options));
  out.key("TableSizeBytes").number(static_cast<std::int64_t>(figures.bytes()));
  out.key("ItemCount").number(static_cast<std::int64_t>(figures.items()));
  out.key("TableArn").text(arn_of(table.name())).key("TableId").text(id_of(table));
  local_indexes(out, table, figures);
  if (table.has_restore())
    restore_summary(out, table.restore());
  encryption(out, options);
  if (!options.table_class().empty())
    out.key("TableClassSummary").object().key("TableClass").text(options.table_class()).end_object();
  out.key("DeletionProtectionEnabled").flag(options.deletion_protection());
  out.end_object();
}

} // namespace troupe::api
