#include "actors/admin/backups.h"
#include "actors/admin/planning.h"
#include "config/limits.h"
#include "messages/status.h"
#include <algorithm>
#include <variant>

namespace troupe::admin {

namespace {

// Moments are enough. After that something is wrong with the archive, perhaps for good, and who asks for the
// end of a backup, which holds its table, knows that.
constexpr std::int64_t makes_within_ms = 15 * 60'000;

decision no_archive() {
  return refuse(msg::UNSUPPORTED, "the cluster has no archive");
}

decision planned() {
  decision result;
  result.what = decision::verdict::write;
  return result;
}

// What lacks before the ends of all of the table's logs are known, if anything does.
std::optional<decision> await_heads(const memory& records, const msg::TableRecord& table,
                                    const log_heads& heads) {
  auto waits = await("not all of the table's partitions have a leader that says how far its log goes");
  for (auto group : records.groups_of(table.id()))
    if (heads.count(group) == 0)
      waits.heads.push_back(group);
  return waits.heads.empty() ? std::nullopt : std::optional(std::move(waits));
}

// Of the table's partitions, in the order of their ranges. All heads are known.
std::vector<msg::ArchivedPart> parts_of(const memory& records, const msg::TableRecord& table,
                                        const log_heads& heads) {
  std::vector<msg::ArchivedPart> parts;
  for (auto group : records.groups_of(table.id())) {
    const auto& partition = *records.partition(group);
    auto& part = parts.emplace_back();
    part.set_group(group);
    part.set_from(partition.from());
    part.set_to(partition.to());
    part.set_last(heads.at(group));
  }
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.from() < b.from(); });
  return parts;
}

// Made from a table as it is, whose log has to be archived first.
bool of_a_live_log(const msg::Restore& from) {
  return from.backup() == 0;
}

// That are still being made: one that was given up, or was restored long ago, and is deleted is none.
bool is_restoring(const msg::TableRecord& table) {
  return table.state() == msg::TABLE_CREATING && table.has_restore();
}

std::size_t restoring(const memory& records) {
  return static_cast<std::size_t>(
      std::count_if(records.unsettled().begin(), records.unsettled().end(),
                    [&](const auto& name) { return is_restoring(*records.table(name)); }));
}

// Once that was said, it stays true, whoever leads since.
bool is_restored(const node_book& nodes, std::uint64_t group) {
  const auto& holders = nodes.holders(group);
  return std::any_of(holders.begin(), holders.end(), [&](const auto& node) {
    const auto* page = nodes.find(node);
    auto it =
        page ? page->replicas.find(group) : std::map<std::uint64_t, msg::ReplicaReport>::const_iterator();
    return page && it != page->replicas.end() && it->second.restored();
  });
}

struct source {
  msg::TableRecord table;
  msg::Restore from;
};

// Where the items come from, or why not, or not yet.
std::variant<source, decision> source_of(const outlook& view, const msg::RestoreTable& wish,
                                         const log_heads& heads) {
  source found;
  if (wish.backup() != 0) {
    const auto* backup = view.records.backup(wish.backup());
    if (!backup)
      return refuse(msg::TABLE_NOT_FOUND, "there is no such backup");
    if (!backup->available())
      return refuse(msg::TABLE_IN_USE, "the backup is being made");
    found.table = backup->table();
    found.from.set_backup(backup->id());
    found.from.set_as_of_ms(backup->created_ms());
    *found.from.mutable_parts() = backup->parts();
  } else {
    const auto* table = view.records.table(wish.table());
    if (!table || (wish.table_id() != 0 && table->id() != wish.table_id()))
      return refuse(msg::TABLE_NOT_FOUND, "there is no table " + wish.table());
    if (table->state() != msg::TABLE_ACTIVE)
      return refuse_unsettled(*table);
    if (wish.time_ms() != 0 && (wish.time_ms() < table->created_ms() || wish.time_ms() > view.now_ms))
      return refuse(msg::VALIDATION, "the table was not there at that time, or the time has not come yet");
    if (auto why = in_the_way_of_promises(view, *table))
      return *why;
    if (auto lacking = await_heads(view.records, *table, heads))
      return *lacking;
    auto parts = parts_of(view.records, *table, heads);
    found.table = *table;
    found.from.set_time_ms(wish.time_ms());
    found.from.set_as_of_ms(wish.time_ms() != 0 ? wish.time_ms() : view.now_ms);
    found.from.mutable_parts()->Assign(parts.begin(), parts.end());
  }
  found.from.set_table_id(found.table.id());
  found.from.set_table(found.table.name());
  return found;
}

} // namespace

