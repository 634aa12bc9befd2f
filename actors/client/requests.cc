#include "actors/client/requests.h"
#include "actors/client/expressions.h"
#include "actors/core/item/value.h"

namespace troupe::client {

namespace {

// A reply whose items cannot be read is a fault between here and the disk; the items are not made up.
void say_damaged(msg::Status& status) {
  status.set_code(msg::INTERNAL);
  status.set_message("the reply holds bytes that are not an item");
}

std::optional<msg::AttributeMap> read(const std::string& bytes, msg::Status& status) {
  if (auto parsed = item::parse_item(bytes))
    return std::move(*parsed);
  say_damaged(status);
  return std::nullopt;
}

write_result write_from(msg::ItemReply&& reply) {
  write_result result;
  result.status = std::move(*reply.mutable_status());
  if (!reply.found())
    return result;
  msg::Status damage; // the write itself is done, or refused, whatever became of the old item
  result.old = read(reply.item(), damage);
  return result;
}

query_result page_from(msg::ItemReply&& reply) {
  query_result result;
  result.status = std::move(*reply.mutable_status());
  if (!result.ok())
    return result;
  for (const auto& bytes : reply.items())
    if (auto one = read(bytes, result.status))
      result.items.push_back(std::move(*one));
  if (!reply.last_key().empty())
    result.last_key = read(reply.last_key(), result.status);
  result.scanned = reply.scanned();
  return result;
}

table_result table_from(msg::AdminReply&& reply) {
  table_result result;
  result.status = std::move(*reply.mutable_status());
  if (reply.tables_size() > 0)
    result.table = std::move(*reply.mutable_tables(0));
  for (auto& partition : *reply.mutable_partitions())
    result.partitions.push_back(std::move(partition));
  result.items = reply.figures().items();
  result.bytes = reply.figures().bytes();
  return result;
}

} // namespace

// --- items
// ---------------------------------------------------------------------------------------------------

msg::ItemRequest put_item::to_message() const {
  msg::ItemRequest out;
  out.set_table(table);
  auto& put = *out.mutable_put();
  put.set_item(item::serialize(item));
  if (condition.clauses_size() > 0)
    *put.mutable_condition() = condition;
  if (says_something(expression))
    *put.mutable_expression() = expression;
  put.set_return_old(return_old);
  return out;
}
write_result put_item::from_message(msg::ItemReply reply) {
  return write_from(std::move(reply));
}

msg::ItemRequest delete_item::to_message() const {
  msg::ItemRequest out;
  out.set_table(table);
  auto& remove = *out.mutable_delete_();
  remove.set_key(item::serialize(key));
  if (condition.clauses_size() > 0)
    *remove.mutable_condition() = condition;
  if (says_something(expression))
    *remove.mutable_expression() = expression;
  remove.set_return_old(return_old);
  return out;
}
write_result delete_item::from_message(msg::ItemReply reply) {
  return write_from(std::move(reply));
}

msg::ItemRequest get_item::to_message() const {
  msg::ItemRequest out;
  out.set_table(table);
  auto& get = *out.mutable_get();
  get.set_key(item::serialize(key));
  get.set_eventual(eventual);
  return out;
}
read_result get_item::from_message(msg::ItemReply reply) {
  read_result result;
  result.status = std::move(*reply.mutable_status());
  if (result.ok() && reply.found())
    result.item = read(reply.item(), result.status);
  return result;
}

msg::ItemRequest query_items::to_message() const {
  msg::ItemRequest out;
  out.set_table(table);
  auto& query = *out.mutable_query();
  *query.mutable_partition_key() = partition_key;
  if (from)
    *query.mutable_from() = *from;
  query.set_from_exclusive(from_exclusive);
  if (to)
    *query.mutable_to() = *to;
  query.set_to_exclusive(to_exclusive);
  if (prefix && prefix->kind_case() == msg::Value::kB)
    query.set_prefix_b(prefix->b());
  else if (prefix)
    query.set_prefix_s(prefix->s());
  query.set_backward(backward);
  query.set_limit(limit);
  if (after)
    query.set_start_key(item::serialize(*after));
  if (says_something(filter))
    *query.mutable_filter() = filter;
  query.set_eventual(eventual);
  return out;
}
query_result query_items::from_message(msg::ItemReply reply) {
  return page_from(std::move(reply));
}

msg::ItemRequest scan_items::to_message() const {
  msg::ItemRequest out;
  out.set_table(table);
  auto& scan = *out.mutable_scan();
  scan.set_segment(segment);
  scan.set_segments(segments);
  scan.set_limit(limit);
  if (after)
    scan.set_start_key(item::serialize(*after));
  if (says_something(filter))
    *scan.mutable_filter() = filter;
  scan.set_eventual(eventual);
  return out;
}
query_result scan_items::from_message(msg::ItemReply reply) {
  return page_from(std::move(reply));
}

msg::ItemRequest update_item::to_message() const {
  msg::ItemRequest out;
  out.set_table(table);
  auto& change = *out.mutable_update();
  change.set_key(item::serialize(key));
  *change.mutable_update() = update;
  if (says_something(condition))
    *change.mutable_expression() = condition;
  change.set_returning(returning);
  change.set_return_old_on_refusal(return_old_on_refusal);
  return out;
}
update_result update_item::from_message(msg::ItemReply reply) {
  auto written = write_from(std::move(reply));
  return {{std::move(written.status)}, std::move(written.old)};
}

// --- tables and the cluster
// ----------------------------------------------------------------------------------

msg::AdminRequest create_table::to_message() const {
  msg::AdminRequest out;
  auto& create = *out.mutable_create_table();
  create.set_name(name);
  *create.mutable_keys() = keys;
  create.set_partitions(partitions);
  return out;
}
table_result create_table::from_message(msg::AdminReply reply) {
  return table_from(std::move(reply));
}

msg::AdminRequest delete_table::to_message() const {
  msg::AdminRequest out;
  out.mutable_delete_table()->set_name(name);
  return out;
}
table_result delete_table::from_message(msg::AdminReply reply) {
  return table_from(std::move(reply));
}

msg::AdminRequest describe_table::to_message() const {
  msg::AdminRequest out;
  out.mutable_describe_table()->set_name(name);
  return out;
}
table_result describe_table::from_message(msg::AdminReply reply) {
  return table_from(std::move(reply));
}

msg::AdminRequest list_tables::to_message() const {
  msg::AdminRequest out;
  auto& list = *out.mutable_list_tables();
  list.set_after(after);
  list.set_limit(limit);
  return out;
}
tables_result list_tables::from_message(msg::AdminReply reply) {
  tables_result result;
  result.status = std::move(*reply.mutable_status());
  for (auto& table : *reply.mutable_tables())
    result.tables.push_back(std::move(table));
  result.last_name = std::move(*reply.mutable_last_name());
  return result;
}

msg::AdminRequest cluster_status::to_message() const {
  msg::AdminRequest out;
  out.mutable_cluster_status();
  return out;
}
cluster_result cluster_status::from_message(msg::AdminReply reply) {
  cluster_result result;
  result.status = reply.status();
  result.cluster = std::move(reply);
  return result;
}

msg::AdminRequest hand_over::to_message() const {
  msg::AdminRequest out;
  auto& order = *out.mutable_hand_over();
  order.set_group(group);
  order.set_to_node(to_node);
  return out;
}
result hand_over::from_message(msg::AdminReply reply) {
  return {std::move(*reply.mutable_status())};
}

msg::AdminRequest pause_healing::to_message() const {
  msg::AdminRequest out;
  auto& order = *out.mutable_pause_healing();
  order.set_resume(resume);
  order.set_who(who);
  order.set_why(why);
  return out;
}
result pause_healing::from_message(msg::AdminReply reply) {
  return {std::move(*reply.mutable_status())};
}

msg::AdminRequest scrub_now::to_message() const {
  msg::AdminRequest out;
  out.mutable_scrub_now()->set_table(table);
  return out;
}
result scrub_now::from_message(msg::AdminReply reply) {
  return {std::move(*reply.mutable_status())};
}

} // namespace troupe::client
