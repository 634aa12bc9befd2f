// Items archived whole: one snapshot at a time, and only when no log waits for a hand. The item worker cuts
// it and gives it piece by piece; pieces are collected into parts, each is put, got again and compared, and
// at last the manifest that makes a snapshot of them. A store that hiccups is asked again, while the item
// worker keeps what it cut. The parts of one that fails are removed by who put them; what a node that dies
// leaves has no manifest, and nobody looks at it.
#include "actors/archiver/archiver_state.h"
#include "actors/kit/log.h"
#include "storage/checksum.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::archiver {

namespace {

constexpr auto page_within = std::chrono::seconds(30);
constexpr std::int64_t ask_again_us = 1'000'000;   // while it is being cut
constexpr std::int64_t keep_every_us = 10'000'000; // a third of what the item worker keeps a transfer for
constexpr int tries_max = 35;                      // of one part, about half an hour; then all begins anew
constexpr std::int64_t try_again_us = 1'000'000;   // doubles
constexpr std::int64_t try_again_most_us = 60'000'000;
constexpr std::size_t heap_max = 64;                // snapshots
constexpr std::size_t sweep_parts = 64;             // at once
constexpr std::int64_t sweep_again_us = 60'000'000; // after a failure

using act = archive::snapshot_planner::act;

} // namespace

void archiver_state::consider_snapshot(std::uint64_t group) {
  auto& one = charges[group];
  if (one.looking || !one.about || !one.planner || cluster_id == 0 || !options.items)
    return;
  auto step = one.planner->next(now());
  if (step.what == act::wait)
    return wake_at(step.until);
  one.looking = true;
  looks.push_back(group);
}

// A part that was collected goes first; then the groups, each once.
void archiver_state::start_snapshots() {
  if (snapshot && snapshot->ready) {
    if (!snapshot_charge()) {
      snapshot_failed("its replica is gone");
    } else if (now() < snapshot->try_us) {
      wake_at(snapshot->try_us);
    } else if (!free_hands.empty()) {
      auto hand = std::move(free_hands.back());
      free_hands.pop_back();
      place(hand);
    }
  }
  for (auto left = looks.size(); left > 0 && !free_hands.empty(); --left) {
    auto group = looks.front();
    looks.pop_front();
    auto it = charges.find(group);
    if (it == charges.end() || !it->second.looking || !it->second.about)
      continue;
    auto& one = it->second;
    auto step = one.planner->next(now());
    if (step.what == act::wait) {
      one.looking = false;
      wake_at(step.until);
    } else if (step.what == act::look) {
      look_for_snapshots(group);
    } else if (snapshot) { // one at a time
      looks.push_back(group);
    } else {
      begin_snapshot(group);
    }
  }
  sweep();
}

void archiver_state::look_for_snapshots(std::uint64_t group) {
  ticket t{group, charges.at(group).life, std::move(free_hands.back())};
  free_hands.pop_back();
  store_job job;
  job.what = store_job::kind::look;
  job.folder = folder_of(group);
  self->request(t.hand, caf::infinite, std::move(job))
      .then([this, t](const store_done& done) { looked(t, done); },
            [this, t](const caf::error& why) {
              store_done done;
              done.result = store_done::outcome::failed;
              done.text = self->home_system().render(why);
              looked(t, done);
            });
}

void archiver_state::looked(const ticket& t, const store_done& done) {
  free_hands.push_back(t.hand);
  if (auto* one = find(t)) {
    one->looking = false;
    if (done.result == store_done::outcome::done)
      one->planner->looked(done.snapshot, done.log_bytes, now());
    else
      one->planner->failed(now());
    consider_snapshot(t.group);
  }
  start_jobs();
}

void archiver_state::begin_snapshot(std::uint64_t group) {
  auto& one = charges.at(group);
  snapshot.emplace();
  snapshot->group = group;
  snapshot->life = one.life;
  snapshot->transfer = dice();
  snapshot->id.id = dice();
  snapshot->at_least = std::max({one.planner->newest() + 1, one.unproven, one.planner->wanted()});
  snapshot->folder = folder_of(group);
  snapshot->manifest.about = about(group);
  ask_for_page();
}