std::optional<decision> in_the_way_of_promises(const outlook& view, const msg::TableRecord& table) {
  if (!view.heal.archive)
    return no_archive();
  bool unseen = false;
  for (auto group : view.records.groups_of(table.id())) {
    const auto* said = view.nodes.newest_of(group);
    auto reach = said ? said->archive().reach() : msg::ArchiveProgress::UNSEEN;
    if (reach == msg::ArchiveProgress::GAP)
      return refuse(msg::UNSUPPORTED, "what was written before there was an archive is not in it yet");
    unseen = unseen || reach != msg::ArchiveProgress::WHOLE;
  }
  return unseen ? std::optional(await("nobody has seen yet whether the archive holds all of the table"))
                : std::nullopt;
}

const msg::BackupRecord* backup_of(const memory& records, std::uint64_t id, const msg::RequestId& creator) {
  if (const auto* ours = records.backup(id))
    return ours;
  for (const auto& [place, backup] : records.backups())
    if (same_request(backup.creator(), creator))
      return &backup;
  return nullptr;
}

decision plan_backup(const outlook& view, const msg::CreateBackup& wish, const msg::RequestId& creator,
                     std::uint64_t id, const log_heads& heads) {
  if (!view.heal.archive)
    return no_archive();
  if (auto wrong = check_table_name(wish.table()))
    return {decision::verdict::refuse, {}, *wrong};
  if (backup_of(view.records, id, creator))
    return {decision::verdict::done, {}, {}};
  const auto* table = view.records.table(wish.table());
  if (!table)
    return refuse(msg::TABLE_NOT_FOUND, "there is no table " + wish.table());
  if (table->state() != msg::TABLE_ACTIVE)
    return refuse_unsettled(*table);
  if (view.records.backups().size() >= limits::backups)
    return refuse(msg::LIMIT_EXCEEDED, "there are as many backups as there may be");
  if (view.records.unfinished_backups().size() >= limits::backups_at_once)
    return refuse(msg::LIMIT_EXCEEDED, "too many backups are being made");
  if (view.records.backup_parts() + view.records.groups_of(table->id()).size() > limits::backup_parts)
    return refuse(msg::LIMIT_EXCEEDED, "the backups that there are have as many partitions as they may");
  if (auto why = in_the_way_of_promises(view, *table))
    return *why;
  if (auto lacking = await_heads(view.records, *table, heads))
    return *lacking;
  auto parts = parts_of(view.records, *table, heads);
  auto result = planned();
  result.write = begin_change(view.records);
  auto& backup = result.write.backups.emplace_back();
  backup.set_id(id);
  backup.set_name(wish.name());
  backup.set_created_ms(view.now_ms);
  *backup.mutable_table() = *table;
  backup.mutable_table()->clear_restore();
  backup.mutable_table()->clear_creator();
  backup.mutable_parts()->Assign(parts.begin(), parts.end());
  *backup.mutable_figures() = figures_of(view, *table);
  if (creator.sequence() != 0)
    *backup.mutable_creator() = creator;
  return result;
}

decision plan_delete_backup(const outlook& view, const msg::DeleteBackup& wish, bool attempted) {
  const auto* backup = view.records.backup(wish.id());
  if (!backup)
    return attempted ? decision{decision::verdict::done, {}, {}}
                     : refuse(msg::TABLE_NOT_FOUND, "there is no such backup");
  if (!backup->available() && view.heal.archive && view.now_ms < backup->created_ms() + makes_within_ms)
    return refuse(msg::TABLE_IN_USE, "the backup is being made");
  auto result = planned();
  result.write = begin_change(view.records);
  result.write.removed_backups.push_back(wish.id());
  return result;
}

decision plan_restore(const outlook& view, const msg::RestoreTable& wish, const msg::RequestId& creator,
                      std::uint64_t table_id, std::uint64_t seed, const log_heads& heads) {
  if (!view.heal.archive)
    return no_archive();
  if (auto wrong = check_table_name(wish.target()))
    return {decision::verdict::refuse, {}, *wrong};
  if (const auto* there = view.records.table(wish.target())) {
    if (there->id() == table_id || same_request(there->creator(), creator))
      return {decision::verdict::done, {}, {}};
    if (there->state() != msg::TABLE_ACTIVE)
      return refuse_unsettled(*there);
    return refuse(msg::TABLE_EXISTS, "Table already exists: " + wish.target());
  }
  if (restoring(view.records) >= limits::restores_at_once)
    return refuse(msg::LIMIT_EXCEEDED, "too many tables are being restored");
  auto found = source_of(view, wish, heads);
  if (auto* not_so = std::get_if<decision>(&found))
    return *not_so;
  auto& from = std::get<source>(found);
  msg::TableRecord table;
  table.set_name(wish.target());
  table.set_id(table_id);
  *table.mutable_keys() = from.table.keys();
  table.set_initial_partitions(static_cast<std::uint32_t>(from.from.parts_size()));
  auto& options = *table.mutable_options();
  options = wish.has_options() ? wish.options() : from.table.options();
  options.clear_tags();
  options.clear_deletion_protection();
  options.clear_recovery_since_ms();
  options.clear_recovery_days();
  if (creator.sequence() != 0)
    *table.mutable_creator() = creator;
  *table.mutable_restore() = std::move(from.from);
  return make_table(view, std::move(table), seed);
}

