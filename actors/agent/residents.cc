// Starting, restarting and dropping replicas. Each change of what should be here is in the identity file
// before it is carried out, and many changes share one write of it.
#include "actors/agent/agent_state.h"
#include "actors/kit/log.h"
#include "config/limits.h"
#include <algorithm>
#include <caf/all.hpp>
#include <utility>

namespace troupe::agent {

namespace {

constexpr std::int64_t restart_first_us = 1'000'000;
constexpr int restart_doublings = 6; // up to about a minute
constexpr std::int64_t drop_again_after_us = 5'000'000;

} // namespace

// False when the identity file could not be written: nothing has changed then.
bool agent_state::keep(const std::vector<msg::LocalReplica>& replicas) {
  if (replicas.empty())
    return true;
  if (auto kept = options.meta->put(replicas); !kept) {
    complain("identity file", kept.error().text);
    return false;
  }
  content("identity file");
  for (const auto& replica : replicas)
    records[replica.group()] = replica;
  return true;
}

// Starting a replica opens files, on the same threads that serve those which run: a thousand at once would
// stop the others for seconds. So a bounded number starts at a time.
void agent_state::start_soon(std::uint64_t group) {
  auto& one = residents[group];
  one.restart_us = 0;
  one.settled = false;
  if (!std::exchange(one.queued, true))
    start_queue.push_back(group);
}

void agent_state::start_next() {
  while (!start_queue.empty() && starting < limits::replicas_starting) {
    auto group = start_queue.front();
    start_queue.pop_front();
    auto it = residents.find(group);
    if (it == residents.end() || !std::exchange(it->second.queued, false) || it->second.dropping)
      continue;
    run(group);
  }
}

void agent_state::started(resident& one) {
  if (std::exchange(one.starting, false))
    --starting;
}

void agent_state::run(std::uint64_t group) {
  auto& one = residents[group];
  const auto& record = records.at(group);
  auto start = how_to_start(record, logged.count(group) > 0);
  if (start == start::lost) {
    msg::ReplicaReport lost;
    lost.set_group(group);
    lost.set_member(record.member());
    lost.set_kind(record.kind());
    lost.set_trouble("its log is gone: this member must be replaced");
    lost.set_damage("its log is gone");
    lost.set_items_gone(true); // where they end nobody knows
    kit::log(kit::level::error, node, "agent", "group " + std::to_string(group) + ": " + lost.trouble());
    news = book.note(lost) || news;
    one.settled = true;
    return;
  }
  replica_wish wish;
  wish.group = group;
  wish.member = record.member();
  wish.kind = record.kind();
  wish.fresh = start == start::fresh;
  wish.configuration = record.configuration();
  wish.preferred_leader =
      wish.configuration.members_size() > 0 && wish.configuration.members(0).id() == wish.member;
  wish.table = record.table();
  wish.from = record.from();
  wish.to = record.to();
  wish.local_indexes = record.local_indexes();
  tell_archiver(record);
  one.actor = options.spawn_replica(wish);
  one.asked = false;
  one.starting = true;
  ++starting;
  group_of[one.actor.id()] = group;
  self->monitor(one.actor);
  tell_restorer(group, one);
}

void agent_state::tell_archiver(std::uint64_t cluster_id) {
  if (!options.archiver || cluster_id == 0 || cluster_id == archived_cluster)
    return;
  archived_cluster = cluster_id;
  self->send(options.archiver, wire::archive_cluster{cluster_id});
}

// A record from before tables' ids were kept in them waits for the next orders.
void agent_state::tell_archiver(const msg::LocalReplica& record) {
  if (options.archiver && (record.table_id() != 0 || record.group() == wire::metadata_group))
    self->send(options.archiver, wire::archive_group{record.group(), record.table_id(), record.table(),
                                                     record.from(), record.to()});
}

void agent_state::tell_restorer(std::uint64_t group, const resident& one) {
  if (!options.restorer || !one.restore)
    return;
  if (one.dropping || one.restore->done())
    self->send(options.restorer, wire::restore_forget{group});
  else if (one.actor)
    self->send(options.restorer, wire::restore_group{archived_cluster, group, records.at(group).table(),
                                                     *one.restore, one.actor});
}

void agent_state::on_down(const caf::down_msg& down) {
  auto known = group_of.find(down.source.id());
  if (known == group_of.end())
    return;
  auto group = known->second;
  group_of.erase(known);
  auto it = residents.find(group);
  if (it == residents.end())
    return;
  auto& one = it->second;
  one.actor = nullptr;
  started(one);
  if (stopping)
    return finish_stop();
  if (one.dropping)
    return delete_files(group);
  if (one.restart_us != 0)
    return; // it had given up and was asked to end; the next tick starts it
  meter->restarts.Increment();
  kit::log(kit::level::error, node, "agent",
           "the replica of group " + std::to_string(group) + " ended: " + self->system().render(down.reason));
  schedule_restart(group, one);
}

void agent_state::schedule_restart(std::uint64_t group, resident& one) {
  auto wait = restart_first_us << std::min(one.failures++, restart_doublings);
  one.restart_us = now() + wait;
  one.settled = true;
  kit::log(kit::level::info, node, "agent",
           "group " + std::to_string(group) + " is started again in " + std::to_string(wait / 1'000'000) +
               " s");
}

void agent_state::restart_due() {
  for (auto& [group, one] : residents) {
    if (one.dropping)
      delete_again(group, one);
    if (one.restart_us == 0 || one.restart_us > now() || one.dropping)
      continue;
    if (!one.actor) {
      start_soon(group);
    } else { // it lives and has given up: on_down comes, then the next tick
      self->send(one.actor, wire::stop_atom::value);
    }
  }
}

// `retire`: the group lives on without this member; the record stays, so that the member is not made again.
void agent_state::drop(const std::vector<std::uint64_t>& groups, bool retire) {
  std::vector<msg::LocalReplica> leaving;
  for (auto group : groups) {
    auto known = records.find(group);
    if (known == records.end() || residents[group].dropping)
      continue;
    auto& record = leaving.emplace_back(known->second);
    record.set_state(msg::LocalReplica::DROPPING);
    record.set_retiring(retire);
    record.clear_configuration();
    record.clear_from();
    record.clear_to();
    record.clear_local_indexes();
  }
  if (!keep(leaving))
    return; // the order comes again
  for (const auto& record : leaving) {
    auto& one = residents[record.group()];
    const auto* last = book.find(record.group());
    one.quarantine = retire && last && !last->damage().empty();
    one.dropping = true;
    if (options.archiver)
      self->send(options.archiver, wire::archive_forget{record.group()});
    tell_restorer(record.group(), one);
    if (one.actor)
      self->send(one.actor, wire::stop_atom::value);
    else
      delete_files(record.group());
  }
  if (!leaving.empty())
    kit::log(kit::level::info, node, "agent", "dropping " + std::to_string(leaving.size()) + " replicas");
}

// The record goes only after the files, so that a crash in between finds it and deletes the rest. A log that
// is still there is asked for again: forgotten by the record, it would be another member's promises some day.
void agent_state::delete_files(std::uint64_t group) {
  auto gone = [this, group](bool resident::*what) {
    return [this, group, what] {
      auto it = residents.find(group);
      if (it == residents.end())
        return;
      it->second.*what = true;
      if (!it->second.log_gone || !it->second.items_gone)
        return;
      content("dropping group " + std::to_string(group));
      dropped.insert(group);
    };
  };
  auto failed = [this, group](const caf::error& why) {
    complain("dropping group " + std::to_string(group), self->system().render(why));
    if (auto it = residents.find(group); it != residents.end())
      it->second.drop_again_us = now() + drop_again_after_us;
  };
  auto& one = residents[group];
  if (!one.log_gone)
    self->request(options.disk, caf::infinite, wire::drop_log{group}).then(gone(&resident::log_gone), failed);
  if (!one.items_gone)
    self->request(options.items(group), caf::infinite, wire::drop_items{group, one.quarantine})
        .then(gone(&resident::items_gone), failed);
}

void agent_state::delete_again(std::uint64_t group, resident& one) {
  if (one.drop_again_us == 0 || now() < one.drop_again_us)
    return;
  one.drop_again_us = 0;
  delete_files(group);
}

// What replicas have proven, and what is gone, in one write each.
void agent_state::tidy_records() {
  std::vector<msg::LocalReplica> proven;
  for (auto group : to_activate) {
    auto known = records.find(group);
    if (known == records.end() || known->second.state() != msg::LocalReplica::CREATING)
      continue;
    auto& record = proven.emplace_back(known->second);
    record.set_state(msg::LocalReplica::ACTIVE);
    if (group != wire::metadata_group)
      record.clear_configuration(); // its log knows better from now on
  }
  if (keep(proven))
    to_activate.clear();
  if (dropped.empty())
    return;
  std::vector<std::uint64_t> gone;
  std::vector<msg::LocalReplica> retired;
  for (auto group : dropped) {
    if (!records.at(group).retiring()) {
      gone.push_back(group);
      continue;
    }
    retired.emplace_back(records.at(group)).set_state(msg::LocalReplica::RETIRED);
    retired.back().clear_retiring();
  }
  if (!keep(retired))
    return;
  for (const auto& record : retired) {
    residents.erase(record.group());
    logged.erase(record.group());
    dropped.erase(record.group());
    tell_retired(record);
  }
  if (gone.empty())
    return;
  if (auto removed = options.meta->remove(gone); !removed)
    return complain("identity file", removed.error().text);
  for (auto group : gone) {
    records.erase(group);
    residents.erase(group);
    logged.erase(group);
    book.forget(group);
    news = true;
  }
  dropped.clear();
}

void agent_state::tell_retired(const msg::LocalReplica& record) {
  msg::ReplicaReport told;
  told.set_group(record.group());
  told.set_member(record.member());
  told.set_kind(record.kind());
  told.set_retired(true);
  news = book.note(told) || news;
}

void agent_state::finish_stop() {
  bool all_ended =
      std::none_of(residents.begin(), residents.end(), [](const auto& r) { return !!r.second.actor; });
  if (!all_ended && now() < stop_by_us)
    return;
  if (!all_ended)
    kit::log(kit::level::warning, node, "agent", "some replicas did not end in time");
  tidy_records();
  self->send(options.peers,
             wire::enroll{wire::address(msg::ROLE_AGENT), caf::actor_cast<wire::role_actor>(self), true});
  self->quit();
}

} // namespace troupe::agent
