// A member's part in archiving: the real keeper and the real planner of snapshots say what is to be done, the
// real jobs of a store worker do it, one at a time; this stands in for actors/archiver between them.
#include "actors/archiver/store_worker.h"
#include "tests/sim/archive/rebuild.h"
#include "tests/sim/members/cluster.h"
#include "tests/sim/members/member.h"
#include <algorithm>

namespace troupe::sim {
namespace {

using archive::act;
using outcome = archiver::store_done::outcome;

constexpr instant job_takes = 60 * millisecond; // at most
constexpr instant prove_again = 1 * second;
constexpr std::size_t page_bytes = 1u << 20;

} // namespace

member::archiving::archiving(const settings& how, log_index base, std::uint64_t chance)
    : keeper(how.archive_rules, base), planner(how.archive_snapshots, chance), unproven(base),
      counted_to(base) {}

log_index member::archiving::proven() const {
  return unproven == 0 ? keeper.archived() : 0;
}

// What is chosen and durable here, and how much that is.
void member::tell_keeper() {
  auto& a = *archiving_;
  const log_index base = group_.first_index() - 1;
  const log_index committed = std::max(base, std::min(group_.commit(), group_.durable_index()));
  a.counted_to = std::max(a.counted_to, base);
  if (committed > a.counted_to)
    if (const auto fresh = on_.storage->read(a.counted_to + 1, committed, page_bytes))
      for (const auto& e : *fresh) {
        a.bytes += e.payload().size();
        a.counted_to = e.index();
      }
  if (base > a.keeper.archived()) { // a snapshot took the place of the log
    a.unproven = base;
    a.prove_at = 0;
    a.link.reset();
  }
  const bool leads = group_.role() == paxos::role::leader;
  a.keeper.told({leads, base, a.counted_to, a.bytes}, clock());
  a.planner.told(leads, state_ != nullptr, state_ ? state_->bytes().size() : 0);
}

void member::archive() {
  if (!archiving_ || archiving_->busy)
    return;
  auto& a = *archiving_;
  tell_keeper();
  auto step = a.keeper.next(clock());
  if (step.what == act::wait && a.unproven != 0 && clock() >= std::max(a.prove_at, a.keeper.not_before()))
    step = {act::list, archive::never, {}};
  if (step.what == act::wait)
    return archive_items();
  archiver::store_job job;
  job.folder = archive::folder_of(archive_place);
  job.archived = a.keeper.archived();
  using kind = archiver::store_job::kind;
  if (step.what == act::list) {
    job.what = kind::list;
    job.covers = a.unproven;
  } else if (step.what == act::read_back) {
    job.what = kind::fetch;
    job.object = step.object;
  } else if (!collect(step.object, job)) {
    return a.keeper.failed(clock());
  }
  const auto link = job.entries ? job.entries->back().link() : 0;
  carry_out(std::move(job),
            [this, step, link](const archiver::store_done& done) { on_archived(step, link, done); });
}

void member::carry_out(archiver::store_job job, std::function<void(const archiver::store_done&)> then) {
  archiving_->busy = true;
  later(world_.chance().between(millisecond, job_takes),
        [this, job = std::move(job), then = std::move(then)] {
          const auto done = archiver::carry_out(job, home_.store());
          archiving_->busy = false;
          then(done);
          archive();
        });
}

// The entries to be archived next. False: the log cannot give them, or they do not follow what is archived.
bool member::collect(const archive::extent& what, archiver::store_job& job) const {
  auto entries = on_.storage->read(what.first, what.last, home_.how().archive_rules.segment_bytes);
  if (!entries || entries->empty() || entries->front().index() != what.first ||
      (archiving_->link && *archiving_->link != entries->front().previous_link()))
    return false;
  msg::SegmentManifest about;
  about.set_cluster_id(archive_place.cluster);
  about.set_table_id(archive_place.table);
  about.set_group(archive_place.group);
  job.what = archiver::store_job::kind::store;
  job.object.copy = what.copy;
  job.about = std::make_shared<const msg::SegmentManifest>(std::move(about));
  job.entries = std::make_shared<const std::vector<msg::Entry>>(std::move(*entries));
  return true;
}

// link: of the last entry that was to be archived.
void member::on_archived(const archive::step& doing, std::uint64_t link, const archiver::store_done& done) {
  auto& a = *archiving_;
  if (done.result == outcome::unsound)
    return world_.find("archive", "the log of m" + std::to_string(id_) + " is none: " + done.text);
  if (doing.what == act::read_back) {
    if (done.result == outcome::failed)
      return a.keeper.failed(clock());
    return compare(doing.object, done);
  }
  if (done.result != outcome::done)
    return a.keeper.failed(clock());
  if (doing.what == act::upload) {
    world_.note("m{} has archived entries {} to {}, copy {}", id_, done.object.first, done.object.last,
                done.object.copy);
    home_.checks().archived(id_, done.object.last, link);
    if (home_.how().shell.believe_uploads)
      return a.keeper.checked(done.object, archive::verdict::same, done.bytes, clock());
    return a.keeper.uploaded(done.object, clock());
  }
  if (a.unproven != 0 && done.covers == a.unproven) {
    a.planner.gap_below(done.covered ? 0 : a.unproven);
    a.unproven = done.covered ? 0 : a.unproven;
    a.prove_at = clock() + prove_again;
  }
  a.keeper.listed(done.found, clock());
}

void member::compare(const archive::extent& object, const archiver::store_done& done) {
  auto& a = *archiving_;
  auto verdict = done.result == outcome::damaged ? archive::verdict::damaged : archive::verdict::missing;
  if (done.result == outcome::done) {
    const auto own = on_.storage->read(object.last, object.last, 1);
    if (!own || own->empty())
      return a.keeper.failed(clock());
    verdict = archive::judge(done.manifest, object, archive_place, own->front());
  }
  if (verdict == archive::verdict::different)
    return world_.find("archive", "entries up to " + std::to_string(object.last) +
                                      " in the archive are not those of m" + std::to_string(id_));
  if (verdict == archive::verdict::same) {
    a.planner.archived(done.bytes);
    a.link = done.manifest.last_link();
  }
  a.keeper.checked(object, verdict, done.bytes_behind, clock());
  if (verdict != archive::verdict::same)
    return;
  if (!home_.how().shell.newcomers_ignore_archive)
    group_.archived(a.proven());
  if (!writing_)
    truncate();
}

// A snapshot of the items, where one is due: of what is durable.
void member::archive_items() {
  auto& a = *archiving_;
  const auto step = a.planner.next(clock());
  archiver::store_job job;
  job.folder = archive::folder_of(archive_place);
  if (step.what == archive::snapshot_planner::act::look) {
    job.what = archiver::store_job::kind::look;
    return carry_out(std::move(job), [this](const archiver::store_done& done) {
      done.result == outcome::done ? archiving_->planner.looked(done.snapshot, done.log_bytes, clock())
                                   : archiving_->planner.failed(clock());
    });
  }
  if (step.what != archive::snapshot_planner::act::make)
    return;
  const auto& state = on_.storage->durable_items();
  if (on_.condemned || !state || state->index() < std::max(a.planner.newest() + 1, a.unproven))
    return a.planner.failed(clock());
  job.what = archiver::store_job::kind::place;
  job.name = archive::snapshot_name(job.folder, {state->index(), world_.chance().next()});
  job.content = std::make_shared<const std::string>(snapshot_object(*state));
  world_.note("m{} archives its items at {}", id_, state->index());
  carry_out(std::move(job), [this, at = state->index()](const archiver::store_done& done) {
    archiving_->prove_at = 0;
    done.result == outcome::done ? archiving_->planner.made(at, clock())
                                 : archiving_->planner.failed(clock());
  });
}

} // namespace troupe::sim
