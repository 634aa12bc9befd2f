#include "actors/disk/entry_rules.h"
#include "actors/disk/items_state.h"
#include "actors/disk/outcome.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include "config/limits.h"
#include <algorithm>
#include <caf/all.hpp>
#include <cstdlib>
#include <utility>

namespace troupe::disk {

namespace {

constexpr std::int64_t leftovers_us = 60'000'000; // how often it is seen to what transfers have left
constexpr std::int64_t early_us = 20'000;         // clocks differ
constexpr std::int64_t idle_before_sync_us = 1'000'000;
constexpr int syncs_at_once = 8;

// Of a message that tells what an item file is for.
template <class Message>
item_rules rules_of(const Message& what) {
  return {entry_rules_of(what.local_indexes), what.from, what.to};
}

std::vector<msg::IndexFigures> figures_of(const storage::item_store& store) {
  std::vector<msg::IndexFigures> out;
  for (auto& one : store.entry_stats()) {
    out.emplace_back().set_items(one.items);
    out.back().set_bytes(one.bytes);
  }
  return out;
}

} // namespace

// As with the log: after a sync that failed nobody knows what the file holds.
wire::disk_result items_state::failed(const storage::error& why) {
  if (why.code == storage::code::io_fatal) {
    kit::log(kit::level::error, "items", "an item file cannot be synced, this node ends now: " + why.text);
    if (options.fail_stop)
      options.fail_stop(why.text);
    std::abort();
  }
  return outcome_of(why);
}

wire::items_opened items_state::describe(storage::item_store& store) {
  wire::items_opened o;
  auto& at = store.applied();
  o.applied = at.index;
  o.durable = store.durable_applied();
  o.applied_link = at.link;
  o.applied_ballot = at.ballot;
  o.configuration = at.configuration;
  o.configuration_index = at.configuration_index;
  o.last_time_ms = at.time_ms;
  if (auto requests = store.requests())
    o.requests = std::move(*requests);
  else
    o.result = failed(requests.error());
  auto stats = store.stats();
  o.bytes = stats.bytes;
  o.items = stats.items;
  o.item_sizes = stats.sizes;
  o.local_indexes = figures_of(store);
  o.lineage = store.lineage();
  return o;
}

void items_state::tell_progress(item_file& file, wire::disk_result result, std::uint64_t job) {
  if (!file.who || !file.store)
    return;
  file.told_durable = file.store->durable_applied();
  auto stats = file.store->stats();
  self->send(file.who,
             wire::items_applied{std::move(result), job, file.store->applied().index, file.told_durable,
                                 stats.bytes, stats.items, stats.sizes, figures_of(*file.store)});
}

bool items_state::settle(item_file& file) {
  if (auto synced = file.store->sync(); !synced) {
    (void)failed(synced.error());
    return false;
  }
  if (file.store->durable_applied() > file.told_durable)
    tell_progress(file);
  return true;
}

void items_state::open(const wire::open_items& what) {
  auto opened = files->open(what.group, what.member, what.create, rules_of(what), options.clock->now_us());
  schedule_housekeeping(); // what transfers of an earlier run left does not stay for ever
  if (!opened) {
    wire::items_opened refused;
    refused.result = failed(opened.error());
    return self->send(what.who, std::move(refused));
  }
  (*opened)->who = what.who;
  self->send(what.who, describe(*(*opened)->store));
}

void items_state::apply(wire::apply_items& what) {
  kit::observe_mailbox(*mailbox, self);
  auto file = files->use(what.group);
  if (!file)
    return self->send(what.who, wire::items_applied{failed(file.error()), what.job});
  auto& store = *(*file)->store;
  storage::item_batch batch;
  batch.changes.reserve(what.effects.size());
  for (auto& effect : what.effects)
    batch.changes.push_back({effect.key(), effect.item(), effect.remove()});
  batch.position = store.applied();
  if (!what.stay) {
    batch.position.index = what.applied;
    batch.position.link = what.applied_link;
    batch.position.ballot = what.applied_ballot;
    batch.position.time_ms = what.last_time_ms;
  }
  if (what.configuration) {
    batch.position.configuration = *what.configuration;
    batch.position.configuration_index = what.configuration_index;
  }
  batch.requests = std::move(what.requests);
  batch.forget_requests_before_ms = what.forget_requests_before_ms;
  batch.mark = what.mark;
  batch.mark_leaves = std::move(what.mark_leaves);
  auto applied = store.apply(batch);
  (*file)->who = what.who;
  (*file)->changed_us = options.clock->now_us();
  tell_progress(**file, applied ? wire::disk_result{} : failed(applied.error()), what.job);
  schedule_housekeeping();
}

void items_state::read(const wire::read_items& what) {
  kit::observe_mailbox(*mailbox, self);
  wire::items_read answer;
  answer.items.reserve(what.reads.size());
  auto file = files->use(what.group);
  for (auto& wanted : what.reads) {
    auto& found = answer.items.emplace_back();
    found.token = wanted.token;
    if (!file) {
      found.result = failed(file.error());
      continue;
    }
    auto item = (*file)->store->get(wanted.key);
    if (!item) {
      found.result = failed(item.error());
    } else if (*item) {
      found.found = true;
      found.item = std::move(**item);
    }
  }
  self->send(what.who, std::move(answer));
}

void items_state::scan(const wire::scan_items& what) {
  wire::items_scanned answer;
  answer.token = what.token;
  auto file = files->use(what.group);
  if (!file) {
    answer.result = failed(file.error());
    return self->send(what.who, std::move(answer));
  }
  auto& store = *(*file)->store;
  auto page = what.index == 0 ? store.scan(what.from, what.to, what.backward, what.max_items, what.max_bytes)
                              : store.scan_entries(what.index, what.from, what.to, what.backward, what.whole,
                                                   what.max_items, what.max_bytes);
  if (!page) {
    answer.result = failed(page.error());
    return self->send(what.who, std::move(answer));
  }
  answer.more = page->more;
  answer.records.reserve(page->records.size());
  for (auto& [key, value] : page->records) {
    auto& record = answer.records.emplace_back();
    record.set_key(std::move(key));
    record.set_item(std::move(value));
  }
  self->send(what.who, std::move(answer));
}

void items_state::drop(const wire::drop_items& what) {
  if (!what.quarantine)
    return files->drop(what.group);
  if (auto moved = files->quarantine(what.group, options.clock->unix_ms()); !moved)
    kit::log(kit::level::error, "items", "moving a file into quarantine: " + failed(moved.error()).text);
  else if (!moved->empty())
    kit::log(kit::level::warning, "items",
             "group " + std::to_string(what.group) + ": its items are now in " + *moved);
}

wire::items_audited items_state::audit(const wire::audit_items& what) {
  kit::observe_mailbox(*mailbox, self);
  wire::items_audited answer;
  auto file = files->use(what.group);
  if (file && (*file)->member != what.member)
    file = storage::error{storage::code::missing, "the items are another member's"};
  if (!file) {
    answer.result = failed(file.error());
    return answer;
  }
  auto& store = *(*file)->store;
  auto slice = store.audit(what.max_bytes);
  if (!slice) {
    answer.result = failed(slice.error());
    return answer;
  }
  answer.bytes = slice->bytes;
  answer.done = slice->done;
  answer.progress = store.audit_progress();
  answer.damaged = slice->damaged;
  answer.wrong_leaves = slice->wrong_leaves;
  answer.wrong_figures = slice->wrong_figures;
  answer.what = slice->what;
  return answer;
}

msg::ScrubReply items_state::read_mark(const wire::read_mark& what) {
  msg::ScrubReply reply;
  reply.set_state(msg::ScrubReply::GONE);
  auto file = files->use(what.group);
  if (!file || (*file)->member != what.member)
    return reply;
  auto& store = *(*file)->store;
  reply.set_lineage(store.lineage());
  const auto* mark = store.mark(what.index);
  if (!mark) {
    if (store.applied().index < what.index)
      reply.set_state(msg::ScrubReply::NOT_YET);
    return reply;
  }
  if (!mark->known) {
    reply.set_state(msg::ScrubReply::UNKNOWN);
    return reply;
  }
  reply.set_state(msg::ScrubReply::HERE);
  reply.set_root(storage::root_of(mark->leaves));
  if (what.leaves)
    for (const auto& leaf : mark->leaves) {
      reply.add_sums(leaf.sum);
      reply.add_items(leaf.items);
    }
  if (what.records) {
    for (const auto& one : mark->listed) {
      reply.add_keys(one.key);
      reply.add_checks(one.check);
    }
    reply.set_more(!mark->listed_all);
  }
  return reply;
}

void items_state::schedule_housekeeping(std::int64_t in_us) {
  const auto at = options.clock->now_us() + in_us;
  if (house_us != 0 && house_us <= at)
    return;
  house_us = at;
  self->delayed_send(self, std::chrono::microseconds(in_us), wire::tick_atom::value);
}

// Bounded work between requests: checkpoints, lazy syncs (a replica's log is cut only below what is durable
// here), snapshots that nobody fetches any more.
void items_state::keep_house() {
  auto now = options.clock->now_us();
  if (house_us == 0 || now + early_us < house_us)
    return; // an earlier tick has been sent since this one was, or the other way round
  house_us = 0;
  auto again = false;
  int syncs = 0;
  files->for_each([&](item_file& file) {
    files->forget_unused_snapshots(file, now);
    again |= !file.outgoing.empty();
    if (!file.store)
      return;
    auto& store = *file.store;
    if (store.maintenance_due()) {
      auto more = store.maintain();
      if (!more)
        (void)failed(more.error());
      again = true;
    }
    if (store.durable_applied() < store.applied().index) {
      again = true;
      if (now - file.changed_us >= idle_before_sync_us && syncs < syncs_at_once) {
        ++syncs;
        if (auto synced = store.sync(); !synced)
          (void)failed(synced.error());
      }
    }
    if (store.durable_applied() > file.told_durable)
      tell_progress(file);
  });
  files->close_surplus();
  const bool left = files->forget_idle_transfers(now);
  if (again || left)
    schedule_housekeeping(again ? housekeeping_us : leftovers_us);
}

wire::scrubbed_items_actor::behavior_type
items(wire::scrubbed_items_actor::stateful_pointer<items_state> self, items_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.mailbox = &kit::mailbox_depth(*state.options.metrics, "items");
  state.files = std::make_unique<item_files>(state.options.directory, state.options.open_max,
                                             [self](item_file& file) { return self->state.settle(file); });
  return {
      [self](const wire::open_items& what) { self->state.open(what); },
      [self](wire::apply_items& what) { self->state.apply(what); },
      [self](const wire::read_items& what) { self->state.read(what); },
      [self](const wire::scan_items& what) { self->state.scan(what); },
      [self](const wire::read_snapshot& what) { self->send(what.who, self->state.part_of(what, true)); },
      [self](const wire::page_snapshot& what) {
        return self->state.part_of({what.group, 0, what.transfer, what.chunk, what.at_least, {}, 0, 0},
                                   false);
      },
      [self](const wire::store_snapshot& what) { self->state.store_snapshot(what); },
      [self](const wire::remove_snapshot& what) { self->state.remove_snapshot(what); },
      [self](const wire::drop_items& what) { self->state.drop(what); },
      [self](wire::cut_atom) { self->state.keep_cutting(); },
      [self](wire::tick_atom) { self->state.keep_house(); },
      [self](wire::stop_atom) {
        self->state.files->close_all();
        self->quit();
      },
      [self](const wire::audit_items& what) { return self->state.audit(what); },
      [self](const wire::read_mark& what) { return self->state.read_mark(what); },
  };
}

wire::scrubbed_items_actor spawn_items(caf::actor_system& system, items_options options, bool detached) {
  remove_snapshots(options.directory);
  return detached ? system.spawn<caf::detached>(items, std::move(options))
                  : system.spawn(items, std::move(options));
}

} // namespace troupe::disk
