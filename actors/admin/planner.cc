#include "actors/admin/planner.h"
#include "actors/admin/backups.h"
#include "actors/admin/planning.h"
#include "actors/core/item/key.h"
#include "actors/core/placement/placement.h"
#include "actors/wire/mail.h"
#include "config/limits.h"
#include "messages/status.h"
#include <algorithm>

namespace troupe::admin {

namespace {

std::vector<placement::node> candidates(const outlook& view) {
  std::vector<placement::node> result;
  for (const auto& [name, page] : view.nodes.pages()) {
    if (!page.head.storage())
      continue;
    placement::node one;
    one.name = name;
    one.zone = page.head.zone();
    one.alive = view.nodes.alive(name, view.now_us) && !page.head.full();
    one.replicas = static_cast<std::uint32_t>(view.records.groups_on(name).size());
    one.leaders = view.records.preferred_on(name);
    one.free_bytes = page.head.disk_free_bytes();
    one.disk = page.head.disk();
    result.push_back(std::move(one));
  }
  return result;
}

// The partitions of a table that are not there yet: groups are given in the order of the ranges, so they are
// the last ones.
std::optional<change> carry_on_creating(const outlook& view, const msg::TableRecord& table,
                                        std::uint64_t seed) {
  const auto& groups = view.records.groups_of(table.id());
  auto next = begin_change(view.records);
  if (groups.size() < table.initial_partitions()) {
    if (view.too_early_to_place())
      return std::nullopt;
    if (!add_partitions(next, view, table, ranges_of(table), groups.size(), seed).empty())
      return std::nullopt; // until there are nodes enough
    return next;
  }
  auto served = [&](std::uint64_t group) { return view.nodes.server_of(group) != nullptr; };
  if (!std::all_of(groups.begin(), groups.end(), served))
    return std::nullopt;
  if (table.has_restore())
    return carry_on_restoring(view, table);
  next.tables.push_back(table);
  next.tables.back().set_state(msg::TABLE_ACTIVE);
  return next;
}

// A node that is away is not waited for: when it comes back and tells of replicas whose groups have no
// record, it is told to drop them (orders.h).
bool still_held(const outlook& view, std::uint64_t group) {
  for (const auto& member : view.records.partition(group)->configuration().members()) {
    bool listen = view.nodes.alive(member.node(), view.now_us) || view.patient();
    if (listen && view.nodes.may_hold(member.node(), group))
      return true;
  }
  return false;
}

std::optional<change> carry_on_deleting(const outlook& view, const msg::TableRecord& table) {
  const auto& groups = view.records.groups_of(table.id());
  for (auto group : groups)
    if (still_held(view, group))
      return std::nullopt;
  auto next = begin_change(view.records);
  for (auto group : groups) {
    if (next.removed_groups.size() == change_records)
      return next;
    next.removed_groups.push_back(group);
  }
  next.removed_tables.push_back(table.name());
  return next;
}

std::optional<change> introduce_nodes(const outlook& view) {
  auto next = begin_change(view.records);
  for (const auto& [name, page] : view.nodes.pages()) {
    msg::NodeRecord now;
    now.set_name(name);
    now.set_zone(page.head.zone());
    now.set_disk(page.head.disk());
    now.set_address(page.head.address());
    auto known = view.records.nodes().find(name);
    bool same = known != view.records.nodes().end() && known->second.zone() == now.zone() &&
                known->second.disk() == now.disk() && known->second.address() == now.address();
    if (!same)
      next.nodes.push_back(std::move(now));
  }
  return next.nodes.empty() ? std::nullopt : std::optional(std::move(next));
}

} // namespace

decision refuse(msg::Code code, std::string why) {
  return {decision::verdict::refuse, {}, make_status(code, std::move(why))};
}

decision await(std::string why) {
  return {decision::verdict::wait, {}, make_status(msg::UNAVAILABLE, std::move(why))};
}

change begin_change(const memory& records) {
  change next;
  next.cluster = records.cluster();
  next.cluster.set_version(records.version() + 1);
  return next;
}

bool same_request(const msg::RequestId& a, const msg::RequestId& b) {
  return a.sequence() != 0 && a.client() == b.client() && a.sequence() == b.sequence();
}

decision refuse_unsettled(const msg::TableRecord& table) {
  std::string why = "Attempt to change a resource which is still in use: Table is being ";
  why += table.state() == msg::TABLE_CREATING ? "created: " : "deleted: ";
  why += table.name();
  return refuse(msg::TABLE_IN_USE, std::move(why));
}

std::vector<item::key_range> ranges_of(const msg::TableRecord& table) {
  if (!table.has_restore())
    return item::even_ranges(table.initial_partitions());
  std::vector<item::key_range> ranges;
  for (const auto& part : table.restore().parts())
    ranges.push_back({part.from(), part.to()});
  return ranges;
}

std::string add_partitions(change& next, const outlook& view, const msg::TableRecord& table,
                           const std::vector<item::key_range>& ranges, std::size_t first,
                           std::uint64_t seed) {
  auto count = std::min(ranges.size() - first, change_records);
  placement::request wish;
  wish.partitions = count;
  wish.seed = seed;
  wish.min_free_bytes = view.min_free_bytes;
  auto plan = placement::place_groups(candidates(view), wish);
  if (!plan.refused.empty())
    return plan.refused;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count && bytes < change_bytes; ++i) {
    auto& partition = next.partitions.emplace_back();
    partition.set_group(next.cluster.next_group());
    partition.set_table_id(table.id());
    partition.set_table(table.name());
    partition.set_from(ranges[first + i].from);
    partition.set_to(ranges[first + i].to);
    *partition.mutable_configuration() = placement::initial_configuration(plan.groups[i]);
    if (table.options().local_indexes_size() > 0) {
      auto& indexes = *partition.mutable_local_indexes();
      *indexes.mutable_keys() = table.keys();
      *indexes.mutable_indexes() = table.options().local_indexes();
    }
    if (table.has_restore()) {
      const auto& from = table.restore();
      const auto& part = from.parts(static_cast<int>(first + i));
      auto& restore = *partition.mutable_restore();
      restore.set_table_id(from.table_id());
      restore.set_group(part.group());
      restore.set_time_ms(from.time_ms());
      restore.set_last(from.backup() != 0 ? part.last() : 0);
    }
    next.cluster.set_next_group(next.cluster.next_group() + 1);
    bytes += partition.ByteSizeLong();
  }
  return {};
}

