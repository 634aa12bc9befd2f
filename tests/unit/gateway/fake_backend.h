// A cluster of one map, which answers at once or when it is told to.
#pragma once
#include "actors/core/expression/condition.h"
#include "actors/core/expression/update.h"
#include "actors/core/item/key.h"
#include "actors/core/item/value.h"
#include "actors/gateway/backend.h"
#include "messages/status.h"
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace troupe::gateway::test {

class fake_backend final : public backend {
public:
  void submit(msg::ItemRequest request, std::function<void(msg::ItemReply)> done) override {
    std::unique_lock guard(lock_);
    const auto why = refuse ? refuse : refuse_item ? refuse_item(request) : std::nullopt;
    if (why) {
      msg::ItemReply reply;
      *reply.mutable_status() = *why;
      guard.unlock();
      return done(std::move(reply));
    }
    auto reply = say_item ? say_item(request) : answer(request);
    guard.unlock();
    done(std::move(reply));
  }

  void submit(msg::AdminRequest request, std::function<void(msg::AdminReply)> done) override {
    std::unique_lock guard(lock_);
    msg::AdminReply reply;
    if (refuse)
      *reply.mutable_status() = *refuse;
    else
      reply = answer(request);
    if (auto other = say_admin ? say_admin(request) : std::nullopt; other && !refuse)
      reply = std::move(*other);
    guard.unlock();
    done(std::move(reply));
  }

  bool ready() const override { return is_ready; }

  std::optional<msg::Status> refuse;                                              // everything, with this
  std::function<std::optional<msg::Status>(const msg::ItemRequest&)> refuse_item; // some requests for items
  std::function<msg::ItemReply(const msg::ItemRequest&)> say_item; // in place of what the map would say
  // In place of what is said otherwise; nothing: that.
  std::function<std::optional<msg::AdminReply>(const msg::AdminRequest&)> say_admin;
  bool is_ready = true;
  int conflicts = 0; // UpdateTable is refused that many times
  std::map<std::string, msg::TableRecord> tables;
  std::optional<std::map<std::string, msg::TableRecord>> old_map; // what routers know when it is not `tables`
  std::map<msg::DescribeTable::Source, int> described;            // how often
  msg::TableFigures figures;
  std::int64_t now_ms = 1'700'000'500'000;                         // by the metadata leader's clock
  std::map<std::string, std::map<std::string, std::string>> items; // by table, then encoded key

private:
  static msg::AdminReply said(msg::Code code, const std::string& why = "why") {
    msg::AdminReply reply;
    *reply.mutable_status() = make_status(code, why);
    return reply;
  }

  msg::AdminReply answer(const msg::AdminRequest& request) {
    msg::AdminReply reply;
    if (request.has_create_table()) {
      const auto& wish = request.create_table();
      if (tables.contains(wish.name()))
        return said(msg::TABLE_IN_USE, "Table already exists: " + wish.name());
      auto& t = tables[wish.name()];
      t.set_name(wish.name());
      t.set_id(tables.size());
      *t.mutable_keys() = wish.keys();
      *t.mutable_options() = wish.options();
      t.set_state(msg::TABLE_ACTIVE);
      t.set_created_ms(1700000000000);
      *reply.add_tables() = t;
    } else if (request.has_describe_table()) {
      const auto& asked = request.describe_table();
      ++described[asked.source()];
      const auto& seen = asked.source() == msg::DescribeTable::ROUTER && old_map ? *old_map : tables;
      const auto it = seen.find(asked.name());
      if (it == seen.end())
        return said(msg::TABLE_NOT_FOUND);
      *reply.add_tables() = it->second;
      reply.set_now_ms(now_ms);
      if (asked.source() == msg::DescribeTable::NEWEST)
        *reply.mutable_figures() = figures;
    } else if (request.has_delete_table()) {
      auto it = tables.find(request.delete_table().name());
      if (it == tables.end())
        return said(msg::TABLE_NOT_FOUND);
      if (it->second.state() != msg::TABLE_ACTIVE)
        return said(msg::TABLE_IN_USE, "it is coming or going");
      if (it->second.options().deletion_protection())
        return said(msg::VALIDATION,
                    "Resource cannot be deleted as it is currently protected against deletion. "
                    "Disable deletion protection first.");
      tables.erase(it);
    } else if (request.has_list_tables()) {
      auto it = tables.upper_bound(request.list_tables().after());
      for (; it != tables.end() && reply.tables_size() < static_cast<int>(request.list_tables().limit());
           ++it)
        *reply.add_tables() = it->second;
      if (it != tables.end())
        reply.set_last_name(reply.tables().rbegin()->name());
    } else if (request.has_update_table()) {
      const auto& wish = request.update_table();
      auto& t = tables[wish.name()];
      if (conflicts-- > 0 || t.options().SerializeAsString() != wish.before().SerializeAsString())
        return said(msg::TABLE_IN_USE);
      *t.mutable_options() = wish.after();
      *reply.add_tables() = t;
    }
    return reply;
  }

  msg::ItemReply answer(const msg::ItemRequest& request) {
    msg::ItemReply reply;
    const auto table = tables.find(request.table());
    if (table == tables.end() || (request.table_id() != 0 && request.table_id() != table->second.id())) {
      *reply.mutable_status() = make_status(msg::TABLE_NOT_FOUND, "why");
      return reply;
    }
    const auto& keys = table->second.keys();
    const auto bytes = request.has_put()       ? request.put().item()
                       : request.has_delete_() ? request.delete_().key()
                       : request.has_update()  ? request.update().key()
                                               : request.get().key();
    const auto map = item::parse_item(bytes);
    const auto key = request.has_put() ? item::encode_key(keys, *map) : item::encode_exact_key(keys, *map);
    if (!key) {
      *reply.mutable_status() = key.why().status();
      return reply;
    }
    auto& content = items[request.table()];
    const auto it = content.find(*key);
    std::optional<msg::AttributeMap> old;
    if (it != content.end())
      old = *item::parse_item(it->second);
    const auto& expression = request.has_put()       ? request.put().expression()
                             : request.has_delete_() ? request.delete_().expression()
                                                     : request.update().expression();
    if (!expression::condition::make(expression)->holds(old ? &*old : nullptr)) {
      *reply.mutable_status() = make_status(msg::CONDITION_FAILED, "The conditional request failed");
      const bool tells = request.put().return_old() || request.delete_().return_old() ||
                         request.put().return_old_on_refusal() || request.delete_().return_old_on_refusal() ||
                         request.update().return_old_on_refusal();
      reply.set_found(old && tells);
      if (reply.found())
        reply.set_item(it->second);
      return reply;
    }
    if (request.has_update())
      return update(request.update(), old, *map, [&](std::string item) { content[*key] = std::move(item); });
    const bool wants_old = request.has_get() || request.put().return_old() || request.delete_().return_old();
    if (it != content.end() && wants_old) {
      reply.set_found(true);
      reply.set_item(it->second);
    }
    if (old && (request.put().tell_bytes() || request.delete_().tell_bytes()))
      reply.set_old_bytes(item::item_size(*old));
    if (request.has_put())
      content[*key] = bytes;
    else if (request.has_delete_())
      content.erase(*key);
    return reply;
  }

  static msg::ItemReply update(const msg::UpdateItem& wish, const std::optional<msg::AttributeMap>& old,
                               const msg::AttributeMap& key, const std::function<void(std::string)>& store) {
    msg::ItemReply reply;
    const auto update = expression::update::make(wish.update());
    const auto after = update->apply(old ? &*old : nullptr, key);
    if (!after) {
      *reply.mutable_status() = after.why().status();
      return reply;
    }
    store(item::serialize(after->item));
    const msg::AttributeMap none;
    msg::AttributeMap told;
    if (wish.returning() == msg::RETURN_OLD)
      told = old.value_or(none);
    if (wish.returning() == msg::RETURN_UPDATED_OLD)
      told = update->touched(old.value_or(none));
    if (wish.returning() == msg::RETURN_NEW)
      told = after->item;
    if (wish.returning() == msg::RETURN_UPDATED_NEW)
      told = update->touched(after->item);
    reply.set_found(told.attributes_size() > 0);
    reply.set_item(item::serialize(told));
    reply.set_old_bytes(old ? item::item_size(*old) : 0);
    reply.set_new_bytes(item::item_size(after->item));
    return reply;
  }

  std::mutex lock_;
};

} // namespace troupe::gateway::test