std::optional<change> carry_on_backups(const outlook& view) {
  if (!view.archived)
    return std::nullopt;
  for (auto id : view.records.unfinished_backups()) {
    const auto& backup = *view.records.backup(id);
    auto there = std::all_of(backup.parts().begin(), backup.parts().end(), [&](const auto& part) {
      return view.archived->holds(part.group(), part.last());
    });
    if (!there)
      continue;
    auto next = begin_change(view.records);
    next.backups.push_back(backup);
    next.backups.back().set_available(true);
    return next;
  }
  return std::nullopt;
}

std::optional<change> carry_on_restoring(const outlook& view, const msg::TableRecord& table) {
  const auto& from = table.restore();
  auto next = begin_change(view.records);
  bool done = true;
  int at = 0;
  std::size_t bytes = 0;
  for (auto group : view.records.groups_of(table.id())) {
    const auto& partition = *view.records.partition(group);
    const auto& part = from.parts(at++);
    done = done && partition.restore().done();
    auto changed = partition.restore();
    if (changed.last() == 0 && view.archived && view.archived->holds(part.group(), part.last()))
      changed.set_last(part.last());
    else if (changed.last() != 0 && !changed.done() && is_restored(view.nodes, group))
      changed.set_done(true);
    else
      continue;
    if (next.partitions.size() >= change_records || bytes >= change_bytes)
      continue; // with the next change
    next.partitions.push_back(partition);
    *next.partitions.back().mutable_restore() = std::move(changed);
    bytes += partition.ByteSizeLong();
  }
  if (!next.partitions.empty())
    return next;
  if (!done)
    return std::nullopt;
  next.tables.push_back(table);
  next.tables.back().set_state(msg::TABLE_ACTIVE);
  next.tables.back().mutable_restore()->set_done(true);
  next.tables.back().mutable_restore()->clear_parts();
  return next;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> wanted_of_archive(const memory& records) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> wanted;
  for (auto id : records.unfinished_backups())
    for (const auto& part : records.backup(id)->parts())
      wanted.emplace_back(part.group(), part.last());
  for (const auto& name : records.unsettled()) {
    const auto& table = *records.table(name);
    if (!is_restoring(table) || !of_a_live_log(table.restore()))
      continue;
    int at = 0;
    for (auto group : records.groups_of(table.id())) {
      const auto& part = table.restore().parts(at++);
      if (records.partition(group)->restore().last() == 0)
        wanted.emplace_back(part.group(), part.last());
    }
  }
  return wanted;
}

std::string needed_for(const memory& records, const msg::TableRecord& table) {
  for (auto id : records.unfinished_backups())
    if (records.backup(id)->table().id() == table.id())
      return "backed up";
  for (const auto& name : records.unsettled()) {
    const auto& made = *records.table(name);
    if (!is_restoring(made) || !of_a_live_log(made.restore()) || made.restore().table_id() != table.id())
      continue;
    const auto& groups = records.groups_of(made.id());
    auto waits = [&](std::uint64_t group) { return records.partition(group)->restore().last() == 0; };
    if (groups.size() < made.initial_partitions() || std::any_of(groups.begin(), groups.end(), waits))
      return "restored to another table";
  }
  return {};
}

msg::AdminReply list_of(const memory& records, const msg::ListBackups& wish) {
  auto limit = wish.limit() == 0 ? limits::list_page : std::min(wish.limit(), limits::list_page);
  msg::AdminReply body;
  auto it = wish.after() == 0
                ? records.backups().lower_bound({wish.from_ms(), 0})
                : records.backups().upper_bound(std::max(memory::backup_place{wish.after_ms(), wish.after()},
                                                         memory::backup_place{wish.from_ms(), 0}));
  auto meant = [&](const msg::BackupRecord& one) {
    return wish.table().empty() || one.table().name() == wish.table();
  };
  for (; it != records.backups().end(); ++it) {
    const auto& one = it->second;
    if (wish.before_ms() != 0 && one.created_ms() >= wish.before_ms())
      break;
    if (!meant(one))
      continue;
    if (body.backups_size() == static_cast<int>(limit)) {
      body.set_last_backup(body.backups().rbegin()->id());
      break;
    }
    auto& shown = *body.add_backups();
    shown = one;
    shown.clear_parts();
  }
  return body;
}

// Whatever is written gets into the archive within moments of being wanted there, unless something is wrong
// with it.
std::int64_t restorable_until(const outlook& view, const msg::TableRecord& table) {
  if (!view.heal.archive)
    return 0;
  auto until = view.now_ms;
  for (auto group : view.records.groups_of(table.id())) {
    const auto* said = view.nodes.newest_of(group);
    if (said && !said->archive().alarm().empty() && said->archive().behind_since_ms() != 0)
      until = std::min(until, said->archive().behind_since_ms());
  }
  return std::max(until, table.created_ms());
}

} // namespace troupe::admin
