// The requests about tables as plain structs, with what can be checked without knowing the table checked
// already, in DynamoDB's order and words.
//
// Parameters that this version does not do (global indexes, streams, replicas, ...) are refused by name when
// they ask for something, never passed over.
//
// Thread: values, pure functions.
#pragma once
#include "actors/gateway/api/error.h"
#include "actors/gateway/api/json.h"
#include "messages/item.pb.h"
#include "messages/table_options.pb.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::api {

struct create_table {
  std::string table;
  msg::KeySchema keys;
  msg::TableOptions options; // without times
};

// Of a table as it stands; what is not there stays as it is.
struct update_table {
  struct throughput {
    std::int64_t read_units = 0;
    std::int64_t write_units = 0;
  };
  std::string table;
  std::optional<bool> on_demand;
  std::optional<throughput> units;
  std::optional<bool> deletion_protection;
  std::optional<std::string> table_class;
  std::optional<msg::TableOptions> sse; // its sse fields
};

struct named_table { // DescribeTable, DeleteTable
  std::string table;
};

struct list_tables {
  std::string after; // empty: from the start
  std::int64_t limit = 100;
};

struct tag_resource {
  std::string arn;
  std::string table; // of the arn
  std::vector<msg::TableOptions::Tag> tags;
};

struct untag_resource {
  std::string arn;
  std::string table;
  std::vector<std::string> keys;
};

struct list_tags_of_resource {
  std::string arn;
  std::string table;
  std::string next; // NextToken
};

outcome<create_table> read_create_table(const structure& in, reading& from);
outcome<update_table> read_update_table(const structure& in, reading& from);
outcome<named_table> read_named_table(const structure& in, reading& from);
outcome<list_tables> read_list_tables(const structure& in, reading& from);
outcome<tag_resource> read_tag_resource(const structure& in, reading& from);
outcome<untag_resource> read_untag_resource(const structure& in, reading& from);
outcome<list_tags_of_resource> read_list_tags_of_resource(const structure& in, reading& from);

} // namespace troupe::api
