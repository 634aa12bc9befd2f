// Items made anew from the archive, for replicas of this node that nobody else can give them to: each by a
// rebuilder of its own, a few at a time. What became of it is the replica's to judge.
//
// Where as many are under way as may be, the others stand in line. They are not kept waiting for an answer,
// as somebody else may give them their items meanwhile: they ask again, and a place that gets free is for the
// first who did.
#include "actors/archiver/archiver_state.h"
#include "actors/archiver/rebuilder.h"
#include "actors/kit/log.h"
#include "storage/files.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::archiver {

namespace {

constexpr std::int64_t in_line_us = 30'000'000; // for who does not ask again; they ask others in between

} // namespace

// Whether it is its turn; it is in line otherwise. One place in it per group of this node.
bool archiver_state::may_rebuild(std::uint64_t group) {
  std::erase_if(line, [&](const auto& one) { return now() - one.asked_us > in_line_us; });
  auto mine = std::find_if(line.begin(), line.end(), [&](const auto& one) { return one.group == group; });
  const auto before = static_cast<std::size_t>(mine - line.begin());
  if (rebuilding.contains(group) || rebuilding.size() + before >= options.rebuilds) {
    if (mine == line.end())
      line.push_back({group, now()});
    else
      mine->asked_us = now();
    return false;
  }
  if (mine != line.end())
    line.erase(mine);
  rebuilding.insert(group);
  return true;
}

void archiver_state::rebuild(const wire::rebuild_items& what) {
  wire::items_rebuilt refusal;
  refusal.transfer = what.transfer;
  auto it = charges.find(what.group);
  if (options.scratch.empty() || cluster_id == 0 || it == charges.end() || !it->second.about)
    refusal.trouble = "it is not known yet where the archive has them";
  else
    refusal.waits = !may_rebuild(what.group);
  if (refusal.waits || !refusal.trouble.empty())
    return self->send(what.who, std::move(refusal));
  rebuild_job job;
  job.whose = {cluster_id, it->second.about->table_id, what.group};
  job.least = what.least;
  job.last = what.last;
  job.path = options.scratch + "/" + std::to_string(what.group) + "-archived.snapshot";
  job.transfer = what.transfer;
  job.who = what.who;
  kit::log(kit::level::warning, options.node, "archiver",
           "group " + std::to_string(what.group) +
               ": nobody gives it its items; making them anew from the archive");
  rebuilder_options how;
  how.open = options.open;
  how.room.kept = options.free_bytes_min;
  how.takes = options.takes;
  how.cancelled = options.cancelled;
  how.clock = options.clock;
  auto worker = spawn_rebuilder(self->home_system(), std::move(how), options.detached);
  self->request(worker, caf::infinite, job)
      .then([this, what](const wire::items_rebuilt& made) { rebuilt(what, made); },
            [this, what](const caf::error& why) {
              wire::items_rebuilt nothing;
              nothing.transfer = what.transfer;
              nothing.trouble = self->home_system().render(why);
              rebuilt(what, std::move(nothing));
            });
}

void archiver_state::rebuilt(const wire::rebuild_items& what, wire::items_rebuilt made) {
  rebuilding.erase(what.group);
  if (!made.trouble.empty())
    meter->failures.Increment();
  if (charges.find(what.group) == charges.end() && !made.file.empty()) {
    if (auto removed = storage::remove_file(made.file); !removed)
      kit::log(kit::level::warning, options.node, "archiver", removed.error().text);
    made.file.clear();
    made.trouble = "its member was dropped meanwhile";
  }
  self->send(what.who, std::move(made));
}

} // namespace troupe::archiver
