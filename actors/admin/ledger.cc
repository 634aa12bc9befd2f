// What the admin asks of the metadata group and writes to it, one operation at a time.
#include "actors/admin/admin_state.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include "messages/status.h"
#include <algorithm>
#include <caf/all.hpp>
#include <utility>

namespace troupe::admin {

namespace {

constexpr std::int64_t answer_us = 2'000'000; // how long the metadata group may take
constexpr std::int64_t orders_every_us = 100'000;
constexpr std::int64_t retry_after_us = 100'000;
constexpr std::int64_t ask_leaders_every_us = 50'000;
constexpr std::int64_t ask_leader_every_us = 400'000; // the same one
constexpr std::size_t questions_kept = 32;      // for our own group, and for hand-overs that people ask for
constexpr std::int64_t look_again_us = 100'000; // at a change that could not be made yet
constexpr std::uint64_t page_bytes = limits::page_bytes / 2;

} // namespace

// What to do next. Called whenever something has happened; does nothing while an operation is under way.
void admin_state::advance() {
  if (busy_with != operation::none || now() < retry_us)
    return;
  bool must_look = probe_due || !readers.empty();
  if (now_is != stance::leading) {
    if (stale)
      load();
    else if (must_look)
      probe();
    return;
  }
  if (stale)
    return load();
  send_orders();
  ask_leaders();
  ask_archivers();
  // Readers and writers take turns, so that neither starves the other.
  if (must_look && last == operation::write)
    return probe();
  if (write_wish() || write_next())
    return;
  if (must_look)
    probe();
}

void admin_state::done() {
  last = busy_with;
  busy_with = operation::none;
}

void admin_state::ask(msg::ReplicaRequest request, answer_handler then) {
  ask(options.node, wire::metadata_group, std::move(request), std::move(then));
}

void admin_state::ask(const std::string& node, std::uint64_t group, msg::ReplicaRequest request,
                      answer_handler then) {
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, group);
  *parcel.mutable_from() = wire::address(msg::ROLE_ADMIN);
  parcel.set_id(asked.add(std::move(then), now() + answer_us));
  parcel.set_deadline_ms(answer_us / 1000);
  *parcel.mutable_replica_request() = std::move(request);
  post(node, std::move(parcel));
}

// --- probe: does the replica beside us lead, and which version is the newest?
// ---------------------------------

void admin_state::probe() {
  busy_with = operation::probe;
  probe_due = false;
  readers_probed.insert(readers_probed.end(), std::make_move_iterator(readers.begin()),
                        std::make_move_iterator(readers.end()));
  readers.clear();
  msg::ReplicaRequest request;
  request.mutable_read()->set_key(cluster_key());
  ask(std::move(request), [this](const msg::ReplicaReply& reply) { on_probe(reply); });
}

void admin_state::on_probe(const msg::ReplicaReply& reply) {
  if (reply.status().code() == msg::MOVED) {
    follow(reply.moved().leader_node());
    return look_at_follower();
  }
  done();
  if (!is_ok(reply.status()))
    return follow({});
  lead();
  if (!reply.found()) {
    write(plan_birth(random()), std::nullopt);
    return;
  }
  on_version(reply.item());
  if (!stale)
    answer_readers_probed();
  advance();
}

// The leader is elsewhere; the replica beside us still has records that are good enough for eventual answers.
void admin_state::look_at_follower() {
  msg::ReplicaRequest request;
  request.mutable_read()->set_key(cluster_key());
  request.mutable_read()->set_eventual(true);
  ask(std::move(request), [this](const msg::ReplicaReply& reply) {
    done();
    if (is_ok(reply.status()) && reply.found())
      on_version(reply.item());
    advance();
  });
}

void admin_state::on_version(const std::string& item) {
  auto cluster = decode_cluster(item);
  if (!cluster) {
    kit::log(kit::level::error, options.node, "admin", "the cluster record cannot be read");
    return;
  }
  // A follower's replica may lag behind what was read as the leader a moment ago: never go back.
  stale = cluster->version() > records.version() || cluster->id() != records.cluster().id();
}

