// What keepers say is to be done, done: a job at a time for a group, as many groups at once as there are
// hands.
#include "actors/archiver/archiver_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::archiver {

namespace {

constexpr std::uint64_t page_bytes = 512u << 10; // of the log, asked of the disk at once
constexpr std::size_t entries_max = 1u << 17;    // in a segment, however short they are
constexpr std::int64_t prove_again_us = 60'000'000;

} // namespace

// Where a log begins above 0 somebody looks whether the archive reaches so far, also while nothing else is to
// do, and again from time to time while it does not: another member may have filled the gap.
archive::step archiver_state::next_step(charge& one) {
  auto step = one.keeper->next(now());
  if (step.what != archive::act::wait || one.unproven == 0)
    return step;
  auto look = std::max(one.prove_us, one.keeper->not_before());
  if (now() >= look)
    return {archive::act::list, archive::never, {}};
  step.until = std::min(step.until, look);
  return step;
}

void archiver_state::consider(std::uint64_t group) {
  consider_snapshot(group);
  auto& one = charges[group];
  if (one.busy || one.queued || !one.about || !one.keeper || cluster_id == 0)
    return;
  auto step = next_step(one);
  if (step.what == archive::act::wait)
    return wake_at(step.until);
  one.queued = true;
  queue.push_back(group);
}

void archiver_state::start_jobs() {
  while (!queue.empty() && !free_hands.empty()) {
    auto group = queue.front();
    queue.pop_front();
    auto it = charges.find(group);
    if (it == charges.end() || !std::exchange(it->second.queued, false) || !it->second.keeper ||
        it->second.busy)
      continue;
    auto& one = it->second;
    one.doing = next_step(one); // it may have heard something since
    if (one.doing.what == archive::act::wait) {
      wake_at(one.doing.until);
      continue;
    }
    one.busy = true;
    ticket t{group, one.life, std::move(free_hands.back())};
    free_hands.pop_back();
    begin(t);
  }
  start_snapshots();
}

std::string archiver_state::folder_of(std::uint64_t group) const {
  return archive::folder_of({cluster_id, charges.at(group).about->table_id, group});
}

// Whose it is, as every object says.
msg::SegmentManifest archiver_state::about(std::uint64_t group) const {
  auto& known = *charges.at(group).about;
  msg::SegmentManifest said;
  said.set_cluster(options.cluster);
  said.set_cluster_id(cluster_id);
  said.set_table_id(known.table_id);
  said.set_table(known.table);
  said.set_group(group);
  said.set_from(known.from);
  said.set_to(known.to);
  return said;
}

void archiver_state::begin(const ticket& t) {
  auto& one = charges.at(t.group);
  store_job job;
  job.folder = folder_of(t.group);
  job.archived = one.keeper->archived();
  switch (one.doing.what) {
  case archive::act::list:
    job.what = store_job::kind::list;
    job.covers = one.unproven;
    return ask_store(t, std::move(job));
  case archive::act::read_back:
    job.what = store_job::kind::fetch;
    job.object = one.doing.object;
    return ask_store(t, std::move(job));
  default:
    one.entries.clear();
    one.entry_bytes = 0;
    return collect(t);
  }
}

void archiver_state::ask_store(const ticket& t, store_job job) {
  // Local, and the end of a worker is an answer, too: no timeout.
  self->request(t.hand, caf::infinite, std::move(job))
      .then([this, t](store_done& done) { on_done(t, done); },
            [this, t](const caf::error& why) {
              store_done done;
              done.result = store_done::outcome::failed;
              done.text = self->home_system().render(why);
              on_done(t, done);
            });
}

void archiver_state::on_done(const ticket& t, store_done& done) {
  auto* one = find(t);
  if (!one)
    return finish(t);
  using outcome = store_done::outcome;
  auto t_us = now();
  switch (one->doing.what) {
  case archive::act::list:
    listed(*one, done);
    break;
  case archive::act::read_back:
    if (done.result == outcome::done)
      return compare(t, done);
    if (done.result == outcome::failed) {
      failed(*one, done.text);
      break;
    }
    (done.result == outcome::damaged ? meter->damaged : meter->failures).Increment();
    one->trouble = done.text;
    one->keeper->checked(
        one->doing.object,
        done.result == outcome::damaged ? archive::verdict::damaged : archive::verdict::missing, 0, t_us);
    break;
  default:
    if (done.result != outcome::done) {
      if (done.result == outcome::unsound)
        one->unsound = done.text;
      failed(*one, done.text);
      break;
    }
    meter->uploads.Increment();
    meter->upload_bytes.Increment(static_cast<double>(done.bytes));
    one->keeper->uploaded(done.object, t_us);
  }
  finish(t);
}

