// Tables made from backups, and from other tables as they were at a time.
#include "actors/gateway/api/backup_reply.h"
#include "actors/gateway/api/backup_requests.h"
#include "actors/gateway/api/table_reply.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/lookup.h"
#include <algorithm>

namespace troupe::gateway {

namespace {

constexpr std::int64_t second_ms = 1000; // what RestoreDateTime is told in

// What the cluster makes of it, when the source was there a moment ago.
void order(backend& to, const call_ptr& c, msg::RestoreTable wish, const api::error& absent) {
  msg::AdminRequest ask;
  const auto target = wish.target();
  *ask.mutable_restore_table() = std::move(wish);
  to.submit(std::move(ask), [c, target, absent](const msg::AdminReply& reply) {
    switch (reply.status().code()) {
    case msg::OK:
      break;
    case msg::TABLE_EXISTS:
      return c->refuse(api::table_already_exists(target));
    case msg::TABLE_IN_USE: // the target comes or goes, or the source does by now
      return c->refuse(api::table_in_use(reply.status().message()));
    case msg::TABLE_NOT_FOUND:
      return c->refuse(absent);
    case msg::UNSUPPORTED:
      return c->refuse(api::backups_unavailable(reply.status().message()));
    default:
      return c->refuse(api::of_status(reply.status()));
    }
    if (reply.tables_size() == 0)
      return c->refuse(api::internal());
    api::writer w;
    w.object().key("TableDescription");
    api::describe(w, reply.tables(0), api::table_state::creating);
    w.end_object();
    c->answer(w.take());
  });
}

} // namespace

void restore_table_from_backup(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_restore_from_backup(in, from);
  if (!wish)
    return c->refuse(wish.why());
  with_backup(to, c, wish->source, [c, &to, wish = *wish](const msg::BackupRecord& backup) {
    if (!backup.available())
      return c->refuse(api::backup_in_use());
    auto options = api::options_of(backup.table(), wish.otherwise);
    if (!options)
      return c->refuse(options.why());
    msg::RestoreTable order_of;
    order_of.set_target(wish.target);
    order_of.set_backup(backup.id());
    *order_of.mutable_options() = std::move(*options);
    order(to, c, std::move(order_of), api::backup_not_found(wish.source.arn));
  });
}

void restore_table_to_point_in_time(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_restore_to_time(in, from);
  if (!wish)
    return c->refuse(wish.why());
  with_table(to, c, wish->table, api::table_not_found(wish->table),
             [c, &to, wish = *wish](const msg::AdminReply& reply) {
               const auto& table = reply.tables(0);
               if (api::state_of(table) != api::table_state::active)
                 return c->refuse(api::table_in_use("Table is being created or deleted: " + wish.table));
               if (table.options().recovery_since_ms() == 0)
                 return c->refuse(api::recovery_unavailable(wish.table));
               const auto first_ms = api::earliest_restorable(table.options(), reply.now_ms());
               if (wish.time_ms &&
                   (*wish.time_ms < first_ms / second_ms * second_ms || *wish.time_ms > reply.now_ms()))
                 return c->refuse(api::invalid_restore_time());
               auto options = api::options_of(table, wish.otherwise);
               if (!options)
                 return c->refuse(options.why());
               msg::RestoreTable order_of;
               order_of.set_target(wish.target);
               order_of.set_table(table.name());
               order_of.set_table_id(table.id());
               order_of.set_time_ms(wish.time_ms ? std::max(*wish.time_ms, table.created_ms()) : 0);
               *order_of.mutable_options() = std::move(*options);
               order(to, c, std::move(order_of), api::table_not_found(wish.table));
             });
}

} // namespace troupe::gateway
