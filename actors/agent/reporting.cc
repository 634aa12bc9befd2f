// What the metadata leader hears of this node, and what it orders.
#include "actors/agent/agent_state.h"
#include "actors/kit/log.h"
#include "messages/status.h"
#include "storage/disk_space.h"
#include <algorithm>
#include <caf/all.hpp>
#include <filesystem>

namespace troupe::agent {

namespace {

constexpr std::int64_t report_every_us = 500'000;
constexpr std::int64_t report_news_us = 40'000;    // news does not wait for the next regular report
constexpr std::int64_t report_lost_us = 1'000'000; // no answer for so long: try somebody else
constexpr std::int64_t look_at_space_us = 2'000'000;
constexpr std::size_t ask_at_least = 16; // replicas per tick; and a twentieth of them, so all within 10 s
constexpr std::int64_t ask_watched_us = 500'000;

std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (std::filesystem::recursive_directory_iterator it(directory, ignored), end; it != end;
       it.increment(ignored)) {
    auto size = it->is_regular_file(ignored) ? it->file_size(ignored) : 0;
    if (size != static_cast<std::uintmax_t>(-1)) // a file that has just gone
      bytes += size;
  }
  return bytes;
}

bool settled_in(const msg::ReplicaReport& report) {
  if (report.growth_total() > 0)
    return false; // people watch it
  return !report.trouble().empty() || (report.leads() ? report.serving() : report.leader() != 0);
}

// A leader that misses a member: how long it has been away decides what is done, so what is told must be
// fresh.
bool watched_in(const msg::ReplicaReport& report) {
  return std::any_of(report.members().begin(), report.members().end(),
                     [](const auto& member) { return member.silent() || !member.level(); });
}

} // namespace

// Those whose state is changing at every tick, leaders that miss a member twice a second, the others in
// turns: a thousand idle replicas are asked within ten seconds, at a tenth of a percent of a core.
void agent_state::ask_replicas() {
  if (residents.empty())
    return;
  for (auto& [group, one] : residents)
    if (!one.settled || (one.watched && now() - one.asked_us >= ask_watched_us))
      ask(group, one);
  auto turn = std::max(ask_at_least, residents.size() / 20);
  auto it = residents.upper_bound(ask_after);
  for (std::size_t i = 0; i < std::min(turn, residents.size()); ++i, ++it) {
    if (it == residents.end())
      it = residents.begin();
    ask(it->first, it->second);
    ask_after = it->first;
  }
}

void agent_state::ask(std::uint64_t group, resident& one) {
  if (!one.actor || one.asked || one.dropping)
    return;
  one.asked = true;
  one.asked_us = now();
  auto id = one.actor.id();
  // Local, and an end of the replica is an answer, too: no timeout.
  self->request(one.actor, caf::infinite, wire::report_atom::value)
      .then(
          [this, group, id](const msg::ReplicaReport& report) {
            if (auto it = residents.find(group); it != residents.end() && it->second.actor.id() == id)
              on_replica_report(group, report);
          },
          [](const caf::error&) {});
}

void agent_state::on_replica_report(std::uint64_t group, const msg::ReplicaReport& report) {
  auto& one = residents[group];
  one.asked = false;
  news = book.note(report) || news;
  bool trouble = !report.trouble().empty();
  // One that has read its log and waits for the others' help has started.
  if (trouble || report.epoch() > 0 || report.last_index() > 0) {
    started(one);
    start_next();
  }
  one.settled = settled_in(report) && (!one.restore || one.restore->done()); // somebody waits for it
  // Who asks for a backup of it waits to hear of it.
  auto unseen = options.archiver && report.archive().reach() == msg::ArchiveProgress::UNSEEN;
  one.watched = watched_in(report) || (unseen && report.leads());
  // One that is damaged waits to be replaced: started again it would find the same.
  if (trouble && report.damage().empty() && one.restart_us == 0 && !one.dropping)
    schedule_restart(group, one);
  if (one.grow && one.actor && !trouble && report.kind() == msg::LOG_REPLICA && !report.grown())
    self->send(one.actor, wire::grow_atom::value);
  // A configuration means that the protocol runs, and it runs only after the log holds the member.
  if (!trouble && report.epoch() > 0) {
    one.failures = 0;
    logged.insert(group);
    if (!one.active) {
      one.active = true;
      to_activate.insert(group);
    }
  }
}