void archiver_state::listed(charge& one, store_done& done) {
  if (done.result != store_done::outcome::done)
    return failed(one, done.text);
  if (one.unproven != 0 && done.covers == one.unproven) { // else: the log begins elsewhere by now
    one.gap = !done.covered;
    if (done.covered)
      one.unproven = 0;
    one.planner->gap_below(one.gap ? one.unproven : 0);
    one.prove_us = now() + prove_again_us;
  }
  one.keeper->listed(done.found, now());
}

// Everything up to there is archived, from the first entry or from a snapshot on; 0: nobody has seen that.
std::uint64_t archiver_state::proven(const charge& one) const {
  return one.unproven == 0 ? one.keeper->archived() : 0;
}

// The segment is sound. Whether it is this log's, its last entry says: equal links are equal logs.
void archiver_state::compare(const ticket& t, store_done& done) {
  auto last = charges.at(t.group).doing.object.last;
  auto judge = [this, t, found = std::move(done.manifest), bytes = done.bytes_behind,
                stored = done.bytes](wire::log_page& page) {
    auto* one = find(t);
    if (!one)
      return finish(t);
    if (!page.result.ok() || page.entries.empty()) {
      failed(*one, page.result.ok() ? "the log does not reach what is archived" : page.result.text);
      return finish(t);
    }
    auto verdict = archive::judge(found, one->doing.object, {cluster_id, one->about->table_id, t.group},
                                  page.entries.front());
    if (verdict == archive::verdict::same) {
      meter->read_backs.Increment();
      one->planner->archived(stored);
      one->link = found.last_link();
      one->unsound.clear();
      one->trouble.clear();
    } else if (verdict == archive::verdict::damaged) {
      meter->damaged.Increment();
    } else {
      meter->failures.Increment();
    }
    one->keeper->checked(one->doing.object, verdict, bytes, now());
    finish(t);
  };
  self->request(options.disk, caf::infinite, wire::page_log{t.group, last, last, 1})
      .then(judge, [this, t](const caf::error& why) {
        if (auto* one = find(t))
          failed(*one, self->home_system().render(why));
        finish(t);
      });
}

void archiver_state::collect(const ticket& t) {
  auto& one = charges.at(t.group);
  auto next = one.doing.object.first + one.entries.size();
  auto room = std::min(page_bytes, options.rules.segment_bytes - one.entry_bytes);
  self->request(options.disk, caf::infinite, wire::page_log{t.group, next, one.doing.object.last, room})
      .then([this, t](wire::log_page& page) { on_page(t, page); },
            [this, t](const caf::error& why) {
              if (auto* it = find(t))
                failed(*it, self->home_system().render(why));
              finish(t);
            });
}

void archiver_state::on_page(const ticket& t, wire::log_page& page) {
  auto* one = find(t);
  if (!one)
    return finish(t);
  if (!page.result.ok()) {
    if (page.result.outcome == wire::disk_outcome::corrupt)
      one->unsound = page.result.text;
    failed(*one, page.result.text);
    return finish(t);
  }
  auto ended = page.entries.empty();
  for (auto& entry : page.entries) {
    one->entry_bytes += entry.payload().size();
    one->entries.push_back(std::move(entry));
  }
  auto whole = one->entry_bytes >= options.rules.segment_bytes || one->entries.size() >= entries_max ||
               (!one->entries.empty() && one->entries.back().index() >= one->doing.object.last);
  if (!ended && !whole)
    return collect(t);
  if (!one->entries.empty())
    return upload(t);
  failed(*one, "the log does not reach what is committed");
  finish(t);
}

// Entries that are no log are not archived: what is wrong must be found here, not when somebody needs them.
// That they are this group's, without holes, each with its link, is looked at where the segment is made.
void archiver_state::upload(const ticket& t) {
  auto& one = charges.at(t.group);
  auto& first = one.entries.front();
  auto follows = !one.link || *one.link == first.previous_link();
  if (!follows || first.index() != one.doing.object.first ||
      one.entries.back().index() > one.doing.object.last) {
    one.unsound = "entry " + std::to_string(first.index()) + " does not follow what is archived";
    failed(one, one.unsound);
    return finish(t);
  }
  store_job job;
  job.what = store_job::kind::store;
  job.folder = folder_of(t.group);
  job.object.copy = one.doing.object.copy;
  job.about = std::make_shared<const msg::SegmentManifest>(about(t.group));
  job.entries = std::make_shared<const std::vector<msg::Entry>>(std::move(one.entries));
  one.entries = {};
  ask_store(t, std::move(job));
}

void archiver_state::failed(charge& one, std::string why) {
  meter->failures.Increment();
  one.trouble = std::move(why);
  one.keeper->failed(now());
}

// The hand is free for whoever waits; whatever became of the job.
void archiver_state::finish(const ticket& t) {
  free_hands.push_back(t.hand);
  if (auto* one = find(t)) {
    one->busy = false;
    one->entries = {};
    answer_askers(*one);
    tell(t.group);
    consider(t.group);
  }
  start_jobs();
}

} // namespace troupe::archiver
