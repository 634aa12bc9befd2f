#include "actors/restorer/rebuild_worker.h"
#include "actors/history/rebuild.h"
#include <caf/all.hpp>
#include <filesystem>

namespace troupe::restorer {

namespace {

constexpr std::size_t page_items = 1000;
constexpr std::uint64_t log_bytes = 64u << 20; // about what a step may add, and the write-ahead log beside it

struct worker_state {
  static inline const char* name = "rebuild_worker";
  store_opener open;
  std::string scratch;
  storage::spare_room room;
  std::unique_ptr<storage::object_store> store;
  std::unique_ptr<history::rebuild> work; // ends before the store does

  rebuild_done failed(std::string why) {
    close();
    rebuild_done done;
    done.trouble = std::move(why);
    return done;
  }

  void close() {
    work.reset();
    store.reset();
  }

  rebuild_done begin(const rebuild_job& job) {
    close();
    std::error_code trouble;
    std::filesystem::remove_all(scratch, trouble);
    if (!trouble)
      std::filesystem::create_directories(scratch, trouble);
    if (trouble)
      return failed(scratch + ": " + trouble.message());
    auto opened = open();
    if (!opened)
      return failed(opened.error().text);
    store = std::move(*opened);
    history::rebuild_order order;
    order.whose = job.whose;
    order.last = job.last;
    order.time_ms = job.time_ms;
    order.path = scratch + "/" + std::to_string(job.whose.group) + ".db";
    order.room = [this](std::uint64_t bytes) { return room.has(scratch, bytes); };
    if (auto may = room.has(scratch, log_bytes); !may)
      return failed(may.error().text);
    auto begun = history::rebuild::begin(*store, std::move(order));
    if (!begun)
      return failed(begun.error().text);
    work = std::move(*begun);
    return {};
  }

  rebuild_done page(const rebuild_job& job) {
    auto page = work->items().scan(job.from, "", false, page_items, job.bytes);
    if (!page)
      return failed(page.error().text);
    rebuild_done done;
    done.items = std::move(page->records);
    done.more = page->more;
    return done;
  }

  rebuild_done carry_out(const rebuild_job& job) {
    if (job.what == rebuild_job::kind::begin)
      return begin(job);
    if (job.what == rebuild_job::kind::end) {
      close();
      return {};
    }
    if (!work)
      return failed("there is no rebuild to go on with");
    if (job.what == rebuild_job::kind::page)
      return page(job);
    if (auto may = room.has(scratch, log_bytes); !may)
      return failed(may.error().text);
    auto whole = work->step();
    rebuild_done done;
    if (!whole) {
      done = failed(whole.error().text);
      auto why = whole.error().code;
      done.lacking = why == storage::code::corrupt || why == storage::code::missing;
      return done;
    }
    done.whole = *whole;
    return done;
  }
};

rebuild_worker::behavior_type worker(rebuild_worker::stateful_pointer<worker_state> self, store_opener open,
                                     std::string scratch, storage::spare_room room) {
  self->state.open = std::move(open);
  self->state.scratch = std::move(scratch);
  self->state.room = std::move(room);
  std::error_code absent; // what a former life left, which is of no use to anybody
  std::filesystem::remove_all(self->state.scratch, absent);
  return {
      [self](const rebuild_job& job) { return self->state.carry_out(job); },
      [self](wire::stop_atom) {
        self->state.close();
        self->quit();
      },
  };
}

} // namespace

rebuild_worker spawn_rebuild_worker(caf::actor_system& system, store_opener open, std::string scratch,
                                    storage::spare_room room, bool detached) {
  return detached ? system.spawn<caf::detached>(worker, std::move(open), std::move(scratch), std::move(room))
                  : system.spawn(worker, std::move(open), std::move(scratch), std::move(room));
}

} // namespace troupe::restorer