void agent_state::look_at_space() {
  if (space_looked_us != 0 && now() - space_looked_us < look_at_space_us)
    return;
  bool measure =
      space_looked_us == 0 || now() / (15 * look_at_space_us) != space_looked_us / (15 * look_at_space_us);
  space_looked_us = now();
  if (auto free = storage::free_bytes(options.meta->directory())) {
    options.self.set_disk_free_bytes(*free);
    options.self.set_full(*free < options.free_bytes_min);
  }
  if (measure) {
    options.self.set_disk_used_bytes(bytes_in(options.meta->directory()));
    meter->used_bytes.Set(static_cast<double>(options.self.disk_used_bytes()));
  }
}

void agent_state::report() {
  if (sent.id != 0 && now() - sent.at_us > report_lost_us) {
    sent.id = 0;
    leader_node.clear();
  }
  auto since = now() - reported_us;
  bool due = since >= report_every_us || (news && since >= report_news_us);
  if (sent.id != 0 || !due || options.metadata_nodes.empty())
    return;
  auto to = leader_node;
  if (to.empty())
    to = options.metadata_nodes[next_metadata_node++ % options.metadata_nodes.size()].name;
  msg::Parcel parcel;
  *parcel.mutable_to() = wire::address(msg::ROLE_ADMIN);
  *parcel.mutable_from() = wire::address(msg::ROLE_AGENT);
  parcel.set_id(++next_id);
  parcel.set_deadline_ms(report_lost_us / 1000);
  auto& body = *parcel.mutable_node_report();
  body = options.self;
  body.set_meta_version(acted_version);
  for (const auto& [about, what] : troubles)
    body.add_troubles(about + ": " + what);
  book.fill(body);
  sent = {next_id, body.sequence(), now()};
  reported_us = now();
  auto worst = book.worst();
  meter->log_lag.Set(static_cast<double>(worst.log));
  meter->apply_lag.Set(static_cast<double>(worst.apply));
  auto held = book.held();
  meter->items.Set(static_cast<double>(held.items));
  meter->item_bytes.Set(static_cast<double>(held.bytes));
  news = false;
  meter->reports.Increment();
  post(to, std::move(parcel));
}

void agent_state::on_orders(const wire::delivery& from) {
  const auto& parcel = from.parcel;
  if (!parcel.reply()) // unasked: something has changed for us
    return obey(parcel.node_orders());
  if (parcel.id() != sent.id)
    return;
  auto answered = sent.sequence;
  sent.id = 0;
  const auto& orders = parcel.node_orders();
  if (!parcel.has_node_orders()) { // undelivered
    leader_node.clear();
  } else if (orders.status().code() == msg::MOVED) {
    leader_node = orders.moved().leader_node();
    news = news || !leader_node.empty(); // tell it at once
  } else if (is_ok(orders.status())) {
    leader_node = from.from->node;
    book.answered(answered, orders.resend());
    news = news || orders.resend();
    obey(orders);
  }
}

void agent_state::obey(const msg::NodeOrders& orders) {
  if (!is_ok(orders.status()) || orders.version() < acted_version)
    return; // from before what is already done
  auto plan = plan_orders(records, orders, node, disk, options.clock->unix_ms());
  if (plan.troubles.empty()) {
    content("orders");
    tell_archiver(orders.metadata());
  }
  for (const auto& trouble : plan.troubles)
    complain("orders", trouble);
  drop(plan.drop);
  drop(plan.retire, true);
  if (!keep(plan.make) || !keep(plan.alter))
    return; // acted_version stays: the same orders come again
  for (const auto& replica : plan.make)
    start_soon(replica.group());
  for (const auto& replica : plan.alter)
    tell_archiver(replica);
  start_next();
  if (records.count(wire::metadata_group) > 0) { // it was given a member of the group that there is
    forming.reset();
    content("forming the metadata group");
  }
  for (const auto& partition : orders.partitions())
    if (auto it = residents.find(partition.group()); it != residents.end()) {
      it->second.grow = plan.grow.count(partition.group()) > 0;
      if (partition.has_restore()) {
        it->second.restore = partition.restore();
        tell_restorer(partition.group(), it->second);
      }
    }
  if (!plan.make.empty())
    kit::log(kit::level::info, node, "agent", "making " + std::to_string(plan.make.size()) + " replicas");
  acted_version = orders.version();
}

} // namespace troupe::agent
