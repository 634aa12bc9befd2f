#include "actors/scrubber/archive_worker.h"
#include "actors/history/rebuild.h"
#include "actors/scrubber/paced_store.h"
#include "storage/archive/segment.h"
#include <caf/all.hpp>
#include <filesystem>

namespace troupe::scrubber {

namespace {

using outcome = archive_work_done::outcome;
using storage::code;

// A snapshot as it comes, the items made of it, and their write-ahead log beside them.
constexpr std::uint64_t scratch_per_item_byte = 3;
constexpr std::uint64_t scratch_least = 64ull << 20;

archive_work_done failure(const storage::error& why) {
  archive_work_done done;
  done.result = why.code == code::corrupt || why.code == code::missing ? outcome::not_whole : outcome::failed;
  if (why.code == code::full)
    done.result = outcome::no_room;
  done.text = why.text;
  return done;
}

archive_work_done survey(const archive_job& job, storage::object_store& store) {
  archive_work_done done;
  history::survey all(store, history::survey_depth::bytes, archive::folder_of(job.whose));
  auto found = all.next();
  if (!found)
    return failure(found.error());
  if (*found)
    done.found = std::make_shared<const history::group_survey>(std::move(**found));
  return done;
}

// Under the first name of these entries that is free, or has them. What is there is never touched: a damaged
// object stays for whoever wants to know what became of it, and readers pass it over.
archive_work_done put(const archive_job& job, storage::object_store& store) {
  auto made = storage::write_segment(*job.about, *job.entries);
  if (!made)
    return failure(made.error());
  const auto folder = archive::folder_of(job.whose);
  for (std::uint32_t copy = 0; copy <= archive::copies_max; ++copy) {
    const auto name =
        archive::segment_name(folder, {job.entries->front().index(), job.entries->back().index(), copy});
    if (auto stored = store.put(name, *made); !stored)
      return failure(stored.error());
    auto again = store.get(name, storage::segment_bytes_max);
    if (!again && again.error().code != code::corrupt && again.error().code != code::missing)
      return failure(again.error());
    if (!again)
      continue;
    auto there = storage::read_segment(*again, store.where(name));
    if (there && there->manifest.group() == job.about->group() &&
        there->manifest.last_link() == job.entries->back().link())
      return {};
  }
  return failure({code::corrupt, store.where(folder) + ": every copy of entries " +
                                     std::to_string(job.entries->front().index()) + " to " +
                                     std::to_string(job.entries->back().index()) + " is damaged"});
}

archive_work_done rebuild(const archive_job& job, const archive_terms& terms, storage::object_store& store) {
  std::error_code trouble;
  std::filesystem::create_directories(terms.scratch, trouble);
  if (trouble)
    return failure({code::io, terms.scratch + ": " + trouble.message()});
  auto room = [&](std::uint64_t bytes) { return terms.room.has(terms.scratch, bytes); };
  if (auto there = room(scratch_per_item_byte * job.item_bytes + scratch_least); !there)
    return failure(there.error());
  history::rebuild_order order;
  order.whose = job.whose;
  order.last = job.last;
  order.log_alone = job.log_alone;
  order.path = terms.scratch + "/reference.db";
  order.items.from = job.from;
  order.items.to = job.to;
  order.room = room;
  auto work = history::rebuild::begin(store, std::move(order));
  if (!work)
    return failure(work.error());
  for (;;) {
    auto over = (*work)->step();
    if (!over)
      return failure(over.error());
    if (*over)
      break;
    if (auto there = room(scratch_least); !there)
      return failure(there.error());
  }
  auto digests = (*work)->items().digests();
  if (!digests)
    return failure({code::io, terms.scratch + ": the digests of a rebuilt copy are not known"});
  archive_work_done done;
  for (const auto& leaf : *digests)
    done.leaves.push_back({leaf.sum, leaf.items});
  done.began_with = (*work)->began_with();
  return done;
}

struct worker_state {
  static inline const char* name = "archive_worker";
  archive_terms terms;
  std::unique_ptr<storage::object_store> store;

  // A rebuild that the last run of this node did not end.
  void start(archive_terms what) {
    terms = std::move(what);
    std::error_code nothing_there;
    std::filesystem::remove_all(terms.scratch, nothing_there);
  }

  archive_work_done work(const archive_job& job) {
    if (!store) {
      auto opened = terms.open();
      if (!opened)
        return failure({code::io, opened.error().text});
      store = std::move(*opened);
    }
    auto done = carry_out(job, terms, *store);
    if (done.result == outcome::failed)
      store.reset();
    return done;
  }
};

archive_worker_actor::behavior_type worker(archive_worker_actor::stateful_pointer<worker_state> self,
                                           archive_terms terms) {
  self->state.start(std::move(terms));
  return {
      [self](const archive_job& job) { return self->state.work(job); },
      [self](wire::stop_atom) { self->quit(); },
  };
}

} // namespace

archive_work_done carry_out(const archive_job& job, const archive_terms& terms,
                            storage::object_store& store) {
  paced_store paced(store, scrub::pace(terms.bytes_per_second), terms.cancelled.get());
  auto done = [&] {
    switch (job.what) {
    case archive_job::kind::survey:
      return survey(job, paced);
    case archive_job::kind::put:
      return put(job, paced);
    default:
      return rebuild(job, terms, paced);
    }
  }();
  done.read_bytes = paced.bytes_read();
  return done;
}

archive_worker_actor spawn_archive_worker(caf::actor_system& system, archive_terms terms, bool detached) {
  return detached ? system.spawn<caf::detached>(worker, std::move(terms))
                  : system.spawn(worker, std::move(terms));
}

} // namespace troupe::scrubber