// --- load: all records
// --------------------------------------------------------------------------------------

void admin_state::load() {
  busy_with = operation::load;
  meter->loads.Increment();
  rows.clear();
  load_from.clear();
  load_page();
}

void admin_state::load_page() {
  msg::ReplicaRequest request;
  auto& scan = *request.mutable_scan();
  scan.set_from(load_from);
  scan.set_page_bytes(page_bytes);
  scan.set_eventual(now_is != stance::leading);
  ask(std::move(request), [this](msg::ReplicaReply reply) { on_page(reply); });
}

void admin_state::on_page(msg::ReplicaReply& reply) {
  if (!is_ok(reply.status())) {
    done();
    return fail(reply, "read");
  }
  for (auto& row : *reply.mutable_records())
    rows.push_back(std::move(row));
  if (!reply.more())
    return check_loaded();
  load_from = reply.resume();
  load_page();
}

// Pages are read one after the other; they belong together only when the version is still that of the first.
void admin_state::check_loaded() {
  msg::ReplicaRequest request;
  request.mutable_read()->set_key(cluster_key());
  request.mutable_read()->set_eventual(now_is != stance::leading);
  ask(std::move(request), [this](const msg::ReplicaReply& reply) {
    done();
    if (!is_ok(reply.status()))
      return fail(reply, "read");
    memory loaded(rows);
    rows.clear();
    auto cluster = decode_cluster(reply.item());
    if (!cluster || cluster->version() != loaded.version())
      return; // still stale: again
    stale = false;
    if (loaded.unreadable() > 0)
      kit::log(kit::level::error, options.node, "admin",
               std::to_string(loaded.unreadable()) + " metadata records cannot be read");
    records = std::move(loaded);
    healing.everything_changed();
    answer_readers_probed();
    settle_outcomes();
    advance();
  });
}

// --- write: one change
// -----------------------------------------------------------------------------------------

decision admin_state::plan_of(const wish& of) {
  const auto& request = of.request;
  switch (request.op_case()) {
  case msg::AdminRequest::kCreateTable:
    return plan_create(view(), request.create_table(), request.id(), of.id, random());
  case msg::AdminRequest::kUpdateTable:
    return plan_update(view(), request.update_table());
  case msg::AdminRequest::kDeleteTable:
    return plan_delete(view(), request.delete_table(), request.id(), of.attempted ? of.id : 0);
  case msg::AdminRequest::kPauseHealing:
    return plan_pause(view(), request.pause_healing());
  case msg::AdminRequest::kDeleteBackup:
    return plan_delete_backup(view(), request.delete_backup(), of.attempted);
  case msg::AdminRequest::kCreateBackup:
    return plan_backup(view(), request.create_backup(), request.id(), of.id, of.heads);
  default:
    return plan_restore(view(), request.restore_table(), request.id(), of.id, random(), of.heads);
  }
}

// What was wanted is in the records, or on its way there. Tables are waited for: to be there, or gone.
void admin_state::answer_done(const wish& of) {
  const auto& request = of.request;
  if (request.has_update_table())
    return reply(of.who, table_reply(*records.table(request.update_table().name())));
  if (request.has_restore_table())
    return reply(of.who, table_reply(*records.table(request.restore_table().target())));
  if (request.has_create_backup())
    return reply(of.who, backup_reply(*backup_of(records, of.id, request.id())));
  if (request.has_delete_backup() || request.has_pause_healing()) {
    msg::AdminReply body;
    body.set_now_ms(options.clock->unix_ms());
    if (request.has_pause_healing() && records.cluster().has_healing_pause())
      *body.mutable_healing()->mutable_pause() = records.cluster().healing_pause();
    return reply(of.who, std::move(body));
  }
  bool deleting = request.has_delete_table();
  const auto& table_name = deleting ? request.delete_table().name() : request.create_table().name();
  const auto* table = records.table(table_name);
  outcomes.push_back({of.who, table_name, table ? table->id() : of.id, deleting});
  settle_outcomes();
}

