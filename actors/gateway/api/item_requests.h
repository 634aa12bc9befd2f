// The requests about items as plain structs, with every parameter that the API has: what the model itself
// demands is checked already (types, constraints, values, sizes), expressions are still texts.
//
// Order of checks is DynamoDB's: types; constraints, all at once; which parameters go together; values; the
// rest. What remains for whoever executes them, in this order: legacy conditions (core/expression/legacy.h),
// placeholders and expressions, and all that needs the table.
//
// Thread: values, pure functions.
#pragma once
#include "actors/core/expression/legacy.h"
#include "actors/core/expression/placeholders.h"
#include "actors/gateway/api/error.h"
#include "actors/gateway/api/json.h"
#include "messages/item.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::api {

enum class return_values { none, all_old, updated_old, all_new, updated_new };
enum class capacity_report { none, total, indexes };

// What a request says in expressions. Each operation has some of them.
struct expressions {
  std::optional<std::string> condition;
  std::optional<std::string> update;
  std::optional<std::string> filter;
  std::optional<std::string> key_condition;
  std::optional<std::string> projection;
  expression::placeholders::names names;
  expression::placeholders::values values;

  // No expression and no placeholder. Nothing of these is without meaning when it is empty.
  bool none() const {
    return !condition && !update && !filter && !key_condition && !projection && !names && !values;
  }
};

using legacy_tests = std::optional<std::vector<expression::legacy_test>>;

// What the four single-item operations and the writes among them share.
struct write_options {
  return_values returned = return_values::none;
  capacity_report capacity = capacity_report::none;
  bool collection_metrics = false; // ReturnItemCollectionMetrics is SIZE
  bool old_on_failure = false;     // ReturnValuesOnConditionCheckFailure is ALL_OLD
  api::expressions expressions;
  legacy_tests expected;
  std::optional<expression::legacy_join> join; // ConditionalOperator

  bool conditional() const { return expressions.condition || (expected && !expected->empty()); }
};

struct put_item {
  std::string table;
  std::string named;      // how the request called it: its name, or its ARN
  msg::AttributeMap item; // canonical, of allowed size
  write_options options;  // returned: none or all_old
};

struct delete_item {
  std::string table;
  std::string named;     // how the request called it: its name, or its ARN
  msg::AttributeMap key; // canonical
  write_options options; // returned: none or all_old
};

struct update_item {
  std::string table;
  std::string named;     // how the request called it: its name, or its ARN
  msg::AttributeMap key; // canonical
  std::optional<std::vector<expression::legacy_update>> attribute_updates;
  write_options options;
};

struct get_item {
  std::string table;
  std::string named;     // how the request called it: its name, or its ARN
  msg::AttributeMap key; // canonical
  bool consistent = false;
  capacity_report capacity = capacity_report::none;
  api::expressions expressions; // projection
  std::optional<std::vector<std::string>> attributes_to_get;
};

struct batch_get_item {
  struct of_table {
    std::string table;
    std::string named;
    std::vector<msg::AttributeMap> keys; // canonical, 1 to 100 in the whole request, none twice in a table
    bool consistent = false;
    api::expressions expressions; // projection
    std::optional<std::vector<std::string>> attributes_to_get;
  };
  std::vector<of_table> tables;
  capacity_report capacity = capacity_report::none;
};

struct batch_write_item {
  struct write {
    bool remove = false;
    msg::AttributeMap content; // canonical: the item, or the key to remove
  };
  struct of_table {
    std::string table;
    std::string named;
    std::vector<write> writes;
  };
  std::vector<of_table> tables; // 1 to 25 writes in all
  capacity_report capacity = capacity_report::none;
  bool collection_metrics = false;
};

enum class selected { unsaid, all_attributes, all_projected_attributes, specific_attributes, count };

// What Query and Scan share.
struct page_options {
  std::string table;
  std::string named; // how the request called it: its name, or its ARN
  std::optional<std::string> index;
  selected select = selected::unsaid;
  std::optional<std::int64_t> limit;          // at least 1
  std::optional<msg::AttributeMap> start_key; // canonical
  bool consistent = false;
  capacity_report capacity = capacity_report::none;
  api::expressions expressions; // filter, projection; Query: key condition
  std::optional<std::vector<std::string>> attributes_to_get;
  legacy_tests filter; // QueryFilter or ScanFilter
  std::optional<expression::legacy_join> join;
};

struct query {
  page_options page;
  bool forward = true;
  legacy_tests key_conditions; // these or expressions.key_condition is there
};

struct scan {
  page_options page;
  std::int64_t segment = 0;
  std::int64_t segments = 1; // segment < segments <= 1,000,000
};

outcome<put_item> read_put_item(const structure& in, reading& from);
outcome<delete_item> read_delete_item(const structure& in, reading& from);
outcome<update_item> read_update_item(const structure& in, reading& from);
outcome<get_item> read_get_item(const structure& in, reading& from);
outcome<batch_get_item> read_batch_get_item(const structure& in, reading& from);
outcome<batch_write_item> read_batch_write_item(const structure& in, reading& from);
outcome<query> read_query(const structure& in, reading& from);
outcome<scan> read_scan(const structure& in, reading& from);

} // namespace troupe::api
