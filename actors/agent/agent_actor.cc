// The door: what can be said to the agent, its tick, and its end.
#include "actors/agent/agent_actor.h"
#include "actors/agent/agent_state.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::agent {

namespace {

constexpr auto idle_tick = std::chrono::milliseconds(500);
constexpr auto busy_tick = std::chrono::milliseconds(50);
constexpr std::int64_t restless_us = 5'000'000;

} // namespace

agent_metrics::agent_metrics(kit::metrics& m)
    : replicas(m.gauge("troupe_replicas_expected", "Replicas that this node should run.")),
      replicas_in_trouble(m.gauge("troupe_replicas_in_trouble", "Replicas that do not run and should.")),
      metadata_version(
          m.gauge("troupe_agent_metadata_version", "Version of the metadata that this node has acted on.")),
      used_bytes(m.gauge("troupe_data_directory_bytes", "Size of the files in the data directory.")),
      items(m.gauge("troupe_items", "Items that the replicas of this node hold.")),
      item_bytes(m.gauge("troupe_item_bytes", "Their sizes together, by DynamoDB's rule.")),
      restarts(m.counter("troupe_replica_restarts_total",
                         "Replicas that ended by themselves and were restarted.")),
      reports(m.counter("troupe_node_reports_total", "Reports sent to the metadata leader.")),
      log_lag(m.gauge("troupe_log_lag_entries",
                      "Most entries that a member of a group led here does not have yet.")),
      apply_lag(m.gauge("troupe_apply_lag_entries",
                        "Most entries that a replica here has and has not applied yet.")),
      mailbox(kit::mailbox_depth(m, "agent")) {}

void agent_state::start() {
  next_id = wire::first_id(options.seed);
  meter = std::make_unique<agent_metrics>(*options.metrics);
  node = options.self.node();
  disk = options.meta->disk();
  options.self.set_disk(disk);
  logged = std::move(options.logged);
  self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  self->send(options.peers,
             wire::enroll{wire::address(msg::ROLE_AGENT), caf::actor_cast<wire::role_actor>(self), false});

  std::vector<std::uint64_t> unfinished;
  for (const auto& replica : options.meta->replicas()) {
    auto group = replica.group();
    records[group] = replica;
    tell_archiver(replica.metadata());
    if (replica.state() == msg::LocalReplica::RETIRED) {
      tell_retired(replica);
      continue;
    }
    residents[group].active = replica.state() == msg::LocalReplica::ACTIVE;
    if (replica.state() == msg::LocalReplica::DROPPING)
      unfinished.push_back(group);
    else
      start_soon(group);
  }
  if (!records.empty())
    kit::log(kit::level::info, node, "agent", "starting " + std::to_string(records.size()) + " replicas");
  for (auto group : logged)
    if (records.count(group) == 0)
      kit::log(kit::level::warning, node, "agent",
               "the log holds group " + std::to_string(group) + ", which the identity file does not know");
  for (auto group : unfinished)
    drop({group}, records.at(group).retiring());

  if (is_metadata_node(node) && records.count(wire::metadata_group) == 0)
    forming.emplace(options.metadata_nodes, node, disk);
  self->send(self, wire::tick_atom::value);
}

bool agent_state::is_metadata_node(const std::string& name_of_node) const {
  const auto& all = options.metadata_nodes;
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name_of_node; });
}

void agent_state::receive(wire::inbox& mail) {
  kit::observe_mailbox(meter->mailbox, self);
  for (const auto& from : mail) {
    if (stopping)
      return;
    if (!is_metadata_node(from.from->node) && from.from->node != node)
      continue; // clients and other nodes have nothing to order here; from ourselves comes what was
                // undelivered
    if (from.parcel.has_form_request())
      on_form_request(from);
    else if (form_asked.count(from.parcel.id()) > 0 && from.parcel.reply())
      on_form_reply(from);
    else if (from.parcel.has_node_orders() || from.parcel.reply())
      on_orders(from);
  }
}

void agent_state::on_peer_lost(const std::string& peer) {
  if (forming)
    forming->lost(peer);
  restless_until_us = now() + restless_us; // leaders may change
}

void agent_state::on_tick() {
  if (stopping) {
    finish_stop();
    self->delayed_send(self, busy_tick, wire::tick_atom::value);
    return;
  }
  tidy_records();
  restart_due();
  form();
  start_next();
  ask_replicas();
  look_at_space();
  report();
  bool busy = forming || !dropped.empty() || now() < restless_until_us;
  std::size_t troubled = 0;
  for (const auto& [group, one] : residents) {
    busy = busy || !one.settled || one.dropping;
    const auto* last = book.find(group);
    troubled += !one.actor || (last && !last->trouble().empty());
  }
  meter->replicas.Set(static_cast<double>(residents.size()));
  meter->replicas_in_trouble.Set(static_cast<double>(troubled));
  meter->metadata_version.Set(static_cast<double>(acted_version));
  self->delayed_send(self, busy ? busy_tick : idle_tick, wire::tick_atom::value);
}

void agent_state::on_stop() {
  if (stopping)
    return;
  stopping = true;
  stop_by_us = now() + stop_within_ms * 1000;
  for (auto& [group, one] : residents)
    if (one.actor)
      self->send(one.actor, wire::stop_atom::value);
  finish_stop();
}

void agent_state::post(std::string to, msg::Parcel parcel) {
  wire::outbox out;
  out.push_back({std::move(to), std::move(parcel)});
  self->send(options.peers, std::move(out));
}

// Says it once, not at every try.
void agent_state::complain(const std::string& about, const std::string& what) {
  auto& said = troubles[about];
  if (said == what)
    return;
  said = what;
  kit::log(kit::level::error, node, "agent", about + ": " + what);
}

agent_actor::behavior_type agent(agent_state::pointer self, agent_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.start();
  return {
      [self](wire::inbox& mail) { self->state.receive(mail); },
      [self](const wire::peer_lost& lost) { self->state.on_peer_lost(lost.node); },
      [self](wire::tick_atom) { self->state.on_tick(); },
      [self](wire::stop_atom) { self->state.on_stop(); },
  };
}

agent_actor spawn_agent(caf::actor_system& system, agent_options options, bool detached) {
  return detached ? system.spawn<caf::detached>(agent, std::move(options))
                  : system.spawn(agent, std::move(options));
}

} // namespace troupe::agent
