// BatchGetItem and BatchWriteItem: single requests that are under way together. What the cluster could not do
// just now comes back as unprocessed, for the client to send again; DynamoDB promises no more.
#include "actors/core/item/json.h"
#include "actors/core/item/key.h"
#include "actors/core/item/local_indexes.h"
#include "actors/core/item/value.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/item_answers.h"
#include "actors/gateway/key_paths.h"
#include "config/limits.h"
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace troupe::gateway {

namespace {

constexpr std::size_t answer_bytes = 16 * limits::page_bytes; // of all items of one BatchGetItem

// It had no effect, and may have one when it is sent again.
bool may_come_again(msg::Code code) {
  return code == msg::OVERLOADED || code == msg::UNAVAILABLE || code == msg::STORAGE_FULL;
}

// The requests of one batch. The last answer to come says all of it.
struct batch {
  call_ptr c;
  std::vector<std::string> tables; // of each request, as the client called them
  std::vector<msg::ItemReply> replies;
  std::size_t missing = 0;
  std::mutex lock;
  std::function<void(batch&)> say;
};

void send(backend& to, const std::shared_ptr<batch>& all, std::vector<msg::ItemRequest> requests) {
  all->missing = requests.size();
  all->replies.resize(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    to.submit(std::move(requests[i]), [all, i](msg::ItemReply reply) {
      std::unique_lock guard(all->lock);
      all->replies[i] = std::move(reply);
      if (--all->missing > 0)
        return;
      guard.unlock();
      all->say(*all);
    });
}

// The first refusal that is for the whole batch, unless every one of them can be sent again. When none got
// through, that is the answer, as in DynamoDB.
api::trouble trouble_of(const batch& all) {
  std::size_t later = 0;
  for (auto& reply : all.replies) {
    if (reply.status().code() == msg::OK)
      continue;
    if (!may_come_again(reply.status().code()))
      return api::of_status(reply.status());
    ++later;
  }
  if (later == all.replies.size())
    return api::of_status(all.replies.front().status());
  return std::nullopt;
}

void capacities(api::writer& w, api::capacity_report wish, const std::map<std::string, table_cost>& costs) {
  if (wish == api::capacity_report::none)
    return;
  w.key("ConsumedCapacity").array();
  for (auto& [table, cost] : costs)
    write_capacity(w, wish, table, cost);
  w.end_array();
}

// How a table was asked about, to say again what is left of it.
struct asked_table {
  projected part;
  bool consistent = false;
  std::string more; // JSON of its other parameters, each with a comma in front
};

} // namespace

void batch_get_item(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_batch_get_item(in, from);
  if (!wish)
    return c->refuse(wish.why());
  auto asked = std::make_shared<std::map<std::string, asked_table>>();
  auto requests = std::make_shared<std::vector<msg::ItemRequest>>();
  auto all = std::make_shared<batch>();
  std::vector<projected_table> nested;
  for (auto& table : wish->tables) {
    auto& about = (*asked)[table.named];
    about.consistent = table.consistent;
    if (table.consistent)
      about.more += ",\"ConsistentRead\":true";
    api::writer again;
    if (table.expressions.projection)
      about.more += again.object()
                        .key("ProjectionExpression")
                        .text(*table.expressions.projection)
                        .take()
                        .replace(0, 1, ",");
    if (table.expressions.names) {
      api::writer names;
      names.object().key("ExpressionAttributeNames").object();
      for (auto& [name, attribute] : *table.expressions.names)
        names.key(name).text(attribute);
      about.more += names.end_object().take().replace(0, 1, ",");
    }
    if (table.attributes_to_get) {
      api::writer names;
      names.object().key("AttributesToGet").array();
      for (auto& name : *table.attributes_to_get)
        names.text(name);
      about.more += names.end_array().take().replace(0, 1, ",");
    }
    auto part = read_projection(table.expressions, table.attributes_to_get);
    if (!part)
      return c->refuse(part.why());
    about.part = std::move(*part);
    nested.push_back({table.table, about.part.nested});
    for (auto& key : table.keys) {
      all->tables.push_back(table.named);
      auto& one = requests->emplace_back();
      one.set_table(table.table);
      one.mutable_get()->set_key(item::serialize(key));
      one.mutable_get()->set_eventual(!table.consistent);
    }
  }
  auto keys = std::make_shared<std::vector<std::string>>();
  for (auto& request : *requests)
    keys->push_back(request.get().key());
  all->c = c;
  all->say = [asked, keys, capacity = wish->capacity](batch& got) {
    if (auto why = trouble_of(got))
      return got.c->refuse(*why);
    std::map<std::string, table_cost> costs;
    std::map<std::string, std::string> found, unprocessed; // JSON of the lists' insides
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < got.replies.size(); ++i) {
      auto& table = got.tables[i];
      auto& about = asked->at(table);
      auto& reply = got.replies[i];
      found.try_emplace(table);
      const bool is_there = reply.status().code() == msg::OK && reply.found();
      msg::AttributeMap one;
      if (is_there && !item::parse_item_into(one, reply.item()))
        return got.c->refuse(api::internal());
      const std::size_t size = is_there ? item::item_size(one) : 0;
      if (reply.status().code() != msg::OK || bytes + size > answer_bytes) {
        auto key = item::parse_item((*keys)[i]);
        if (!key)
          return got.c->refuse(api::internal());
        auto& list = unprocessed[table];
        list += (list.empty() ? "" : ",") + item::write_json(*key);
        continue;
      }
      bytes += size;
      if (is_there) {
        auto& list = found[table];
        list += (list.empty() ? "" : ",") + item::write_json(about.part.of(std::move(one)));
      }
      costs[table].table += units_of(size, read_unit_bytes) * (about.consistent ? 2 : 1);
    }
    api::writer w;
    w.object().key("Responses").object();
    for (auto& [table, list] : found)
      w.key(table).json("[" + list + "]");
    w.end_object().key("UnprocessedKeys").object();
    for (auto& [table, list] : unprocessed)
      w.key(table).json("{\"Keys\":[" + list + "]" + asked->at(table).more + "}");
    w.end_object();
    capacities(w, capacity, costs);
    w.end_object();
    got.c->answer(w.take());
  };
  with_scalar_keys(to, c, std::move(nested), [&to, all, requests] { send(to, all, std::move(*requests)); });
}

namespace {

// The schemas of the tables that a batch writes to are needed to see that no item is in it twice. The node's
// router has them at hand; they may be those of tables that have been deleted and made anew, so the first
// refusal that could come from that makes it look at the newest, once.
struct schemas {
  msg::DescribeTable::Source source = msg::DescribeTable::ROUTER;
  std::map<std::string, msg::TableRecord> known;
  api::trouble why;
  std::size_t missing = 0;
  std::mutex lock;
};

using batch_write_ptr = std::shared_ptr<const api::batch_write_item>;

void begin_writes(backend& to, const call_ptr& c, const batch_write_ptr& wish,
                  msg::DescribeTable::Source source);

// Nothing of the batch has been done under this schema, or what has been may be done again.
void refuse_or_look_again(backend& to, const call_ptr& c, const batch_write_ptr& wish, const schemas& of,
                          const api::error& why) {
  if (of.source == msg::DescribeTable::CHECKED)
    return c->refuse(why);
  begin_writes(to, c, wish, msg::DescribeTable::CHECKED);
}

bool names_another_table(const batch& got) {
  return std::any_of(got.replies.begin(), got.replies.end(),
                     [](auto& reply) { return reply.status().code() == msg::TABLE_NOT_FOUND; });
}

// The key of an item that is put. In a batch DynamoDB says of a key attribute that is missing, or of another
// type, what it says of keys elsewhere, and not what PutItem says.
item::result<std::string> key_in(const msg::KeySchema& schema, const msg::AttributeMap& item) {
  msg::AttributeMap key;
  for (const auto& attribute : item.attributes())
    if (attribute.name() == schema.partition().name() ||
        (schema.has_sort() && attribute.name() == schema.sort().name()))
      *key.add_attributes() = attribute;
  return item::encode_exact_key(schema, key);
}

void write_all(backend& to, const call_ptr& c, const batch_write_ptr& wish,
               const std::shared_ptr<const schemas>& of) {
  std::vector<msg::ItemRequest> requests;
  std::set<std::pair<std::string, std::string>> keys;
  auto all = std::make_shared<batch>();
  const bool sizes = wish->capacity != api::capacity_report::none;
  for (auto& table : wish->tables) {
    auto& record = of->known.at(table.table);
    for (auto& write : table.writes) {
      auto key = write.remove ? item::encode_exact_key(record.keys(), write.content)
                              : key_in(record.keys(), write.content);
      if (!key)
        return refuse_or_look_again(to, c, wish, *of, api::of_refusal(key.why()));
      if (!keys.emplace(table.table, *key).second)
        return refuse_or_look_again(to, c, wish, *of,
                                    api::validation("Provided list of item keys contains duplicates"));
      all->tables.push_back(table.named);
      auto& one = requests.emplace_back();
      one.set_table(table.table);
      one.set_table_id(record.id());
      one.set_tell_index_units(sizes);
      one.set_tell_collection(wish->collection_metrics);
      if (write.remove) {
        one.mutable_delete_()->set_key(item::serialize(write.content));
        one.mutable_delete_()->set_tell_bytes(sizes);
      } else {
        one.mutable_put()->set_item(item::serialize(write.content));
        one.mutable_put()->set_tell_bytes(sizes);
        if (auto bad = item::check_index_keys(record.options().local_indexes(), one.put().item()))
          return refuse_or_look_again(to, c, wish, *of, api::of_refusal(*bad));
      }
    }
  }
  auto sent = std::make_shared<std::vector<msg::ItemRequest>>(requests);
  all->c = c;
  all->say = [sent, wish, of, &to](batch& got) {
    if (auto why = trouble_of(got))
      return names_another_table(got) ? refuse_or_look_again(to, got.c, wish, *of, *why)
                                      : got.c->refuse(*why);
    std::map<std::string, table_cost> costs;
    std::map<std::string, std::map<std::string, std::string>> collections; // table -> key -> JSON
    std::map<std::string, std::string> unprocessed;
    for (std::size_t i = 0; i < got.replies.size(); ++i) {
      auto& request = (*sent)[i];
      auto& reply = got.replies[i];
      auto& table = got.tables[i];
      auto content = item::parse_item(request.has_put() ? request.put().item() : request.delete_().key());
      if (!content)
        return got.c->refuse(api::internal());
      if (reply.status().code() != msg::OK) {
        auto& list = unprocessed[table];
        list += std::string(list.empty() ? "" : ",") +
                (request.has_put() ? "{\"PutRequest\":{\"Item\":" : "{\"DeleteRequest\":{\"Key\":") +
                item::write_json(*content) + "}}";
        continue;
      }
      auto bytes =
          std::max<std::size_t>(request.has_put() ? item::item_size(*content) : 0, reply.old_bytes());
      costs[table].add_write(units_of(bytes, write_unit_bytes), reply);
      if (tells_collection(reply)) {
        api::writer one;
        write_collection(one, reply);
        collections[table][reply.collection_key()] = one.take();
      }
    }
    api::writer w;
    w.object().key("UnprocessedItems").object();
    for (auto& [table, list] : unprocessed)
      w.key(table).json("[" + list + "]");
    w.end_object();
    capacities(w, wish->capacity, costs);
    if (!collections.empty()) {
      w.key("ItemCollectionMetrics").object();
      for (auto& [table, all_of_it] : collections) {
        w.key(table).array();
        for (auto& [key, json] : all_of_it)
          w.json(json);
        w.end_array();
      }
      w.end_object();
    }
    w.end_object();
    got.c->answer(w.take());
  };
  send(to, all, std::move(requests));
}

void begin_writes(backend& to, const call_ptr& c, const batch_write_ptr& wish,
                  msg::DescribeTable::Source source) {
  auto of = std::make_shared<schemas>();
  of->source = source;
  of->missing = wish->tables.size();
  for (auto& table : wish->tables) {
    msg::AdminRequest ask;
    ask.mutable_describe_table()->set_name(table.table);
    ask.mutable_describe_table()->set_source(source);
    to.submit(std::move(ask), [&to, c, wish, of, name = table.table](const msg::AdminReply& reply) {
      std::unique_lock guard(of->lock);
      if (reply.status().code() != msg::OK || reply.tables_size() == 0)
        of->why = api::of_status(reply.status());
      else
        of->known[name] = reply.tables(0);
      if (--of->missing > 0)
        return;
      guard.unlock();
      if (of->why)
        return c->refuse(*of->why);
      write_all(to, c, wish, of);
    });
  }
}

} // namespace

void batch_write_item(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto read = api::read_batch_write_item(in, from);
  if (!read)
    return c->refuse(read.why());
  auto wish = std::make_shared<const api::batch_write_item>(std::move(*read));
  begin_writes(to, c, wish, msg::DescribeTable::ROUTER);
}

} // namespace troupe::gateway