charge* archiver_state::snapshot_charge() {
  auto it = snapshot ? charges.find(snapshot->group) : charges.end();
  return it == charges.end() || it->second.life != snapshot->life ? nullptr : &it->second;
}

void archiver_state::ask_for_page() {
  auto transfer = snapshot->transfer;
  snapshot->again_us = 0;
  snapshot->asked_us = now();
  self->request(options.items(snapshot->group), page_within,
                wire::page_snapshot{snapshot->group, transfer, snapshot->chunk, snapshot->at_least})
      .then([this, transfer](wire::snapshot_part& page) { on_snapshot_page(transfer, page); },
            [this, transfer](const caf::error& why) {
              if (snapshot && snapshot->transfer == transfer)
                snapshot_failed(self->home_system().render(why));
            });
}

// A part may have to wait for the store for longer than the item worker waits for anybody.
void archiver_state::keep_transfer() {
  if (!snapshot || !snapshot->content || snapshot->last || snapshot->over)
    return;
  if (now() < snapshot->asked_us + keep_every_us)
    return wake_at(snapshot->asked_us + keep_every_us);
  snapshot->asked_us = now();
  wake_at(snapshot->asked_us + keep_every_us);
  auto transfer = snapshot->transfer;
  auto heard = [this, transfer](const std::string& trouble) {
    if (snapshot && snapshot->transfer == transfer && !trouble.empty())
      snapshot_failed(trouble);
  };
  self->request(options.items(snapshot->group), page_within,
                wire::page_snapshot{snapshot->group, transfer, snapshot->chunk, snapshot->at_least})
      .then([heard](const wire::snapshot_part& page) { heard(page.result.ok() ? "" : page.result.text); },
            [this, heard](const caf::error& why) { heard(self->home_system().render(why)); });
}

void archiver_state::on_snapshot_page(std::uint64_t transfer, wire::snapshot_part& page) {
  if (!snapshot || snapshot->transfer != transfer || snapshot->over)
    return;
  auto& work = *snapshot;
  auto& chunk = page.chunk;
  if (!snapshot_charge())
    return snapshot_failed("its replica is gone");
  if (!page.result.ok())
    return snapshot_failed(page.result.text);
  if (page.being_cut) {
    work.again_us = now() + ask_again_us;
    return wake_at(work.again_us);
  }
  if (chunk.chunk() != work.chunk || storage::checksum(chunk.data()) != chunk.checksum())
    return snapshot_failed("a piece of it is damaged");
  if (work.chunk == 0) {
    work.manifest.header = chunk.header();
    work.id.index = chunk.header().index();
  }
  ++work.chunk;
  work.part += chunk.data();
  work.last = chunk.last();
  if (!work.last && work.part.size() + chunk.data().size() <= storage::snapshot_part_bytes)
    return ask_for_page();
  if (work.manifest.parts.size() == storage::snapshot_parts_max)
    return snapshot_failed("it has more parts than there may be");
  prepare_part();
  keep_transfer();
  start_jobs();
}

void archiver_state::prepare(std::string as, std::string content) {
  auto& work = *snapshot;
  work.name = std::move(as);
  work.content = std::make_shared<const std::string>(std::move(content));
  work.tries = 0;
  work.try_us = 0;
  work.ready = true;
}

void archiver_state::prepare_part() {
  auto& work = *snapshot;
  auto as = archive::snapshot_part_name(work.folder, work.id, work.manifest.parts.size());
  work.manifest.parts.push_back({work.part.size(), storage::checksum(work.part)});
  prepare(std::move(as), std::exchange(work.part, {}));
}

void archiver_state::place(const store_worker& hand) {
  auto& work = *snapshot;
  work.ready = false;
  work.placing = true;
  store_job job;
  job.what = store_job::kind::place;
  job.name = work.name;
  job.content = work.content;
  self->request(hand, caf::infinite, std::move(job))
      .then([this, transfer = work.transfer, hand](const store_done& done) { placed(transfer, hand, done); },
            [this, transfer = work.transfer, hand](const caf::error& why) {
              store_done done;
              done.result = store_done::outcome::failed;
              done.text = self->home_system().render(why);
              placed(transfer, hand, done);
            });
}

