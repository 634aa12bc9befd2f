#include "actors/gateway/option_change.h"
#include "actors/gateway/api/table_reply.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/lookup.h"
#include <memory>

namespace troupe::gateway {

namespace {

constexpr int attempts_max = 5;

struct change {
  option_change wish;
  int attempts = 0;
  msg::AdminReply before;
};

void begin(backend& to, const call_ptr& c, const std::shared_ptr<change>& what);

void exchange(backend& to, const call_ptr& c, const std::shared_ptr<change>& what) {
  const auto& table = what->before.tables(0);
  auto after = table.options();
  if (auto bad = what->wish.make(what->before, after))
    return c->refuse(*bad);
  msg::AdminRequest ask;
  auto& update = *ask.mutable_update_table();
  update.set_name(table.name());
  update.set_id(table.id());
  *update.mutable_before() = table.options();
  *update.mutable_after() = std::move(after);
  to.submit(std::move(ask), [c, what, &to](const msg::AdminReply& reply) {
    if (reply.status().code() == msg::TABLE_IN_USE && what->attempts < attempts_max)
      return begin(to, c, what);
    if (reply.status().code() == msg::TABLE_NOT_FOUND)
      return c->refuse(what->wish.absent);
    if (reply.status().code() == msg::UNSUPPORTED && what->wish.unsupported)
      return c->refuse(what->wish.unsupported(reply.status().message()));
    if (reply.status().code() != msg::OK)
      return c->refuse(api::of_status(reply.status()));
    if (reply.tables_size() == 0)
      return c->refuse(api::internal());
    what->wish.done(*c, reply.tables(0), what->before);
  });
}

void begin(backend& to, const call_ptr& c, const std::shared_ptr<change>& what) {
  ++what->attempts;
  with_table(to, c, what->wish.table, what->wish.absent, [c, what, &to](const msg::AdminReply& reply) {
    const auto& table = reply.tables(0);
    if (api::state_of(table) != api::table_state::active)
      return c->refuse(api::resource_in_use(
          "Attempt to change a resource which is still in use: Table is being " +
          std::string(table.state() == msg::TABLE_CREATING ? "created: " : "deleted: ") + table.name()));
    what->before = reply;
    exchange(to, c, what);
  });
}

} // namespace

void change_options(backend& to, const call_ptr& c, option_change what) {
  auto made = std::make_shared<change>();
  made->wish = std::move(what);
  begin(to, c, made);
}

} // namespace troupe::gateway
