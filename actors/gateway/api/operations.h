// Every operation of DynamoDB's API 2012-08-10, and what becomes of it here. docs/compatibility.md is checked
// against this table.
//
// Thread: constants.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace troupe::api {

enum class operation : std::size_t {
  batch_get_item,
  batch_write_item,
  create_backup,
  create_table,
  delete_backup,
  delete_item,
  delete_table,
  describe_backup,
  describe_continuous_backups,
  describe_endpoints,
  describe_limits,
  describe_table,
  get_item,
  list_backups,
  list_tables,
  list_tags_of_resource,
  put_item,
  query,
  restore_table_from_backup,
  restore_table_to_point_in_time,
  scan,
  tag_resource,
  untag_resource,
  update_continuous_backups,
  update_item,
  update_table,
  none, // any other
};
inline constexpr std::size_t operation_count = static_cast<std::size_t>(operation::none);

enum class support {
  done,
  not_yet, // answers UnknownOperationException, with a message that says so
};

struct known_operation {
  std::string_view name;
  operation which;
  api::support support;
};

// clang-format off
inline constexpr std::array<known_operation, 57> all_operations{{
    {"BatchExecuteStatement", operation::none, support::not_yet},
    {"BatchGetItem", operation::batch_get_item, support::done},
    {"BatchWriteItem", operation::batch_write_item, support::done},
    {"CreateBackup", operation::create_backup, support::done},
    {"CreateGlobalTable", operation::none, support::not_yet},
    {"CreateTable", operation::create_table, support::done},
    {"DeleteBackup", operation::delete_backup, support::done},
    {"DeleteItem", operation::delete_item, support::done},
    {"DeleteResourcePolicy", operation::none, support::not_yet},
    {"DeleteTable", operation::delete_table, support::done},
    {"DescribeBackup", operation::describe_backup, support::done},
    {"DescribeContinuousBackups", operation::describe_continuous_backups, support::done},
    {"DescribeContributorInsights", operation::none, support::not_yet},
    {"DescribeEndpoints", operation::describe_endpoints, support::done},
    {"DescribeExport", operation::none, support::not_yet},
    {"DescribeGlobalTable", operation::none, support::not_yet},
    {"DescribeGlobalTableSettings", operation::none, support::not_yet},
    {"DescribeImport", operation::none, support::not_yet},
    {"DescribeKinesisStreamingDestination", operation::none, support::not_yet},
    {"DescribeLimits", operation::describe_limits, support::done},
    {"DescribeTable", operation::describe_table, support::done},
    {"DescribeTableReplicaAutoScaling", operation::none, support::not_yet},
    {"DescribeTimeToLive", operation::none, support::not_yet},
    {"DisableKinesisStreamingDestination", operation::none, support::not_yet},
    {"EnableKinesisStreamingDestination", operation::none, support::not_yet},
    {"ExecuteStatement", operation::none, support::not_yet},
    {"ExecuteTransaction", operation::none, support::not_yet},
    {"ExportTableToPointInTime", operation::none, support::not_yet},
    {"GetItem", operation::get_item, support::done},
    {"GetResourcePolicy", operation::none, support::not_yet},
    {"ImportTable", operation::none, support::not_yet},
    {"ListBackups", operation::list_backups, support::done},
    {"ListContributorInsights", operation::none, support::not_yet},
    {"ListExports", operation::none, support::not_yet},
    {"ListGlobalTables", operation::none, support::not_yet},
    {"ListImports", operation::none, support::not_yet},
    {"ListTables", operation::list_tables, support::done},
    {"ListTagsOfResource", operation::list_tags_of_resource, support::done},
    {"PutItem", operation::put_item, support::done},
    {"PutResourcePolicy", operation::none, support::not_yet},
    {"Query", operation::query, support::done},
    {"RestoreTableFromBackup", operation::restore_table_from_backup, support::done},
    {"RestoreTableToPointInTime", operation::restore_table_to_point_in_time, support::done},
    {"Scan", operation::scan, support::done},
    {"TagResource", operation::tag_resource, support::done},
    {"TransactGetItems", operation::none, support::not_yet},
    {"TransactWriteItems", operation::none, support::not_yet},
    {"UntagResource", operation::untag_resource, support::done},
    {"UpdateContinuousBackups", operation::update_continuous_backups, support::done},
    {"UpdateContributorInsights", operation::none, support::not_yet},
    {"UpdateGlobalTable", operation::none, support::not_yet},
    {"UpdateGlobalTableSettings", operation::none, support::not_yet},
    {"UpdateItem", operation::update_item, support::done},
    {"UpdateKinesisStreamingDestination", operation::none, support::not_yet},
    {"UpdateTable", operation::update_table, support::done},
    {"UpdateTableReplicaAutoScaling", operation::none, support::not_yet},
    {"UpdateTimeToLive", operation::none, support::not_yet},
}};
// clang-format on

// Ascending by name, so that it is found by halving. nullptr: DynamoDB has no such operation.
const known_operation* find_operation(std::string_view name);

} // namespace troupe::api
