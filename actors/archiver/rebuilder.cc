#include "actors/archiver/rebuilder.h"
#include "actors/history/rebuild.h"
#include "config/limits.h"
#include "storage/files.h"
#include "storage/snapshot.h"
#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <thread>

namespace troupe::archiver {

namespace {

constexpr std::size_t slice_bytes = 4u << 20;
constexpr std::int64_t wait_most_us = 100'000; // at once, so that the end is not far when the node stops

bool cancelled(const rebuilder_options& options) {
  return options.cancelled && *options.cancelled;
}

// Waits until so many bytes may go, or nobody wants them any more.
void pace(const rebuilder_options& options, std::uint64_t bytes) {
  while (options.takes && !cancelled(options)) {
    auto wait = options.takes->admit(bytes, options.clock->now_us());
    if (wait == 0)
      return;
    std::this_thread::sleep_for(std::chrono::microseconds(std::min(wait, wait_most_us)));
  }
}

// Nobody is to go on where the disk has no room for so many bytes more, or in a node that stops.
storage::result<void> may_go_on(const rebuilder_options& options, const rebuild_job& job,
                                std::uint64_t bytes = 0) {
  if (cancelled(options))
    return storage::error{storage::code::refused, "this node stops"};
  return options.room.has(storage::directory_of(job.path), bytes);
}

// A store from which no more is fetched in a second than the node may take, and nothing that it may not.
class paced_store final : public storage::object_store {
public:
  paced_store(std::unique_ptr<storage::object_store> from, const rebuilder_options& options,
              const rebuild_job& job)
      : from_(std::move(from)), options_(options), job_(job) {}

  storage::result<storage::put_outcome> put(const std::string& name, std::string_view bytes) override {
    return from_->put(name, bytes);
  }
  storage::result<std::string> get(const std::string& name, std::uint64_t max_bytes) override {
    if (auto may = may_go_on(options_, job_); !may)
      return may.error();
    return paced(from_->get(name, max_bytes));
  }
  storage::result<std::string> get_range(const std::string& name, std::uint64_t offset,
                                         std::size_t count) override {
    if (auto may = may_go_on(options_, job_); !may)
      return may.error();
    return paced(from_->get_range(name, offset, count));
  }
  storage::result<storage::object_page> list(const std::string& prefix, const std::string& after,
                                             std::size_t max) override {
    return from_->list(prefix, after, max);
  }
  storage::result<std::uint64_t> head(const std::string& name) override { return from_->head(name); }
  storage::result<void> remove(const std::string& name) override { return from_->remove(name); }
  std::string where(const std::string& name) const override { return from_->where(name); }

private:
  storage::result<std::string> paced(storage::result<std::string> bytes) {
    if (bytes)
      pace(options_, bytes->size());
    return bytes;
  }

  std::unique_ptr<storage::object_store> from_;
  const rebuilder_options& options_;
  const rebuild_job& job_;
};

class work {
public:
  work(rebuilder::pointer self, const rebuilder_options& options, const rebuild_job& job)
      : self_(self), options_(options), job_(job) {}

  wire::items_rebuilt run() {
    if (auto made = make(); !made)
      done_.trouble = made.error().text;
    done_.transfer = job_.transfer;
    return std::move(done_);
  }

private:
  storage::result<void> make() {
    auto opened = options_.open();
    if (!opened)
      return opened.error();
    paced_store store(std::move(*opened), options_, job_);
    history::rebuild_order order;
    order.whose = job_.whose;
    order.last = job_.last;
    order.path = job_.path + ".items";
    order.room = [this](std::uint64_t bytes) { return may_go_on(options_, job_, bytes); };
    auto made = history::rebuild::begin(store, std::move(order));
    if (!made)
      return made.error();
    if (auto there = apply_log(**made); !there)
      return there;
    return write(**made);
  }

  // The archive may end below what is chosen, or be damaged from somewhere on, as the last upload of a member
  // that is gone may be: the rest is in the replica's log.
  storage::result<void> apply_log(history::rebuild& items) {
    for (;;) {
      if (auto may = may_go_on(options_, job_); !may)
        return may;
      auto all = items.step();
      bool ended =
          !all && (all.error().code == storage::code::missing || all.error().code == storage::code::corrupt);
      if (ended && items.position().index < job_.least)
        return storage::error{all.error().code, all.error().text + ", and the log here begins behind entry " +
                                                    std::to_string(job_.least)};
      if (!all && !ended)
        return all.error();
      if (ended || *all)
        return {};
      tell(items);
    }
  }

  storage::result<void> write(history::rebuild& items) {
    if (auto may = may_go_on(options_, job_, items.items().stats().bytes); !may)
      return may;
    auto writer = storage::snapshot_writer::begin(items.items(), job_.path);
    if (!writer)
      return writer.error();
    for (;;) {
      if (auto may = may_go_on(options_, job_); !may)
        return may;
      auto all = (*writer)->step(slice_bytes);
      if (!all)
        return all.error();
      if (*all)
        break;
    }
    done_.file = job_.path;
    done_.index = items.position().index;
    done_.link = items.position().link;
    done_.bytes = done_.total = items.items().stats().bytes;
    return {};
  }

  // People see it as they see items that come from a member.
  void tell(history::rebuild& items) {
    wire::items_rebuilt progress;
    progress.transfer = job_.transfer;
    progress.bytes = items.items().stats().bytes;
    auto done = items.position().index, all = std::max(job_.last, done);
    if (done != 0)
      progress.total = static_cast<std::uint64_t>(static_cast<double>(progress.bytes) *
                                                  static_cast<double>(all) / static_cast<double>(done));
    self_->send(job_.who, std::move(progress));
  }

  rebuilder::pointer self_;
  const rebuilder_options& options_;
  const rebuild_job& job_;
  wire::items_rebuilt done_;
};

rebuilder::behavior_type behave(rebuilder::pointer self, rebuilder_options options) {
  return {
      [self, options = std::move(options)](const rebuild_job& job) {
        auto done = work(self, options, job).run();
        self->quit();
        return done;
      },
  };
}

} // namespace

rebuilder spawn_rebuilder(caf::actor_system& system, rebuilder_options options, bool detached) {
  return detached ? system.spawn<caf::detached>(behave, std::move(options))
                  : system.spawn(behave, std::move(options));
}

} // namespace troupe::archiver
