#include "actors/disk/disk_actor.h"
#include "actors/disk/outcome.h"
#include "actors/kit/log.h"
#include "actors/kit/mailbox.h"
#include "config/limits.h"
#include "storage/disk_space.h"
#include <caf/all.hpp>
#include <cstdlib>
#include <deque>
#include <vector>

namespace troupe::disk {

namespace {

constexpr std::int64_t room_check_us = 200'000;
constexpr int commits_before_page = 4; // at most, that a page waits for while appends keep coming
constexpr auto housekeeping_every = std::chrono::milliseconds(250);

struct meters {
  explicit meters(kit::metrics& m)
      : sync_seconds(m.histogram("troupe_log_sync_seconds", "One group commit: written and synced.",
                                 kit::latency_buckets())),
        commit_jobs(m.histogram("troupe_log_commit_jobs", "Appends of replicas that share one sync.",
                                kit::size_buckets())),
        commit_entries(
            m.histogram("troupe_log_commit_entries", "Entries that share one sync.", kit::size_buckets())),
        refused(m.counter("troupe_log_refused_total", "Appends refused for want of room or by an error.")),
        file_bytes(m.gauge("troupe_log_file_bytes", "Size of the log file.")),
        wal_bytes(m.gauge("troupe_log_wal_bytes", "Size of the log's write-ahead log.")),
        entries(m.gauge("troupe_log_entries", "Entries kept in the log.")),
        free_bytes(m.gauge("troupe_disk_free_bytes", "Room on the data directory's file system.")),
        refusing(m.gauge("troupe_disk_refuses_writes", "1 while writes are refused for want of room.")),
        mailbox(kit::mailbox_depth(m, "disk")) {}
  prometheus::Histogram& sync_seconds;
  prometheus::Histogram& commit_jobs;
  prometheus::Histogram& commit_entries;
  prometheus::Counter& refused;
  prometheus::Gauge& file_bytes;
  prometheus::Gauge& wal_bytes;
  prometheus::Gauge& entries;
  prometheus::Gauge& free_bytes;
  prometheus::Gauge& refusing;
  prometheus::Histogram& mailbox;
};

} // namespace

struct disk_state {
  static inline const char* name = "disk";

  wire::scrubbed_disk_actor::stateful_pointer<disk_state> self = nullptr;
  disk_options options;
  std::unique_ptr<meters> meter;
  std::unique_ptr<storage::disk_reserve> reserve;
  std::vector<wire::append_log> batch;
  std::size_t batch_bytes = 0;
  bool commit_pending = false;
  bool no_room = false;
  std::int64_t room_checked_us = 0;
  bool housekeeping = false;
  struct asked_page {
    wire::page_log what;
    caf::typed_response_promise<wire::log_page> answer;
  };
  std::deque<asked_page> pages; // few: each of those who ask waits for its answer
  int page_waited = 0;          // commits that the first of them has let pass