void archiver_state::placed(std::uint64_t transfer, const store_worker& hand, const store_done& done) {
  free_hands.push_back(hand);
  if (snapshot && snapshot->transfer == transfer) {
    snapshot->placing = false;
    if (done.result == store_done::outcome::damaged)
      meter->damaged.Increment();
    if (snapshot->over) {
      discard();
    } else if (!snapshot_charge()) {
      snapshot_failed("its replica is gone");
    } else if (done.result != store_done::outcome::done) {
      not_placed(done);
    } else {
      meter->uploads.Increment();
      meter->upload_bytes.Increment(static_cast<double>(done.bytes));
      snapshot->content.reset();
      if (!snapshot->last) {
        ask_for_page();
      } else if (snapshot->named) {
        snapshot_is_there();
      } else {
        snapshot->named = true;
        prepare(archive::snapshot_name(snapshot->folder, snapshot->id),
                storage::write_snapshot_manifest(snapshot->manifest));
      }
    }
  }
  start_jobs();
}

// The parts before it are there: it would be a pity to begin anew because a store was away for a minute.
void archiver_state::not_placed(const store_done& done) {
  auto& work = *snapshot;
  if (++work.tries == tries_max)
    return snapshot_failed(done.text);
  meter->failures.Increment();
  auto pause = std::min(try_again_us << std::min(work.tries - 1, 16), try_again_most_us);
  work.try_us = now() + pause;
  work.ready = true;
  wake_at(work.try_us);
}

void archiver_state::snapshot_is_there() {
  auto group = snapshot->group;
  meter->snapshots.Increment();
  kit::log(kit::level::info, options.node, "archiver",
           "group " + std::to_string(group) + ": its items as of entry " +
               std::to_string(snapshot->id.index) + " are archived");
  auto& one = *snapshot_charge();
  one.looking = false;
  one.planner->made(snapshot->id.index, now());
  one.prove_us = 0; // it may bridge the gap
  snapshot.reset();
  consider(group);
}

void archiver_state::snapshot_failed(const std::string& why) {
  if (snapshot->over)
    return;
  auto group = snapshot->group;
  meter->failures.Increment();
  kit::log(kit::level::warning, options.node, "archiver",
           "group " + std::to_string(group) + ": a snapshot of its items was not archived: " + why);
  auto* one = snapshot_charge();
  snapshot->over = true;
  if (!snapshot->placing)
    discard();
  if (!one)
    return;
  one->looking = false;
  one->planner->failed(now());
  consider_snapshot(group);
}

// Its parts go, unless a manifest may name them: one that could not be put has perhaps been put all the same.
void archiver_state::discard() {
  auto& work = *snapshot;
  if (!work.named && !work.manifest.parts.empty()) {
    if (heap.size() < heap_max)
      heap.push_back({work.folder, work.id, 0, work.manifest.parts.size()});
    else
      kit::log(kit::level::warning, options.node, "archiver",
               work.folder + ": the parts of a snapshot that failed stay there");
  }
  snapshot.reset();
}

void archiver_state::sweep() {
  if (heap.empty() || sweeping || free_hands.empty())
    return;
  if (now() < sweep_us)
    return wake_at(sweep_us);
  sweeping = true;
  auto& one = heap.front();
  auto hand = std::move(free_hands.back());
  free_hands.pop_back();
  store_job job;
  job.what = store_job::kind::remove;
  job.folder = one.folder;
  job.snapshot = one.id;
  job.from_part = one.next;
  job.to_part = std::min(one.next + sweep_parts, one.end);
  self->request(hand, caf::infinite, std::move(job))
      .then([this, hand](const store_done& done) { swept(hand, done); },
            [this, hand](const caf::error& why) {
              store_done done;
              done.result = store_done::outcome::failed;
              done.text = self->home_system().render(why);
              swept(hand, done);
            });
}

void archiver_state::swept(const store_worker& hand, const store_done& done) {
  free_hands.push_back(hand);
  sweeping = false;
  if (done.result != store_done::outcome::done) {
    meter->failures.Increment();
    sweep_us = now() + sweep_again_us;
  } else if (auto& one = heap.front(); one.next + sweep_parts < one.end) {
    one.next += sweep_parts;
  } else {
    heap.pop_front();
  }
  start_jobs();
}

} // namespace troupe::archiver
