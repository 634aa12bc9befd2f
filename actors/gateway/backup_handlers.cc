// Backups: made, listed, described, deleted; and the switch of point-in-time recovery.
#include "actors/gateway/api/backup_reply.h"
#include "actors/gateway/api/backup_requests.h"
#include "actors/gateway/api/table_reply.h"
#include "actors/gateway/handlers.h"
#include "actors/gateway/lookup.h"
#include "actors/gateway/option_change.h"

namespace troupe::gateway {

namespace {

// The members that are the same for all of them; what is particular to an operation it says before.
api::error of_status(const msg::Status& status) {
  if (status.code() == msg::UNSUPPORTED)
    return api::backups_unavailable(status.message());
  return api::of_status(status);
}

std::string described(const msg::BackupRecord& backup, api::backup_state state) {
  api::writer w;
  w.object().key("BackupDescription");
  api::backup_description(w, backup, state);
  w.end_object();
  return w.take();
}

std::string described(const msg::TableOptions& options, std::int64_t now_ms, std::int64_t latest_ms) {
  api::writer w;
  w.object().key("ContinuousBackupsDescription");
  api::continuous_backups(w, options, now_ms, latest_ms);
  w.end_object();
  return w.take();
}

} // namespace

void create_backup(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_create_backup(in, from);
  if (!wish)
    return c->refuse(wish.why());
  msg::AdminRequest ask;
  ask.mutable_create_backup()->set_table(wish->table);
  ask.mutable_create_backup()->set_name(wish->name);
  to.submit(std::move(ask), [c, table = wish->table](const msg::AdminReply& reply) {
    if (reply.status().code() == msg::TABLE_NOT_FOUND)
      return c->refuse(api::table_not_found(table));
    if (reply.status().code() == msg::TABLE_IN_USE)
      return c->refuse(api::table_in_use(reply.status().message()));
    if (reply.status().code() != msg::OK)
      return c->refuse(of_status(reply.status()));
    if (reply.backups_size() == 0)
      return c->refuse(api::internal());
    api::writer w;
    w.object().key("BackupDetails");
    api::backup_details(w, reply.backups(0));
    w.end_object();
    c->answer(w.take());
  });
}

void describe_backup(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_named_backup(in, from);
  if (!wish)
    return c->refuse(wish.why());
  with_backup(to, c, wish->which,
              [c](const msg::BackupRecord& backup) { c->answer(described(backup, api::state_of(backup))); });
}

// Asked first for what the answer tells of it. When it is gone since then, this request has deleted it and
// the answer to an earlier attempt was lost, or another one has.
void delete_backup(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_named_backup(in, from);
  if (!wish)
    return c->refuse(wish.why());
  with_backup(to, c, wish->which, [c, &to](const msg::BackupRecord& backup) {
    msg::AdminRequest ask;
    ask.mutable_delete_backup()->set_id(backup.id());
    to.submit(std::move(ask), [c, backup](const msg::AdminReply& reply) {
      if (reply.status().code() == msg::TABLE_IN_USE)
        return c->refuse(api::backup_in_use());
      if (reply.status().code() != msg::OK && reply.status().code() != msg::TABLE_NOT_FOUND)
        return c->refuse(of_status(reply.status()));
      c->answer(described(backup, api::backup_state::deleted));
    });
  });
}

void list_backups(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_list_backups(in, from);
  if (!wish)
    return c->refuse(wish.why());
  if (wish->none)
    return c->answer(R"({"BackupSummaries":[]})");
  msg::AdminRequest ask;
  auto& list = *ask.mutable_list_backups();
  list.set_table(wish->table);
  list.set_limit(static_cast<std::uint32_t>(wish->limit));
  list.set_from_ms(wish->from_ms);
  list.set_before_ms(wish->before_ms);
  if (wish->after) {
    list.set_after(wish->after->id);
    list.set_after_ms(wish->after->made_ms);
  }
  to.submit(std::move(ask), [c](const msg::AdminReply& reply) {
    if (reply.status().code() != msg::OK)
      return c->refuse(of_status(reply.status()));
    api::writer w;
    w.object().key("BackupSummaries").array();
    for (const auto& backup : reply.backups())
      api::backup_summary(w, backup);
    w.end_array();
    if (reply.last_backup() != 0 && reply.backups_size() > 0)
      w.key("LastEvaluatedBackupArn").text(api::arn_of(*reply.backups().rbegin()));
    w.end_object();
    c->answer(w.take());
  });
}

void describe_continuous_backups(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_named_table(in, from);
  if (!wish)
    return c->refuse(wish.why());
  with_table(to, c, wish->table, api::table_not_found(wish->table), [c](const msg::AdminReply& reply) {
    c->answer(described(reply.tables(0).options(), reply.now_ms(), reply.restorable_ms()));
  });
}

// Recovery that is on already goes on: it still reaches back to when it was turned on first.
void update_continuous_backups(backend& to, call_ptr c, const api::structure& in, api::reading& from) {
  auto wish = api::read_update_continuous_backups(in, from);
  if (!wish)
    return c->refuse(wish.why());
  option_change what;
  what.table = wish->table;
  what.absent = api::table_not_found(wish->table);
  what.unsupported = api::backups_unavailable;
  what.make = [wish = *wish](const msg::AdminReply& before, msg::TableOptions& after) -> api::trouble {
    if (!wish.enabled) {
      after.clear_recovery_since_ms();
      after.clear_recovery_days();
      return std::nullopt;
    }
    if (after.recovery_since_ms() == 0)
      after.set_recovery_since_ms(before.now_ms());
    after.set_recovery_days(wish.days);
    return std::nullopt;
  };
  what.done = [](call& answer, const msg::TableRecord& table, const msg::AdminReply& before) {
    answer.answer(described(table.options(), before.now_ms(), before.restorable_ms()));
  };
  change_options(to, c, std::move(what));
}

} // namespace troupe::gateway