  void load(const wire::load_log& what);
  void append(wire::append_log& job);
  void commit();
  void read(const wire::read_log& what);
  caf::typed_response_promise<wire::log_page> page(const wire::page_log& what);
  void turn_page();
  void drop(const wire::drop_log& what);
  wire::log_checked check(const wire::check_log& what);
  void mend(const wire::mend_entries& what);
  void keep_house();
  bool room();

private:
  void answer(const wire::append_log& job, wire::disk_result result);
  void stop_if_fatal(const storage::error& why);
  void schedule_housekeeping();
};

// A sync that failed has told the truth once; asked again the kernel may say that all is well. End here.
void disk_state::stop_if_fatal(const storage::error& why) {
  if (why.code != storage::code::io_fatal)
    return;
  kit::log(kit::level::error, "disk", "the log cannot be synced, this node ends now: " + why.text);
  if (options.fail_stop)
    options.fail_stop(why.text);
  std::abort();
}

bool disk_state::room() {
  auto now = options.clock->now_us();
  if (room_checked_us != 0 && now - room_checked_us < room_check_us)
    return !no_room;
  room_checked_us = now;
  auto free = storage::free_bytes(options.directory);
  if (!free)
    return !no_room;
  no_room = !reserve->update(*free);
  meter->free_bytes.Set(static_cast<double>(*free));
  meter->refusing.Set(no_room ? 1 : 0);
  return !no_room;
}

void disk_state::load(const wire::load_log& what) {
  commit(); // what was asked for before comes before
  wire::log_loaded answer_;
  if (!options.log->holds(what.group)) {
    self->send(what.who, std::move(answer_));
    return;
  }
  auto loaded = options.log->load(what.group);
  if (!loaded) {
    stop_if_fatal(loaded.error());
    answer_.result = outcome_of(loaded.error());
  } else if (loaded->verdict == storage::log_verdict::lost) {
    answer_.result = {wire::disk_outcome::missing, loaded->what};
  } else {
    answer_.exists = true;
    answer_.hard_state = std::move(loaded->hard_state);
    answer_.base = loaded->base.index;
    answer_.base_link = loaded->base.link;
    answer_.base_ballot = loaded->base.ballot;
    answer_.entries = std::move(loaded->entries);
    answer_.damaged = std::move(loaded->damaged);
  }
  self->send(what.who, std::move(answer_));
}

void disk_state::append(wire::append_log& job) {
  kit::observe_mailbox(meter->mailbox, self);
  for (auto& entry : job.entries)
    batch_bytes += entry->payload().size();
  batch.push_back(std::move(job));
  if (batch_bytes >= limits::group_commit_bytes)
    return commit();
  if (commit_pending)
    return;
  commit_pending = true;
  self->send(self, wire::commit_atom::value); // behind whatever waits in the mailbox: that shares the sync
}

void disk_state::commit() {
  commit_pending = false;
  if (batch.empty())
    return;
  auto jobs = std::move(batch);
  batch.clear();
  batch_bytes = 0;
  auto has_room = room();
  std::vector<storage::log_write> writes;
  std::vector<const wire::append_log*> accepted;
  std::size_t entries = 0;
  for (auto& job : jobs) {
    auto grows = !job.entries.empty() || job.hard_state;
    if (grows && !has_room) {
      answer(job, {wire::disk_outcome::full, "less than the reserve is free in " + options.directory});
      continue;
    }
    if (options.log->holds(job.group) == job.create) {
      auto group = std::to_string(job.group);
      answer(job, job.create ? wire::disk_result{wire::disk_outcome::exists, "the log holds group " + group}
                             : wire::disk_result{wire::disk_outcome::missing,
                                                 "the log holds nothing of group " + group});
      continue;
    }
    auto& w = writes.emplace_back();
    w.group = job.group;
    w.create = job.create;
    if (job.reset)
      w.reset = storage::log_base{job.reset->index, job.reset->link, job.reset->ballot};
    w.hard_state = std::move(job.hard_state);
    w.entries = std::move(job.entries);
    if (job.truncate_to > 0)
      w.truncate_up_to = job.truncate_to;
    entries += w.entries.size();
    accepted.push_back(&job);
  }
  if (writes.empty())
    return;
  auto started = options.clock->now_us();
  auto written = options.log->append(writes);
  meter->sync_seconds.Observe(static_cast<double>(options.clock->now_us() - started) / 1e6);
  meter->commit_jobs.Observe(static_cast<double>(accepted.size()));
  meter->commit_entries.Observe(static_cast<double>(entries));
  wire::disk_result result;
  if (!written) {
    stop_if_fatal(written.error());
    result = outcome_of(written.error());
    if (result.outcome == wire::disk_outcome::full)
      reserve->was_full();
  }
  for (auto job : accepted)
    answer(*job, result);
  schedule_housekeeping();
}

void disk_state::answer(const wire::append_log& job, wire::disk_result result) {
  if (!result.ok())
    meter->refused.Increment();
  if (job.who)
    self->send(job.who, wire::appended{std::move(result), job.job});
}

void disk_state::read(const wire::read_log& what) {
  wire::log_read answer_;
  answer_.from = what.from;
  auto entries = options.log->read(what.group, what.from, what.to, what.max_bytes);
  if (entries) {
    answer_.entries = std::move(*entries);
  } else {
    stop_if_fatal(entries.error());
    answer_.result = outcome_of(entries.error());
  }
  self->send(what.who, std::move(answer_));
}

// Behind whatever is in the mailbox now, and behind a few commits when there is always more.
caf::typed_response_promise<wire::log_page> disk_state::page(const wire::page_log& what) {
  pages.push_back({what, self->make_response_promise<wire::log_page>()});
  if (pages.size() == 1)
    self->send(self, wire::page_atom::value);
  return pages.back().answer;
}

void disk_state::turn_page() {
  if (!batch.empty() && page_waited < commits_before_page) {
    ++page_waited;
    self->send(self, wire::page_atom::value); // the commit is in the mailbox
    return;
  }
  commit(); // a page shows what was appended before it was asked for
  page_waited = 0;
  auto asked = std::move(pages.front());
  pages.pop_front();
  wire::log_page answer_;
  auto entries = options.log->read(asked.what.group, asked.what.from, asked.what.to, asked.what.max_bytes);
  if (entries) {
    answer_.entries = std::move(*entries);
  } else {
    stop_if_fatal(entries.error());
    answer_.result = outcome_of(entries.error());
  }
  asked.answer.deliver(std::move(answer_));
  if (!pages.empty())
    self->send(self, wire::page_atom::value);
}

void disk_state::drop(const wire::drop_log& what) {
  commit(); // what was asked for before comes before
  auto removed = options.log->remove_group(what.group);
  if (!removed) {
    stop_if_fatal(removed.error());
    kit::log(kit::level::warning, "disk",
             "dropping group " + std::to_string(what.group) + ": " + removed.error().text);
    self->make_response_promise().deliver(caf::make_error(caf::sec::runtime_error, removed.error().text));
  }
}

wire::log_checked disk_state::check(const wire::check_log& what) {
  wire::log_checked answer_;
  if (what.from == 0)
    if (auto forgotten = options.log->forget_cached(); !forgotten)
      stop_if_fatal(forgotten.error());
  auto slice = options.log->check(what.group, what.from, what.max_bytes);
  if (!slice) {
    stop_if_fatal(slice.error());
    answer_.result = outcome_of(slice.error());
    return answer_;
  }
  answer_.next = slice->next;
  answer_.bytes = slice->bytes;
  answer_.damaged = std::move(slice->damaged);
  answer_.rows_put_back = slice->rows_put_back;
  return answer_;
}

void disk_state::mend(const wire::mend_entries& what) {
  commit(); // what was asked for before comes before
  auto mended = options.log->mend(what.group, what.entries);
  if (mended) {
    kit::log(kit::level::info, "disk",
             "group " + std::to_string(what.group) + ": put back " + std::to_string(what.entries.size()) +
                 " log entries from entry " + std::to_string(what.entries.front()->index()) + " on");
    return;
  }
  stop_if_fatal(mended.error());
  kit::log(kit::level::warning, "disk", "mending the log: " + mended.error().text);
}

void disk_state::schedule_housekeeping() {
  if (housekeeping)
    return;
  housekeeping = true;
  self->delayed_send(self, housekeeping_every, wire::tick_atom::value);
}

// One bounded slice at a time: appends that arrived meanwhile go first.
void disk_state::keep_house() {
  housekeeping = false;
  auto more = options.log->maintenance_due();
  if (more) {
    auto done = options.log->maintain();
    if (!done) {
      stop_if_fatal(done.error());
      kit::log(kit::level::warning, "disk", "log maintenance: " + done.error().text);
      more = false;
    } else {
      more = *done;
    }
  }
  auto stats = options.log->stats();
  meter->file_bytes.Set(static_cast<double>(stats.file_bytes));
  meter->wal_bytes.Set(static_cast<double>(stats.wal_bytes));
  meter->entries.Set(static_cast<double>(stats.entries));
  room();
  if (more) {
    housekeeping = true;
    self->send(self, wire::tick_atom::value);
  } else if (no_room) {
    schedule_housekeeping(); // keep looking for room
  }
}

wire::scrubbed_disk_actor::behavior_type disk(wire::scrubbed_disk_actor::stateful_pointer<disk_state> self,
                                              disk_options options) {
  auto& state = self->state;
  state.self = self;
  state.options = std::move(options);
  state.meter = std::make_unique<meters>(*state.options.metrics);
  state.reserve = std::make_unique<storage::disk_reserve>(state.options.free_bytes_min);
  state.room();
  return {
      [self](const wire::load_log& what) { self->state.load(what); },
      [self](wire::append_log& job) { self->state.append(job); },
      [self](const wire::read_log& what) { self->state.read(what); },
      [self](const wire::page_log& what) { return self->state.page(what); },
      [self](wire::page_atom) { self->state.turn_page(); },
      [self](const wire::drop_log& what) { self->state.drop(what); },
      [self](wire::commit_atom) { self->state.commit(); },
      [self](wire::tick_atom) { self->state.keep_house(); },
      [self](wire::stop_atom) {
        self->state.commit();
        self->quit();
      },
      [self](const wire::check_log& what) { return self->state.check(what); },
      [self](const wire::mend_entries& what) { self->state.mend(what); },
  };
}

wire::scrubbed_disk_actor spawn_disk(caf::actor_system& system, disk_options options, bool detached) {
  return detached ? system.spawn<caf::detached>(disk, std::move(options))
                  : system.spawn(disk, std::move(options));
}

} // namespace troupe::disk
