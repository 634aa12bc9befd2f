#include "actors/archiver/store_worker.h"
#include "actors/history/rebuild.h"
#include "actors/history/snapshots.h"
#include "storage/archive/segment.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::archiver {

namespace {

using outcome = store_done::outcome;

constexpr int pages_max = 2; // of a listing: more than a keeper looks at

store_done failure(const storage::error& why) {
  store_done done;
  done.result = outcome::failed;
  done.text = why.text;
  return done;
}

// Its index; 0: there is none.
storage::result<std::uint64_t> newest_snapshot(const store_job& job, storage::object_store& store) {
  auto newest = history::newest_snapshot(store, job.folder, history::everything);
  if (!newest)
    return newest.error();
  return *newest ? (*newest)->index : 0;
}

// Whether everything up to `to` can be rebuilt: from the newest snapshot, or the first entry, by segments
// between which nothing is missing. They are listed by their last entries, so what a segment that comes too
// early to be joined holds, a later one that can be holds as well.
storage::result<bool> can_be_rebuilt(const store_job& job, std::uint64_t to, storage::object_store& store) {
  auto reached = newest_snapshot(job, store);
  if (!reached)
    return reached.error();
  auto after = archive::names_behind(job.folder, *reached);
  for (bool more = true; more && *reached < to;) {
    auto page = store.list(archive::segments_prefix(job.folder), after, storage::object_page_max);
    if (!page)
      return page.error();
    for (auto& object : page->objects) {
      after = object.name;
      auto segment = archive::read_segment_name(job.folder, object.name);
      if (segment && segment->first <= *reached + 1)
        *reached = std::max(*reached, segment->last);
    }
    more = page->more;
  }
  return *reached >= to;
}

store_done list(const store_job& job, storage::object_store& store) {
  store_done done;
  auto after = archive::names_behind(job.folder, job.archived);
  for (int i = 0; i < pages_max; ++i) {
    auto page = store.list(archive::segments_prefix(job.folder), after, storage::object_page_max);
    if (!page)
      return failure(page.error());
    for (auto& object : page->objects)
      if (auto segment = archive::read_segment_name(job.folder, object.name))
        done.found.push_back(*segment);
    if (!page->more || page->objects.empty())
      break;
    after = page->objects.back().name;
  }
  if (job.covers == 0)
    return done;
  done.covers = job.covers;
  auto covered = can_be_rebuilt(job, job.covers, store);
  if (!covered)
    return failure(covered.error());
  done.covered = *covered;
  return done;
}

store_done look(const store_job& job, storage::object_store& store) {
  store_done done;
  auto newest = newest_snapshot(job, store);
  if (!newest)
    return failure(newest.error());
  done.snapshot = *newest;
  auto after = archive::names_behind(job.folder, done.snapshot);
  for (bool more = true; more;) {
    auto page = store.list(archive::segments_prefix(job.folder), after, storage::object_page_max);
    if (!page)
      return failure(page.error());
    for (auto& object : page->objects) {
      after = object.name;
      done.log_bytes += object.bytes;
    }
    more = page->more;
  }
  return done;
}

store_done place(const store_job& job, storage::object_store& store) {
  store_done done;
  done.bytes = job.content->size();
  if (auto stored = store.put(job.name, *job.content); !stored)
    return failure(stored.error());
  auto again = store.get(job.name, job.content->size());
  if (!again && again.error().code != storage::code::corrupt)
    return failure(again.error());
  if (!again || *again != *job.content) {
    if (auto removed = store.remove(job.name); !removed)
      return failure(removed.error());
    done.result = outcome::damaged;
    done.text = store.where(job.name) + ": came back as something else";
  }
  return done;
}

store_done remove(const store_job& job, storage::object_store& store) {
  for (auto part = job.from_part; part < job.to_part; ++part)
    if (auto removed = store.remove(archive::snapshot_part_name(job.folder, job.snapshot, part)); !removed)
      return failure(removed.error());
  return {};
}

store_done fetch(const store_job& job, storage::object_store& store) {
  store_done done;
  auto name = archive::segment_name(job.folder, job.object);
  auto bytes = store.get(name, storage::segment_bytes_max);
  if (!bytes) {
    done = failure(bytes.error());
    if (bytes.error().code == storage::code::missing)
      done.result = outcome::missing;
    else if (bytes.error().code == storage::code::corrupt)
      done.result = outcome::damaged;
    return done;
  }
  done.bytes = bytes->size();
  auto segment = storage::read_segment(*bytes, store.where(name));
  if (!segment) {
    done.result = segment.error().code == storage::code::corrupt ? outcome::damaged : outcome::failed;
    done.text = segment.error().text;
    return done;
  }
  for (auto& entry : segment->entries)
    if (entry.index() > job.archived)
      done.bytes_behind += entry.payload().size();
  done.manifest = std::move(segment->manifest);
  return done;
}

store_done put(const store_job& job, storage::object_store& store) {
  store_done done;
  auto made = storage::write_segment(*job.about, *job.entries);
  if (!made) {
    done.result = outcome::unsound;
    done.text = made.error().text;
    return done;
  }
  done.object = {job.entries->front().index(), job.entries->back().index(), job.object.copy};
  done.bytes = made->size();
  auto stored = store.put(archive::segment_name(job.folder, done.object), *made);
  return stored ? done : failure(stored.error());
}

struct worker_state {
  static inline const char* name = "store_worker";
  store_opener open;
  std::unique_ptr<storage::object_store> store;

  store_done work(const store_job& job) {
    if (!store) {
      auto opened = open();
      if (!opened)
        return failure(opened.error());
      store = std::move(*opened);
    }
    auto done = carry_out(job, *store);
    if (done.result == outcome::failed)
      store.reset();
    return done;
  }
};

store_worker::behavior_type worker(store_worker::stateful_pointer<worker_state> self, store_opener open) {
  self->state.open = std::move(open);
  return {
      [self](const store_job& job) { return self->state.work(job); },
      [self](wire::stop_atom) { self->quit(); },
  };
}

} // namespace

store_done carry_out(const store_job& job, storage::object_store& store) {
  switch (job.what) {
  case store_job::kind::list:
    return list(job, store);
  case store_job::kind::fetch:
    return fetch(job, store);
  case store_job::kind::look:
    return look(job, store);
  case store_job::kind::place:
    return place(job, store);
  case store_job::kind::remove:
    return remove(job, store);
  default:
    return put(job, store);
  }
}

store_worker spawn_store_worker(caf::actor_system& system, store_opener open, bool detached) {
  return detached ? system.spawn<caf::detached>(worker, std::move(open))
                  : system.spawn(worker, std::move(open));
}

} // namespace troupe::archiver
