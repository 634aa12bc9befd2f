// Items made anew from the archive, for replicas of this node that nobody else can give them to: each by a
// rebuilder of its own, a few at a time. What became of it is the replica's to judge.
#include "actors/archiver/archiver_state.h"
#include "actors/archiver/rebuilder.h"
#include "actors/kit/log.h"
#include "storage/files.h"
#include <caf/all.hpp>

namespace troupe::archiver {

void archiver_state::rebuild(const wire::rebuild_items& what) {
  auto refuse = [&](const char* why) {
    wire::items_rebuilt answer;
    answer.transfer = what.transfer;
    answer.trouble = why;
    self->send(what.who, std::move(answer));
  };
  auto it = charges.find(what.group);
  if (options.scratch.empty() || cluster_id == 0 || it == charges.end() || !it->second.about)
    return refuse("it is not known yet where the archive has them");
  if (rebuilding.size() >= options.rebuilds || !rebuilding.insert(what.group).second)
    return refuse("as much is being rebuilt from the archive as may be");
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
  rebuilder_options how{options.open, options.free_bytes_min, options.takes, options.cancelled,
                        options.clock};
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
  if (charges.find(what.group) == charges.end() && !made.file.empty()) { // the member was dropped meanwhile
    if (auto removed = storage::remove_file(made.file); !removed)
      kit::log(kit::level::warning, options.node, "archiver", removed.error().text);
    return;
  }
  self->send(what.who, std::move(made));
}

} // namespace troupe::archiver