decision make_table(const outlook& view, msg::TableRecord table, std::uint64_t seed) {
  if (view.too_early_to_place())
    return await("not all nodes have answered the metadata leader yet");
  decision result;
  table.set_state(msg::TABLE_CREATING);
  table.set_created_ms(view.now_ms);
  result.write = begin_change(view.records);
  auto refused = add_partitions(result.write, view, table, ranges_of(table), 0, seed);
  if (!refused.empty())
    return refuse(msg::UNAVAILABLE, refused);
  result.write.tables.push_back(std::move(table));
  result.what = decision::verdict::write;
  return result;
}

bool outlook::too_early_to_place() const {
  auto silent = [&](const std::string& node) { return !nodes.alive(node, now_us); };
  return patient() && std::any_of(storage_nodes.begin(), storage_nodes.end(), silent);
}

std::optional<msg::Status> check_table_name(const std::string& name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  if (name.size() < limits::table_name_min || name.size() > limits::table_name_max)
    return make_status(msg::VALIDATION, "TableName must be at least " +
                                            std::to_string(limits::table_name_min) +
                                            " characters long and at most " +
                                            std::to_string(limits::table_name_max) + " characters long");
  if (!std::all_of(name.begin(), name.end(), allowed))
    return make_status(msg::VALIDATION, "TableName may hold a-z, A-Z, 0-9, '_', '-' and '.' only");
  return std::nullopt;
}

decision plan_create(const outlook& view, const msg::CreateTable& wish, const msg::RequestId& creator,
                     std::uint64_t table_id, std::uint64_t seed) {
  if (auto wrong = check_table_name(wish.name()))
    return {decision::verdict::refuse, {}, *wrong};
  if (auto wrong = item::check_schema(wish.keys()))
    return {decision::verdict::refuse, {}, wrong->status()};
  if (wish.options().local_indexes_size() > 0 && !wish.keys().has_sort())
    return refuse(msg::VALIDATION, "local indexes need a table with a sort key");
  if (wish.partitions() > limits::initial_partitions)
    return refuse(msg::VALIDATION, "a table starts with at most " +
                                       std::to_string(limits::initial_partitions) + " partitions");
  if (const auto* there = view.records.table(wish.name())) {
    if (there->id() == table_id || same_request(there->creator(), creator))
      return {decision::verdict::done, {}, {}};
    if (there->state() != msg::TABLE_ACTIVE)
      return refuse_unsettled(*there);
    return refuse(msg::TABLE_IN_USE, "Table already exists: " + wish.name());
  }
  msg::TableRecord table;
  table.set_name(wish.name());
  table.set_id(table_id);
  *table.mutable_keys() = wish.keys();
  table.set_initial_partitions(std::max(wish.partitions(), 1u));
  if (wish.has_options())
    *table.mutable_options() = wish.options();
  if (creator.sequence() != 0)
    *table.mutable_creator() = creator;
  return make_table(view, std::move(table), seed);
}

