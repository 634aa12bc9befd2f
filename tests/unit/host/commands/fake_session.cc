#include "tests/unit/host/commands/fake_session.h"
#include "actors/core/expression/condition.h"
#include "actors/core/expression/update.h"
#include <algorithm>

namespace troupe::commands {

namespace {

template <class Reply>
Reply refused(msg::Code code, std::string why) {
  Reply reply;
  reply.mutable_status()->set_code(code);
  reply.mutable_status()->set_message(std::move(why));
  return reply;
}

} // namespace

msg::ItemReply fake_session::serve(const msg::ItemRequest& request) {
  if (c_.say) {
    msg::ItemReply reply;
    *reply.mutable_status() = *c_.say;
    return reply;
  }
  auto table = c_.tables.find(request.table());
  if (table == c_.tables.end())
    return refused<msg::ItemReply>(msg::TABLE_NOT_FOUND, request.table());
  const auto& keys = table->second.keys();
  auto& items = c_.items[request.table()];
  if (request.has_query()) {
    auto range = item::query_range(keys, request.query());
    return range ? page(request.table(), keys, *range, request.query())
                 : refused<msg::ItemReply>(msg::VALIDATION, range.why().message);
  }
  if (request.has_scan())
    return page(request.table(), keys, *item::scan_range(keys, 0, 1, request.scan().start_key()),
                request.scan());
  const auto& bytes = request.has_put()      ? request.put().item()
                      : request.has_get()    ? request.get().key()
                      : request.has_update() ? request.update().key()
                                             : request.delete_().key();
  auto attributes = item::parse_item(bytes);
  auto key =
      request.has_put() ? item::encode_key(keys, *attributes) : item::encode_exact_key(keys, *attributes);
  if (!key)
    return refused<msg::ItemReply>(msg::VALIDATION, key.why().message);
  auto it = items.find(*key);
  std::optional<std::string_view> before;
  if (it != items.end())
    before = it->second;
  msg::ItemReply reply;
  auto wants_old = request.has_get() || (request.has_put() && request.put().return_old()) ||
                   (request.has_delete_() && request.delete_().return_old());
  if (before && wants_old) {
    reply.set_found(true);
    reply.set_item(it->second);
  }
  if (request.has_get())
    return reply;
  const auto& condition = request.has_put() ? request.put().condition() : request.delete_().condition();
  const auto& expression = request.has_put()      ? request.put().expression()
                           : request.has_update() ? request.update().expression()
                                                  : request.delete_().expression();
  if (!*item::holds(condition, before) || !*expression::condition::make(expression)->holds(before)) {
    reply.mutable_status()->set_code(msg::CONDITION_FAILED);
    return reply;
  }
  if (request.has_update()) {
    auto old = item::parse_item(before.value_or(""));
    auto after =
        expression::update::make(request.update().update())->apply(before ? &*old : nullptr, *attributes);
    items[*key] = item::serialize(after->item);
    reply.set_found(request.update().returning() == msg::RETURN_NEW);
    reply.set_item(items[*key]);
    return reply;
  }
  if (request.has_put())
    items[*key] = bytes;
  else
    items.erase(*key);
  return reply;
}

template <class Asked>
msg::ItemReply fake_session::page(const std::string& table, const msg::KeySchema& keys,
                                  const item::key_range& range, const Asked& asked) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [key, bytes] : c_.items[table])
    if (range.contains(key))
      found.emplace_back(key, bytes);
  if constexpr (requires { asked.backward(); })
    if (asked.backward())
      std::reverse(found.begin(), found.end());
  auto most = c_.page_items;
  if (asked.limit() > 0)
    most = std::min<std::size_t>(most, asked.limit());
  auto filter = expression::condition::make(asked.filter());
  msg::ItemReply reply;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i == most) {
      reply.set_last_key(item::serialize(*item::decode_key(keys, found[i - 1].first)));
      break;
    }
    if (*filter->holds(std::string_view(found[i].second)))
      reply.add_items(found[i].second);
  }
  return reply;
}

msg::AdminReply fake_session::administer(const msg::AdminRequest& request) {
  if (c_.say) {
    msg::AdminReply reply;
    *reply.mutable_status() = *c_.say;
    return reply;
  }
  msg::AdminReply reply;
  switch (request.op_case()) {
  case msg::AdminRequest::kCreateTable: {
    const auto& wish = request.create_table();
    if (c_.tables.count(wish.name()) > 0)
      return refused<msg::AdminReply>(msg::TABLE_IN_USE, "Table already exists: " + wish.name());
    auto& table = c_.tables[wish.name()];
    table.set_name(wish.name());
    *table.mutable_keys() = wish.keys();
    table.set_state(msg::TABLE_CREATING);
    *reply.add_tables() = table;
    return reply;
  }
  case msg::AdminRequest::kDescribeTable: {
    auto it = c_.tables.find(request.describe_table().name());
    if (it == c_.tables.end())
      return refused<msg::AdminReply>(msg::TABLE_NOT_FOUND,
                                      "Table not found: " + request.describe_table().name());
    *reply.add_tables() = it->second;
    reply.mutable_figures()->set_items(1234);
    reply.mutable_figures()->set_bytes(5 << 20);
    auto& partition = *reply.add_partitions();
    partition.set_group(7);
    partition.set_to(std::string("\x80\0\0\0\0\0\0\0", 8));
    for (const auto* node : {"n1", "n2", "n3"})
      partition.mutable_configuration()->add_members()->set_node(node);
    it->second.set_state(msg::TABLE_ACTIVE); // by the time somebody looks again
    return reply;
  }
  case msg::AdminRequest::kListTables: {
    auto it = c_.tables.upper_bound(request.list_tables().after());
    for (int i = 0; i < 2 && it != c_.tables.end(); ++i, ++it)
      *reply.add_tables() = it->second;
    if (it != c_.tables.end())
      reply.set_last_name(reply.tables(1).name());
    return reply;
  }
  case msg::AdminRequest::kDeleteTable:
    if (c_.tables.erase(request.delete_table().name()) == 0)
      return refused<msg::AdminReply>(msg::TABLE_NOT_FOUND,
                                      "Table not found: " + request.delete_table().name());
    return reply;
  case msg::AdminRequest::kClusterStatus:
    reply = c_.cluster;
    if (!c_.clusters_after.empty()) {
      c_.cluster = c_.clusters_after.front();
      c_.clusters_after.pop_front();
    }
    return reply;
  default:
    return reply;
  }
}

} // namespace troupe::commands
