// BatchGetItem and BatchWriteItem.
#include "actors/core/item/value.h"
#include "actors/gateway/api/item_parts.h"
#include "actors/gateway/api/table_name.h"
#include <algorithm>
#include <set>

namespace troupe::api {

namespace {

constexpr std::size_t gets_max = 100;
constexpr std::size_t writes_max = 25;

// The texts of maps in messages are Java's: {table=[...], ...}.
template <class Tables>
std::string shown_tables(const Tables& tables, const char* type) {
  std::string out = "{";
  for (const auto& [name, content] : tables)
    out += (out.size() > 1 ? ", " : "") + name + "=" + type;
  return out + "}";
}

template <class Tables>
void check_table_names(constraints& c, const Tables& tables, const std::string& shown) {
  for (const auto& one : tables)
    if (one.table.size() < 3 || one.table.size() > 255 || !is_resource_name(one.table))
      c.failed("requestItems", "'" + shown + "'",
               "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member "
               "must have "
               "length greater than or equal to 3, Member must satisfy regular expression pattern: "
               "[a-zA-Z0-9_.-]+]");
}

} // namespace

outcome<batch_get_item> read_batch_get_item(const structure& in, reading& from) {
  const auto capacity = in.text("ReturnConsumedCapacity");
  const auto tables = in.structure_map("RequestItems", "KeysAndAttributes");
  batch_get_item out;
  constraints inside; // of the tables, reported behind what is said of the map
  if (tables)
    for (const auto& [name, member] : *tables) {
      const auto path = "requestItems." + name + ".member.";
      auto& one = out.tables.emplace_back();
      auto called = as_table_name(name, from);
      one.table = std::move(*called.name);
      one.named = std::move(called.given);
      const auto keys = member.attribute_maps("Keys");
      one.attributes_to_get = member.texts("AttributesToGet");
      one.consistent = member.flag("ConsistentRead").value_or(false);
      one.expressions.projection = member.text("ProjectionExpression");
      one.expressions.names = member.text_map("ExpressionAttributeNames");
      inside.there(path + "keys", keys.has_value());
      if (keys) {
        inside.count(path + "keys", keys->size(), "[" + std::to_string(keys->size()) + " keys]", 1, gets_max);
        one.keys = *keys;
      }
      check_attributes_to_get(inside, path + "attributesToGet", one.attributes_to_get);
    }
  if (from.failed())
    return *from.take();

  constraints c;
  check_capacity(c, capacity);
  c.there("requestItems", tables.has_value());
  if (tables) {
    const auto shown = shown_tables(*tables, "com.amazonaws.dynamodb.v20120810.KeysAndAttributes");
    c.count("requestItems", tables->size(), shown, 1, gets_max);
    check_table_names(c, out.tables, shown);
  }
  c.append(inside);
  if (auto bad = c.result())
    return *bad;

  std::size_t total = 0;
  std::set<std::pair<std::string, std::string>> seen; // a table may be there twice, under its ARN, too
  for (auto& one : out.tables) {
    if (auto bad = check_together({{"ProjectionExpression", one.expressions.projection.has_value()}},
                                  {{"AttributesToGet", one.attributes_to_get.has_value()}}, one.expressions))
      return *bad;
    if (auto bad = check_duplicates(one.attributes_to_get))
      return *bad;
    for (auto& key : one.keys) {
      if (auto bad = make_canonical(key))
        return *bad;
      if (!seen.emplace(one.table, item::serialize(key)).second)
        return validation("Provided list of item keys contains duplicates");
      if (++total > gets_max)
        return validation("Too many items requested for the BatchGetItem call");
    }
  }
  out.capacity = capacity_of(capacity);
  return out;
}

outcome<batch_write_item> read_batch_write_item(const structure& in, reading& from) {
  const auto capacity = in.text("ReturnConsumedCapacity");
  const auto metrics = in.text("ReturnItemCollectionMetrics");
  const auto tables = in.structure_lists("RequestItems", "WriteRequest");
  batch_write_item out;
  constraints inside;
  bool neither_nor_both = false;
  if (tables)
    for (const auto& [name, requests] : *tables) {
      auto& one = out.tables.emplace_back();
      auto called = as_table_name(name, from);
      one.table = std::move(*called.name);
      one.named = std::move(called.given);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto path = "requestItems." + name + ".member." + std::to_string(i + 1) + ".member.";
        const auto remove = requests[i].inner("DeleteRequest", "DeleteRequest");
        const auto put = requests[i].inner("PutRequest", "PutRequest");
        neither_nor_both = neither_nor_both || remove.has_value() == put.has_value();
        auto content = remove ? remove->attributes("Key") : put ? put->attributes("Item") : std::nullopt;
        if (remove)
          inside.there(path + "deleteRequest.key", content.has_value());
        else if (put)
          inside.there(path + "putRequest.item", content.has_value());
        one.writes.push_back({remove.has_value(), content ? std::move(*content) : msg::AttributeMap()});
      }
    }
  if (from.failed())
    return *from.take();

  constraints c;
  check_capacity(c, capacity);
  check_collection_metrics(c, metrics);
  c.there("requestItems", tables.has_value());
  if (tables) {
    const auto shown = shown_tables(*tables, "[com.amazonaws.dynamodb.v20120810.WriteRequest]");
    c.count("requestItems", tables->size(), shown, 1, writes_max);
    check_table_names(c, out.tables, shown);
    for (const auto& [name, requests] : *tables)
      if (requests.empty() || requests.size() > writes_max)
        c.failed("requestItems", "'" + shown + "'",
                 "Map value must satisfy constraint: [Member must have length less than or equal to 25, "
                 "Member must "
                 "have length greater than or equal to 1]");
  }
  c.append(inside);
  if (auto bad = c.result())
    return *bad;

  if (neither_nor_both)
    return validation(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
        "supported datatypes");
  std::size_t total = 0;
  for (auto& one : out.tables)
    for (auto& write : one.writes) {
      if (auto bad = make_canonical(write.content))
        return *bad;
      if (!write.remove)
        if (auto bad = item::check_item_size(item::item_size(write.content)))
          return of_refusal(*bad);
      if (++total > writes_max)
        return validation("Too many items requested for the BatchWriteItem call");
    }
  out.capacity = capacity_of(capacity);
  out.collection_metrics = metrics == "SIZE";
  return out;
}

} // namespace troupe::api
