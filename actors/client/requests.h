// What can be asked of a cluster, and what comes back, as plain structs.
//
// Every result carries a status, and its code says one of three things (messages/status.proto):
//   OK               it is so: a write is on two disks, a read saw every write acknowledged before it;
//   UNKNOWN_OUTCOME  a write may or may not take effect, now or later: read to find out, or write again;
//   anything else    refused: the request had no effect and never will have.
// Requests are retried within their timeout under one request id, so a write takes effect at most once. A
// timeout of 0 is the session's.
#pragma once
#include "messages/expression.pb.h"
#include "messages/item.pb.h"
#include "messages/table.pb.h"
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::client {

struct result {
  msg::Status status;

  bool ok() const { return status.code() == msg::OK; }
  bool unknown() const { return status.code() == msg::UNKNOWN_OUTCOME; }
  bool refused() const { return !ok() && !unknown(); }
};

// --- items
// ---------------------------------------------------------------------------------------------------

struct write_result : result {
  std::optional<msg::AttributeMap> old; // the item before, when return_old asked for it and there was one
};
struct read_result : result {
  std::optional<msg::AttributeMap> item; // nothing: there is no such item
};
struct update_result : result {
  std::optional<msg::AttributeMap> item; // what `returning` asked for, when there is any of it
};
// Of a query or a scan.
struct query_result : result {
  std::vector<msg::AttributeMap> items;
  std::uint32_t scanned = 0; // items that were looked at, whether they passed the filter or not
  std::optional<msg::AttributeMap> last_key; // present: there may be more, ask again with `after` set to this
};

// Creates or replaces an item, if the condition holds on the one that is there.
struct put_item {
  using result = write_result;
  using message = msg::ItemRequest;
  std::string table;
  msg::AttributeMap item;
  msg::Condition condition;
  msg::ConditionExpression expression; // of parse(); must hold as well
  bool return_old = false;             // also when the condition does not hold
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::ItemReply reply);
};

struct delete_item {
  using result = write_result;
  using message = msg::ItemRequest;
  std::string table;
  msg::AttributeMap key; // exactly the key attributes
  msg::Condition condition;
  msg::ConditionExpression expression;
  bool return_old = false;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::ItemReply reply);
};

// Changes parts of an item where it lies, if the condition holds on it; an item that is not there begins with
// its key.
struct update_item {
  using result = update_result;
  using message = msg::ItemRequest;
  std::string table;
  msg::AttributeMap key;        // exactly the key attributes
  msg::UpdateExpression update; // of parse(); without content it makes sure that the item is there
  msg::ConditionExpression condition;
  msg::Returning returning = msg::RETURN_NONE;
  bool return_old_on_refusal = false; // when the condition does not hold
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::ItemReply reply);
};

struct get_item {
  using result = read_result;
  using message = msg::ItemRequest;
  std::string table;
  msg::AttributeMap key;
  bool eventual = false; // any replica may answer, possibly from the past
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::ItemReply reply);
};

// Items of one partition key in the order of their sort keys, one page at a time.
struct query_items {
  using result = query_result;
  using message = msg::ItemRequest;
  std::string table;
  msg::Value partition_key;
  std::optional<msg::Value> from; // bounds on the sort key
  bool from_exclusive = false;
  std::optional<msg::Value> to;
  bool to_exclusive = false;
  std::optional<msg::Value> prefix; // instead of bounds, for string and binary sort keys
  bool backward = false;
  std::uint32_t limit = 0; // items looked at; 0: as many as fit a page of 1 MB
  std::optional<msg::AttributeMap> after;
  msg::ConditionExpression filter; // of parse(): items that pass are returned
  bool eventual = false;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::ItemReply reply);
};

// All items of a table in no order that means anything, one page at a time; or one of several segments of it,
// which can be read side by side.
struct scan_items {
  using result = query_result;
  using message = msg::ItemRequest;
  std::string table;
  std::uint32_t segment = 0; // of `segments`
  std::uint32_t segments = 1;
  std::uint32_t limit = 0; // items looked at; 0: as many as fit a page of 1 MB
  std::optional<msg::AttributeMap> after;
  msg::ConditionExpression filter;
  bool eventual = false;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::ItemReply reply);
};

// --- tables and the cluster
// ----------------------------------------------------------------------------------

struct table_result : result {
  msg::TableRecord table;
  std::vector<msg::PartitionRecord> partitions;
  // describe_table: how much there is in it, as of some seconds ago.
  std::uint64_t items = 0;
  std::uint64_t bytes = 0; // by DynamoDB's rule for the size of an item
};
struct tables_result : result {
  std::vector<msg::TableRecord> tables;
  std::string last_name; // not empty: there are more, ask again with `after` set to this
};
struct cluster_result : result {
  msg::AdminReply cluster; // tables, partitions, nodes with their replicas
};

struct create_table {
  using result = table_result;
  using message = msg::AdminRequest;
  std::string name;
  msg::KeySchema keys;
  std::uint32_t partitions = 1;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
struct delete_table {
  using result = table_result;
  using message = msg::AdminRequest;
  std::string name;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
struct describe_table {
  using result = table_result;
  using message = msg::AdminRequest;
  std::string name;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
struct list_tables {
  using result = tables_result;
  using message = msg::AdminRequest;
  std::string after;
  std::uint32_t limit = 0; // 0: 100
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
struct cluster_status {
  using result = cluster_result;
  using message = msg::AdminRequest;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
// Lets another member lead a replication group, without a gap in service.
struct hand_over {
  using result = client::result;
  using message = msg::AdminRequest;
  std::uint64_t group = 0;
  std::string to_node; // empty: whichever member is most up to date
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
// Stops the healing of partitions, or lets it go on; who and why stand in the metadata from then on.
struct pause_healing {
  using result = client::result;
  using message = msg::AdminRequest;
  bool resume = false;
  std::string who;
  std::string why;
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};
// Has the members of a table's partitions read in full and compared now. Begun, and not done, when it is
// answered.
struct scrub_now {
  using result = client::result;
  using message = msg::AdminRequest;
  std::string table; // empty: all, and the metadata
  std::chrono::milliseconds timeout{0};

  message to_message() const;
  static result from_message(msg::AdminReply reply);
};

} // namespace troupe::client