// Takes the first wish that can be granted now. True when a write was started.
bool admin_state::write_wish() {
  for (std::size_t tried = wishes.size(); tried > 0; --tried) {
    auto next = std::move(wishes.front());
    wishes.pop_front();
    if (now() < std::min(next.look_us, next.who.until_us)) {
      wishes.push_back(std::move(next));
      continue;
    }
    auto planned = plan_of(next);
    switch (planned.what) {
    case decision::verdict::refuse:
      reply(next.who, refusal(planned.refusal.code(), planned.refusal.message()));
      break;
    case decision::verdict::wait:
      if (now() >= next.who.until_us) {
        reply(next.who, refusal(planned.refusal.code(), planned.refusal.message()));
        break;
      }
      next.look_us = now() + look_again_us;
      settle_heads(next, planned.heads);
      wishes.push_back(std::move(next));
      break;
    case decision::verdict::done:
      answer_done(next);
      break;
    case decision::verdict::write:
      if (!planned.write.tables.empty())
        next.id = planned.write.tables.front().id();
      write(std::move(planned.write), std::move(next));
      return true;
    }
  }
  return false;
}

bool admin_state::write_next() {
  auto next = plan_next(view(), random());
  if (!next && now() >= healing_us) {
    healing_us = now() + healing_book::plan_every_us;
    healing.hear(nodes, records);
    next = plan_healing(view(), healing);
  }
  if (next)
    write(std::move(*next), std::nullopt);
  return next.has_value();
}

void admin_state::write(change what, std::optional<wish> of) {
  busy_with = operation::write;
  msg::ReplicaRequest request;
  request.mutable_id()->set_client(client_id);
  request.mutable_id()->set_sequence(++sequence);
  *request.mutable_write() = to_write(what);
  ask(std::move(request), [this, what = std::move(what), of = std::move(of)](const msg::ReplicaReply& reply) {
    on_written(reply, what, of);
  });
}

void admin_state::on_written(const msg::ReplicaReply& reply, const change& what, std::optional<wish> of) {
  done();
  auto code = reply.status().code();
  if (code == msg::OK) {
    meter->changes.Increment();
    if (what.cluster.version() == 1)
      stale = true; // memory begins with a load
    else
      take_over(what);
    for (const auto& partition : what.partitions)
      if (!partition.why().empty())
        kit::log(kit::level::info, options.node, "admin",
                 "group " + std::to_string(partition.group()) + ": " + partition.why() +
                     (partition.has_target() ? "; changing its members" : ""));
    if (of && of->request.has_pause_healing()) {
      const auto& order = of->request.pause_healing();
      kit::log(kit::level::warning, options.node, "admin",
               "healing " + std::string(order.resume() ? "goes on" : "is stopped") + ", by " + order.who() +
                   (order.why().empty() ? "" : ": " + order.why()));
    }
    if (of && of->request.delete_table().unrestorable() != 0)
      kit::log(kit::level::warning, options.node, "admin",
               "table " + of->request.delete_table().name() +
                   " cannot be restored, and is deleted: " + of->request.delete_table().why());
    for (const auto& table : what.tables)
      kit::log(kit::level::info, options.node, "admin",
               "table " + table.name() + " is " + msg::TableState_Name(table.state()));
    for (const auto& backup : what.backups)
      kit::log(kit::level::info, options.node, "admin",
               "backup " + backup.name() + " of table " + backup.table().name() +
                   (backup.available() ? " is there" : " is being made"));
  } else {
    // Moved on, or not known: look at what is there now and plan again. A write that takes effect later after
    // all has its condition on the version it was planned on, so it and its successor exclude each other.
    if (code == msg::CONDITION_FAILED)
      meter->conflicts.Increment();
    stale = true;
  }
  if (of) {
    of->attempted = of->attempted || code != msg::MOVED;
    wishes.push_front(std::move(*of)); // planned again it is found done, or still to do
  }
  if (code != msg::OK && code != msg::CONDITION_FAILED)
    fail(reply, "written");
  advance();
}