decision plan_delete(const outlook& view, const msg::DeleteTable& wish, const msg::RequestId& deleter,
                     std::uint64_t table_id) {
  if (auto wrong = check_table_name(wish.name()))
    return {decision::verdict::refuse, {}, *wrong};
  const auto* there = view.records.table(wish.name());
  bool meant = there && (table_id == 0 || there->id() == table_id) &&
               (wish.unrestorable() == 0 || there->id() == wish.unrestorable());
  if (!meant && table_id != 0)
    return {decision::verdict::done, {}, {}}; // what the first attempt meant is gone
  if (!meant)
    return refuse(msg::TABLE_NOT_FOUND, "there is no table " + wish.name());
  bool ours = table_id != 0 || same_request(there->deleter(), deleter);
  if (there->state() == msg::TABLE_DELETING && ours)
    return {decision::verdict::done, {}, {}};
  // What cannot be restored is deleted.
  bool given_up = there->state() == msg::TABLE_CREATING && there->has_restore();
  if (there->state() != msg::TABLE_ACTIVE && !given_up)
    return refuse_unsettled(*there);
  if (wish.unrestorable() != 0 && !given_up)
    return refuse(msg::TABLE_IN_USE, "Table has been restored: " + wish.name());
  if (auto why = needed_for(view.records, *there); !why.empty())
    return refuse(msg::TABLE_IN_USE, "Attempt to change a resource which is still in use: Table is being " +
                                         why + ": " + there->name());
  if (there->options().deletion_protection())
    return refuse(msg::VALIDATION,
                  "Resource cannot be deleted as it is currently protected against deletion. Disable "
                  "deletion protection first.");
  decision result;
  result.what = decision::verdict::write;
  result.write = begin_change(view.records);
  result.write.tables.push_back(*there);
  result.write.tables.back().set_state(msg::TABLE_DELETING);
  if (deleter.sequence() != 0)
    *result.write.tables.back().mutable_deleter() = deleter;
  return result;
}

decision plan_update(const outlook& view, const msg::UpdateTable& wish) {
  const auto* there = view.records.table(wish.name());
  if (!there || there->id() != wish.id())
    return refuse(msg::TABLE_NOT_FOUND, "there is no table " + wish.name());
  const auto now = there->options().SerializeAsString();
  if (now == wish.after().SerializeAsString())
    return {decision::verdict::done, {}, {}};
  if (there->state() != msg::TABLE_ACTIVE)
    return refuse_unsettled(*there);
  if (now != wish.before().SerializeAsString())
    return refuse(msg::TABLE_IN_USE,
                  "Attempt to change a resource which is still in use: Table is being updated: " +
                      wish.name());
  const bool turned_on = wish.before().recovery_since_ms() == 0 && wish.after().recovery_since_ms() != 0;
  if (turned_on)
    if (auto why = in_the_way_of_promises(view, *there))
      return *why;
  decision result;
  result.what = decision::verdict::write;
  result.write = begin_change(view.records);
  result.write.tables.push_back(*there);
  *result.write.tables.back().mutable_options() = wish.after();
  return result;
}

decision plan_pause(const outlook& view, const msg::PauseHealing& wish) {
  if (wish.who().size() > limits::remark_bytes || wish.why().size() > limits::remark_bytes)
    return refuse(msg::VALIDATION,
                  "who and why may have " + std::to_string(limits::remark_bytes) + " bytes each");
  const auto& cluster = view.records.cluster();
  const auto& now = cluster.healing_pause();
  bool same = wish.resume()
                  ? !cluster.has_healing_pause()
                  : cluster.has_healing_pause() && now.who() == wish.who() && now.why() == wish.why();
  if (same)
    return {decision::verdict::done, {}, {}};
  decision result;
  result.what = decision::verdict::write;
  result.write = begin_change(view.records);
  if (wish.resume()) {
    result.write.cluster.clear_healing_pause();
    return result;
  }
  auto& pause = *result.write.cluster.mutable_healing_pause();
  if (pause.since_ms() == 0)
    pause.set_since_ms(view.now_ms);
  pause.set_who(wish.who());
  pause.set_why(wish.why());
  return result;
}

std::optional<change> plan_next(const outlook& view, std::uint64_t seed) {
  for (const auto& name : view.records.unsettled()) {
    const auto& table = *view.records.table(name);
    auto next = table.state() == msg::TABLE_DELETING ? carry_on_deleting(view, table)
                                                     : carry_on_creating(view, table, seed);
    if (next)
      return next;
  }
  if (auto next = carry_on_backups(view))
    return next;
  return introduce_nodes(view);
}

msg::TableFigures figures_of(const outlook& view, const msg::TableRecord& table) {
  msg::TableFigures sum;
  for (auto group : view.records.groups_of(table.id())) {
    const auto* known = view.nodes.newest_of(group);
    if (!known) {
      sum.set_unknown(sum.unknown() + 1);
      continue;
    }
    sum.set_items(sum.items() + known->items());
    sum.set_bytes(sum.bytes() + known->item_sizes());
    for (int i = 0; i < known->local_indexes_size(); ++i) {
      auto& index = i < sum.local_indexes_size() ? *sum.mutable_local_indexes(i) : *sum.add_local_indexes();
      index.set_items(index.items() + known->local_indexes(i).items());
      index.set_bytes(index.bytes() + known->local_indexes(i).bytes());
    }
  }
  return sum;
}

change plan_birth(std::uint64_t cluster_id) {
  change first;
  first.cluster.set_id(cluster_id);
  first.cluster.set_version(1);
  first.cluster.set_next_group(wire::metadata_group + 1);
  return first;
}

} // namespace troupe::admin
