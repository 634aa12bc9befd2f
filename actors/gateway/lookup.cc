#include "actors/gateway/lookup.h"
#include "actors/gateway/api/backup_reply.h"

namespace troupe::gateway {

void with_table(backend& to, const call_ptr& c, const std::string& name, api::error absent, use_table use) {
  msg::AdminRequest ask;
  ask.mutable_describe_table()->set_name(name);
  to.submit(std::move(ask),
            [c, absent = std::move(absent), use = std::move(use)](const msg::AdminReply& reply) {
              if (reply.status().code() == msg::TABLE_NOT_FOUND)
                return c->refuse(absent);
              if (reply.status().code() != msg::OK)
                return c->refuse(api::of_status(reply.status()));
              if (reply.tables_size() == 0)
                return c->refuse(api::internal());
              use(reply);
            });
}

void with_backup(backend& to, const call_ptr& c, const api::backup_place& which, use_backup use) {
  if (which.id == 0)
    return c->refuse(api::backup_not_found(which.arn));
  msg::AdminRequest ask;
  ask.mutable_describe_backup()->set_id(which.id);
  to.submit(std::move(ask), [c, which, use = std::move(use)](const msg::AdminReply& reply) {
    if (reply.status().code() == msg::TABLE_NOT_FOUND)
      return c->refuse(api::backup_not_found(which.arn));
    if (reply.status().code() != msg::OK)
      return c->refuse(api::of_status(reply.status()));
    if (reply.backups_size() == 0)
      return c->refuse(api::internal());
    const auto& backup = reply.backups(0);
    if (backup.created_ms() != which.made_ms || backup.table().name() != which.table)
      return c->refuse(api::backup_not_found(which.arn));
    use(backup);
  });
}

} // namespace troupe::gateway