// The change is in the group: now it is in memory, too.
void admin_state::take_over(const change& what) {
  for (const auto& partition : what.partitions) {
    const auto* before = records.partition(partition.group());
    meter->membership_changes.Increment(before &&
                                        before->configuration().epoch() < partition.configuration().epoch());
    healing.changed(partition.group());
  }
  for (const auto& table : what.tables)
    for (auto group : records.groups_of(table.id()))
      healing.changed(group);
  for (auto group : what.removed_groups)
    healing.changed(group);
  records.apply(what);
}

// --- leading and following
// ----------------------------------------------------------------------------------------

void admin_state::lead() {
  leader_node = options.node;
  if (now_is == stance::leading)
    return;
  now_is = stance::leading;
  leading_us = now();
  nodes.clear();
  healing.clear();
  ordered_version = 0;
  archived.clear();
  kit::log(kit::level::info, options.node, "admin", "leads the metadata");
}

void admin_state::follow(const std::string& leader) {
  bool led = now_is == stance::leading;
  now_is = leader.empty() ? stance::unknown : stance::following;
  leader_node = leader;
  if (led)
    kit::log(kit::level::info, options.node, "admin",
             leader.empty() ? "leads the metadata no more" : "follows the metadata leader on " + leader);
  release_waiters();
}

// An operation did not work. The next tick looks again; while still stale, it loads again.
void admin_state::fail(const msg::ReplicaReply& reply, const char* what) {
  if (reply.status().code() == msg::MOVED)
    return follow(reply.moved().leader_node());
  retry_us = now() + retry_after_us;
  kit::log(kit::level::warning, options.node, "admin",
           std::string("metadata was not ") + what + ": " + msg::Code_Name(reply.status().code()) + " " +
               reply.status().message());
}

void admin_state::send_orders() {
  if (ordered_version == records.version() || now() - orders_us < orders_every_us)
    return;
  auto before = std::exchange(ordered_version, records.version());
  orders_us = now();
  for (const auto& [node, page] : nodes.pages())
    if (nodes.alive(node, now()) && records.changed_on(node) > before) {
      msg::Parcel parcel;
      *parcel.mutable_to() = wire::address(msg::ROLE_AGENT);
      *parcel.mutable_from() = wire::address(msg::ROLE_ADMIN);
      *parcel.mutable_node_orders() = orders_unasked(records, nodes, healing, node);
      post(node, std::move(parcel));
    }
}

// The leaders of groups whose change is due. Asked again until the change is there: they propose it once.
void admin_state::ask_leaders() {
  if (now() < asking_us || now() < leading_us + limits::node_alive_ms * 1000 / 4)
    return;
  asking_us = now() + ask_leaders_every_us;
  for (auto& order : healing_orders(view(), healing)) {
    auto& asked_us = healing.of(order.group).asked_us;
    if (asked.size() + questions_kept >= questions_max ||
        (asked_us != 0 && now() - asked_us < ask_leader_every_us))
      continue;
    asked_us = now();
    ask(order.node, order.group, std::move(order.request),
        [this, group = order.group](const msg::ReplicaReply& reply) {
          healing.of(group).asked_us = 0;
          msg::Configuration committed;
          if (!is_ok(reply.status()) || !committed.ParseFromString(reply.configuration()) ||
              committed.epoch() == 0) {
            healing.of(group).asked_us = now() - ask_leader_every_us / 2;
            return;
          }
          nodes.note_committed(group, committed);
        });
  }
}

void admin_state::post(std::string node, msg::Parcel parcel) {
  wire::outbox out;
  out.push_back({std::move(node), std::move(parcel)});
  self->send(options.peers, std::move(out));
}

} // namespace troupe::admin
