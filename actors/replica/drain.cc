// The one order of a replica: persist, then speak, then answer.
#include "actors/kit/log.h"
#include "actors/replica/replica_state.h"
#include <algorithm>
#include <caf/all.hpp>
#include <iterator>
#include <limits>
#include <utility>

namespace troupe::replica {

namespace {

constexpr std::int64_t look_again_us = 50'000; // whether somebody else leads, who can do without these items
constexpr std::uint64_t truncate_step = 1024;  // entries: a truncation costs a write, so gather some
constexpr std::int64_t read_ahead_kept_us = 2'000'000;
constexpr std::size_t read_ahead_most = 3; // as many as may be behind at once, each at a place of its own

wire::replica_actor handle(replica_pointer self) {
  return caf::actor_cast<wire::replica_actor>(self);
}

} // namespace

void replica_state::drain() {
  if (!core)
    return send_out();
  watch_leadership();
  apply_chosen();
  while (!disk_busy && !reopens && core->has_ready()) {
    persist(core->take_ready()); // what is proposed meanwhile shares the next sync
    watch_leadership();
    apply_chosen();
  }
  auto urgent = core->take_messages(); // a slow disk need not silence its node
  speak(urgent);
  strangers.clear();
  on_quorum_reads();
  answer_applied();
  answer_changes();
  watch_items();
  flush();
  tell_archiver();
  meter->count(core->counters());
  meter->show(core->role() == paxos::role::leader, items.bytes());
  if (condemned)
    leave_items();
  if (reopens && !disk_busy && now_in == phase::running) {
    send_out();
    return reopen();
  }
  rest();
  send_out();
  if (now_in == phase::stopping && kit::log_enabled(kit::level::debug))
    kit::log(kit::level::debug, options.node, "replica", "stopping: " + core->describe());
  auto led_away = core->role() != paxos::role::leader && !disk_busy;
  if (now_in == phase::stopping && (led_away || now() >= stop_by_us)) {
    release_waiters();
    leave();
  }
}

void replica_state::leave() {
  self->send(options.peers, wire::enroll{wire::address(msg::ROLE_REPLICA, options.group),
                                         caf::actor_cast<wire::role_actor>(self), true});
  self->quit();
}

// Nobody is left waiting: what may still take effect is unknown here, the rest goes elsewhere.
void replica_state::release_waiters() {
  for (auto& [index, write] : proposed)
    for (auto& who : write.waiters)
      refuse(who, msg::UNKNOWN_OUTCOME, "this replica stopped while the write was on its way");
  proposed.clear();
  for (auto& [epoch, who] : changes)
    moved(who);
  changes.clear();
  turn_readers_away();
  send_out();
}

// Whoever waits for items of this replica, or for an answer that was found in them.
void replica_state::turn_readers_away() {
  for (auto& [index, held] : after_applied)
    moved(held.first);
  after_applied.clear();
  for (auto& waiting : store_waits.take_all()) {
    if (waiting.read)
      moved(waiting.read->who);
    else if (waiting.scan)
      moved(waiting.scan->who);
  }
  for (auto& [id, write] : writes_waiting)
    moved(write.who);
  writes_waiting.clear();
  for (auto& [token, read] : quorum_reads)
    moved(read.who);
  quorum_reads.clear();
  for (auto& [token, scan] : quorum_scans)
    moved(scan.who);
  quorum_scans.clear();
}

void replica_state::persist(paxos::ready batch) {
  speak(batch.messages_now);
  if (!batch.needs_disk()) {
    speak(batch.messages_after);
    core->persisted(batch.id, now());
    return;
  }
  if (batch.reset_log && !holds_items) { // told where to begin
    applied = std::max(applied, batch.reset_log->index);
    applied_link = batch.reset_log->link;
  }
  disk_busy = true;
  disk_since_us = now();
  outstanding = std::move(batch);
  append_outstanding();
}

void replica_state::append_outstanding() {
  wire::append_log job;
  job.group = options.group;
  job.job = outstanding->id;
  job.hard_state = outstanding->hard_state;
  job.entries = outstanding->entries;
  if (auto& base = outstanding->reset_log)
    job.reset = wire::append_log::base{base->index, base->link, base->ballot};
  job.who = handle(self);
  disk_retry_us = 0;
  self->send(options.disk, std::move(job));
}

void replica_state::on_appended(const wire::appended& what) {
  if (!core)
    return on_prepared(what);
  if (!outstanding || outstanding->id != what.job)
    return;
  if (!what.result.ok()) {
    log_refused(what.result);
    arm();
    send_out();
    return;
  }
  disk_busy = false;
  log_taken();
  auto batch = std::move(*outstanding);
  outstanding.reset();
  speak(batch.messages_after);
  core->persisted(batch.id, now());
  drain();
}

void replica_state::speak(std::vector<msg::PaxosMessage>& messages) {
  for (auto& message : messages) {
    auto to = member(message.to());
    if (!to)
      to = newcomer(message.to());
    auto stranger = to ? strangers.end() : strangers.find(message.to());
    if (!to && stranger == strangers.end())
      continue; // not in the newest configuration: it is told when it asks
    wire::outgoing out;
    out.node = to ? to->node() : stranger->second;
    *out.parcel.mutable_to() = wire::address(msg::ROLE_REPLICA, options.group);
    *out.parcel.mutable_from() = out.parcel.to();
    *out.parcel.mutable_paxos() = std::move(message);
    outbox.push_back(std::move(out));
  }
  messages.clear();
}

void replica_state::apply_chosen() {
  auto chosen = core->take_chosen();
  if (chosen.empty())
    return;
  for (auto& entry : chosen) {
    if (options.archiver && entry->index() > settled.index)
      unsettled.push_back({entry->index(), entry->payload().size()});
    apply(*entry);
  }
  meter->chosen.Increment(static_cast<double>(chosen.size()));
  core->applied(applied, now());
  if (!holds_items)
    core->applied_durably(applied, now());
}

void replica_state::apply(const msg::Entry& entry) {
  applied = entry.index();
  applied_link = entry.link();
  applied_ballot = entry.ballot();
  if (!keeps_items())
    return;
  if (entry.kind() == msg::Entry::CONFIGURATION) {
    msg::Configuration next;
    if (next.ParseFromString(entry.payload()) && next.epoch() > configured.epoch()) {
      configured = std::move(next);
      configured_at = entry.index();
    }
  }
  if (entry.kind() != msg::Entry::COMMAND)
    return;
  msg::Command command;
  if (!command.ParseFromString(entry.payload())) {
    // The link was right, so these are the bytes that were chosen: no replica may skip them.
    kit::log(kit::level::error, "replica", "invariant broken: a chosen command cannot be read");
    std::abort();
  }
  if (!items.dirty())
    dirty_since_us = now();
  for (auto& effect : *command.mutable_effects())
    items.apply(std::move(effect), entry.index());
  requests.add(command.id(), {entry.index(), dedup::refusal_in(command)}, dedup::clock_in(command));
  last_time_ms = std::max(last_time_ms, command.time_ms());
  if (command.has_mark())
    mark(command.mark());
}

// When leadership ends, what was proposed has an unknown fate here: whoever repeats the request with the same
// id learns it from the next leader.
void replica_state::watch_leadership() {
  auto leads = core->role() == paxos::role::leader;
  auto ballot = core->ballot();
  auto same = leads && led && ballot.round() == led_in.round() && ballot.member() == led_in.member();
  if (!same && (led || !proposed.empty())) {
    items.forget_proposed();
    for (auto& [index, write] : proposed)
      for (auto& who : write.waiters)
        refuse(who, msg::UNKNOWN_OUTCOME, "leadership moved while the write was on its way");
    proposed.clear();
    proposed_ids.clear();
    for (auto& [index, held] : after_applied)
      moved(held.first);
    after_applied.clear();
  }
  if (leads != led && kit::log_enabled(kit::level::debug))
    kit::log(kit::level::debug, options.node, "replica", core->describe());
  led = leads;
  led_in = ballot;
}

void replica_state::answer_applied() {
  auto t = now();
  while (!proposed.empty() && proposed.begin()->first <= applied) {
    auto& write = proposed.begin()->second;
    write.reply.set_index(proposed.begin()->first);
    for (auto& who : write.waiters) {
      meter->write_seconds.Observe(static_cast<double>(t - who.since_us) / 1e6);
      answer(who, write.reply);
    }
    if (dedup::has_id(write.id))
      proposed_ids.erase(dedup::key_of(write.id));
    proposed.erase(proposed.begin());
  }
  while (!after_applied.empty() && after_applied.begin()->first <= applied) {
    auto& [who, reply] = after_applied.begin()->second;
    core->may_read(t) ? answer(who, std::move(reply)) : moved(who);
    after_applied.erase(after_applied.begin());
  }
}

void replica_state::flush() {
  if (!keeps_items() || items.flushing() || applied == flushed || incoming || reopens)
    return;
  if (condemned && core->role() != paxos::role::leader)
    return; // the file is about to be moved aside
  auto t = now();
  if (dirty_since_us == 0)
    dirty_since_us = t;
  if ((flush_failed || items.dirty_bytes() < limits::overlay_bytes / 2) &&
      t - dirty_since_us < limits::flush_interval_ms * 1000)
    return;
  for (auto& r : requests.take_new())
    unflushed_requests.push_back(std::move(r));
  send_flush(take_flush());
}

// All that is applied and in no flush yet, and the index it brings the items to.
wire::apply_items replica_state::take_flush() {
  wire::apply_items job;
  job.group = options.group;
  job.effects = items.begin_flush();
  job.applied = applied;
  job.applied_link = applied_link;
  job.applied_ballot = applied_ballot;
  if (configured.epoch() != stored_epoch) {
    job.configuration = configured;
    job.configuration_index = configured_at;
    stored_epoch = configured.epoch();
  }
  job.last_time_ms = last_time_ms;
  job.forget_requests_before_ms = requests.oldest_ms();
  job.who = handle(self);
  dirty_since_us = 0;
  return job;
}

void replica_state::send_flush(wire::apply_items job) {
  job.job = ++flush_job;
  job.requests = unflushed_requests;
  flush_started_us = now();
  meter->flush_items.Observe(static_cast<double>(job.effects.size()));
  self->send(options.items, std::move(job));
}

// The answer to a flush, or news of what has become durable. Only the flush's own answer ends it: news were
// sent before, by a worker that had not seen the flush yet.
void replica_state::on_flushed(const wire::items_applied& what) {
  if (items.flushing() && what.job == flush_job) {
    meter->apply_seconds.Observe(static_cast<double>(now() - flush_started_us) / 1e6);
    items.end_flush(what.result.ok());
    flush_failed = !what.result.ok();
    if (!what.result.ok()) {
      dirty_since_us = now(); // try again after an interval
      stored_epoch = 0;
      std::move(marked_requests.begin(), marked_requests.end(), std::back_inserter(unflushed_requests));
      marked_flush.reset(); // what it took has been given back: without a mark it goes with the next one
    } else {
      unflushed_requests = std::move(marked_requests);
      if (auto next = std::exchange(marked_flush, std::nullopt))
        send_flush(std::move(*next));
    }
    marked_requests.clear();
  }
  if (what.job == flush_job)
    probe_under_way = false;
  what.result.ok() ? items_taken() : items_refused(what.result);
  if (what.result.ok()) {
    flushed = std::max(flushed, what.applied);
    items_bytes = what.bytes;
    items_held = what.items;
    item_sizes = what.item_sizes;
    index_figures = what.local_indexes;
    if (what.durable > durable && core) {
      durable = what.durable;
      core->applied_durably(durable, now());
      truncate();
    }
  }
  drain();
}

void replica_state::truncate() {
  if (may_grow_on())
    return; // the items will stand at an index that this log must reach
  auto up_to = core->truncatable(static_cast<std::uint64_t>(options.storage.log_retention_bytes));
  if (options.archiver) // whatever else is gone, what is not archived stays
    up_to = std::min(up_to, archive.may_cut());
  if (!disk_refuses.empty() || up_to < core->first_index() + truncate_step)
    return;
  wire::append_log job;
  job.group = options.group;
  job.truncate_to = up_to;
  self->send(options.disk, std::move(job));
  core->truncated(up_to);
}

// The core asks while it makes messages for a slow follower, and cannot wait: what is not at hand yet is
// fetched, and the core is told when it has arrived.
std::vector<msg::Entry> replica_state::read_log(std::uint64_t from, std::uint64_t to, std::size_t max_bytes) {
  auto piece = std::find_if(read_ahead.begin(), read_ahead.end(), [&](auto& one) {
    return one.front().index() <= from && from <= one.back().index();
  });
  if (piece == read_ahead.end()) {
    if (!read_ahead_asked)
      self->send(options.disk,
                 wire::read_log{options.group, from, to, 2 * limits::append_bytes, handle(self)});
    read_ahead_asked = true;
    return {};
  }
  read_ahead_used_us = now();
  std::rotate(piece, piece + 1, read_ahead.end()); // the one used last is forgotten last
  std::vector<msg::Entry> result;
  std::size_t bytes = 0;
  for (auto i = from - read_ahead.back().front().index(); i < read_ahead.back().size(); ++i) {
    auto& entry = read_ahead.back()[i];
    bytes += entry.payload().size();
    if (entry.index() > to || (!result.empty() && bytes > max_bytes))
      break;
    result.push_back(entry);
  }
  return result;
}

void replica_state::on_log_read(wire::log_read& what) {
  read_ahead_asked = false;
  if (!what.result.ok())
    kit::log(kit::level::error, "replica",
             "group " + std::to_string(options.group) + ": reading the log: " + what.result.text);
  auto hole = std::adjacent_find(what.entries.begin(), what.entries.end(),
                                 [](auto& a, auto& b) { return b.index() != a.index() + 1; });
  if (hole != what.entries.end())
    what.entries.erase(hole + 1, what.entries.end());
  if (!what.entries.empty()) {
    if (read_ahead.size() == read_ahead_most)
      read_ahead.erase(read_ahead.begin());
    read_ahead.push_back(std::move(what.entries));
    read_ahead_used_us = now();
    if (core)
      core->log_at_hand(now());
  }
  drain();
}

// Those who were behind have caught up, or are gone.
void replica_state::forget_read_ahead() {
  if (!read_ahead.empty() && now() - read_ahead_used_us > read_ahead_kept_us)
    read_ahead.clear();
}

void replica_state::arm() {
  auto due = rests ? std::numeric_limits<std::int64_t>::max() : core->next_deadline();
  if (applied != flushed && !items.flushing() && keeps_items() && !incoming)
    due = std::min(due, dirty_since_us + limits::flush_interval_ms * 1000);
  if (options.archiver && now_in == phase::running && standing_changed())
    due = std::min(due, standing_told_us + tell_archiver_every_us);
  if (disk_busy) {
    auto lease = options.replication.lease_ms * 1000; // once that has passed, the core has been told
    auto told = disk_since_us + lease < now();
    due = std::min(due, disk_retry_us != 0 ? disk_retry_us : (told ? now() : disk_since_us) + lease + 1000);
  }
  if (growing && !incoming)
    due = std::min(due, now() + 200'000);
  if (incoming && !incoming->storing)
    due = std::min(due, incoming->ask_us);
  if (now_in == phase::stopping)
    due = std::min(due, stop_by_us);
  if (condemned && holds_items)
    due = std::min(due, now() + look_again_us);
  if (probes_items() && !probe_under_way)
    due = std::min(due, probe_us);
  auto t = now();
  if (due == std::numeric_limits<std::int64_t>::max() || (armed_us != 0 && armed_us <= due))
    return; // it wakes early, looks, and arms again
  armed_us = std::max(due, t);
  self->send(options.ticker, wire::arm{caf::actor_cast<caf::strong_actor_ptr>(self), armed_us});
}

void replica_state::send_out() {
  if (!reads_out.empty()) {
    self->send(options.items, wire::read_items{options.group, std::move(reads_out), handle(self)});
    reads_out.clear();
  }
  if (!outbox.empty()) {
    self->send(options.peers, std::move(outbox));
    outbox.clear();
  }
}

} // namespace troupe::replica
