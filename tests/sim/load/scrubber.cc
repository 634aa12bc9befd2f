#include "tests/sim/load/scrubber.h"
#include "actors/history/survey.h"
#include "storage/archive/segment.h"
#include "tests/sim/archive/rebuild.h"
#include <algorithm>
#include <utility>

namespace troupe::sim {
namespace {

constexpr instant arrives_within = 1'500 * millisecond; // a sentence
constexpr instant look_after =
    400 * millisecond; // a mark that has not come to somebody by then has come to nothing
constexpr int archive_tries = 20;

} // namespace

void scrubber::start() {
  const instant every = cluster_.how().scrub;
  if (every == 0)
    return;
  world_.after(world_.chance().between(every / 2, every), [this] {
    begin();
    start();
  });
}

void scrubber::begin() {
  member* leader = cluster_.leader();
  if (leader == nullptr)
    return;
  const msg::Configuration under = leader->group().configuration();
  if (const auto mark = leader->propose_mark())
    world_.after(look_after, [this, at = *mark, under] { look(at, under); });
}

void scrubber::look(log_index mark, const msg::Configuration& under) {
  std::vector<scrub::opinion> opinions;
  copies asked;
  for (const auto& m : under.members()) {
    if (m.kind() != msg::STORAGE_REPLICA)
      continue;
    const member* one = cluster_.running(m.id());
    const auto* kept = one == nullptr || cluster_.of(m.id())->condemned ? nullptr : one->marked(mark);
    if (kept == nullptr)
      return; // somebody cannot say
    opinions.push_back({m.id(), kept->leaves, false});
    asked[m.id()] = {kept->lineage, kept->rotten};
  }
  if (opinions.size() < 2)
    return;
  ++cluster_.counters().compared;
  const comparison seen{mark, under, std::move(opinions), std::move(asked)};
  const auto verdict = scrub::judge(seen.opinions);
  if (verdict.agreed()) {
    settled_ = world_.now();
    return remember(seen.asked);
  }
  if (cluster_.how().shell.condemn_by_guess)
    return condemn(seen, unlike_the_leader(seen), &cluster_counters::outvoted);
  if (!verdict.wrong.empty() && seen.opinions.size() >= 3 && were_equal(seen.asked))
    return condemn(seen, verdict.wrong, &cluster_counters::outvoted);
  ++cluster_.counters().undecided;
  if (!cluster_.how().archive)
    settled_ = world_.now(); // by people
  else if (!std::exchange(asks_archive_, true))
    ask_archive(seen);
}

// Once it reaches that far. By then members may have been rebuilt, or have changed places.
void scrubber::ask_archive(const comparison& seen, int tries) {
  const auto reference = rebuild_from(cluster_.store(), cluster_.nothing_yet(), seen.mark, true);
  if (reference.state == nullptr || reference.state->index() < seen.mark) {
    if (tries < archive_tries) {
      mend_archive();
      return world_.after(look_after, [this, seen, tries] { ask_archive(seen, tries + 1); });
    }
    world_.note("the archive does not say what the items were at {}", seen.mark);
    asks_archive_ = false;
    settled_ = world_.now(); // by people
    return;
  }
  asks_archive_ = false;
  auto opinions = seen.opinions;
  opinions.push_back({0, reference.state->leaves(), true});
  const auto wrong = scrub::judge(opinions).wrong;
  if (wrong.empty())         // nobody is what the archive makes of it
    settled_ = world_.now(); // by people
  condemn(seen, wrong, &cluster_counters::arbitrated);
}

// What is damaged there is put back, where a log still has it and fits on both sides.
void scrubber::mend_archive() {
  auto& store = cluster_.store();
  const auto folder = archive::folder_of(archive_place);
  const auto found = history::survey(store, history::survey_depth::bytes, folder).next();
  if (!found || !*found)
    return;
  for (const auto& hole : (*found)->holes)
    for (const auto& m : cluster_.machines()) {
      const auto entries = m.running ? m.storage->read(hole.first, hole.last, ~std::size_t{0}) : std::nullopt;
      if (!entries || entries->empty() || entries->front().index() != hole.first ||
          entries->back().index() != hole.last || hole.before != entries->front().previous_link() ||
          hole.after != entries->back().link())
        continue;
      put_back(*entries);
      break;
    }
}

void scrubber::put_back(const std::vector<msg::Entry>& entries) {
  const auto folder = archive::folder_of(archive_place);
  msg::SegmentManifest about;
  about.set_cluster_id(archive_place.cluster);
  about.set_table_id(archive_place.table);
  about.set_group(archive_place.group);
  const auto made = storage::write_segment(about, entries);
  if (!made)
    return world_.find("archive", "what a log has is no log: " + made.error().text);
  archive::extent what{entries.front().index(), entries.back().index(), 0};
  for (; what.copy < archive::copies_max; ++what.copy) {
    const auto put = cluster_.store().put(archive::segment_name(folder, what), *made);
    if (put && *put == storage::put_outcome::stored) {
      world_.note("entries {} to {} are put back into the archive", what.first, what.last);
      ++cluster_.counters().put_back;
    }
    if (!put || *put == storage::put_outcome::stored)
      return;
  }
}

// The sentence travels: by the time it arrives the copy may be another one, or the member gone.
void scrubber::condemn(const comparison& seen, const std::vector<member_id>& wrong,
                       std::uint64_t cluster_counters::*by) {
  for (auto guilty : wrong)
    world_.after(world_.chance().below(3) == 0 ? world_.chance().between(millisecond, arrives_within) : 0,
                 [this, guilty, seen, wrong, by] { sentence(guilty, seen, wrong, by); });
}

void scrubber::sentence(member_id guilty, const comparison& seen, const std::vector<member_id>& wrong,
                        std::uint64_t cluster_counters::*by) {
  member* one = cluster_.running(guilty);
  const bool was_right = one != nullptr && one->state() != nullptr && !one->state()->rotten();
  if (one == nullptr || !others_can_lead(wrong, seen.under) ||
      !one->condemn(seen.under.epoch(), seen.asked.at(guilty).lineage))
    return;
  ++(cluster_.counters().*by);
  if (was_right)
    return world_.find("scrub", "m" + std::to_string(guilty) + " was right, and is to be replaced");
  keeper_.vacate(guilty);
}

// Where they cannot, a group whose leader is condemned has nobody who may serve, and it is for people to
// choose between a wrong copy and an old one (docs/decisions/016-scrub.md). The simulation has no people.
bool scrubber::others_can_lead(const std::vector<member_id>& wrong, const msg::Configuration& under) const {
  const member* leader = cluster_.leader();
  return leader != nullptr && std::any_of(under.members().begin(), under.members().end(), [&](const auto& m) {
           const member* one = cluster_.running(m.id());
           return m.kind() == msg::STORAGE_REPLICA && one != nullptr && one->has_items() &&
                  std::find(wrong.begin(), wrong.end(), m.id()) == wrong.end() &&
                  one->group().last_index() + 1 >= leader->group().first_index();
         });
}

// A deliberate bug.
std::vector<member_id> scrubber::unlike_the_leader(const comparison& seen) const {
  const member* leader = cluster_.leader();
  for (const auto& trusted : seen.opinions)
    for (const auto& one : seen.opinions)
      if (leader != nullptr && trusted.member == leader->id() && one.leaves != trusted.leaves)
        return {one.member};
  return {};
}

void scrubber::remember(const copies& equal) {
  equal_ = {};
  for (const auto& [member, one] : equal) {
    equal_.copies.push_back({member, one.lineage});
    if (const machine* at = cluster_.of(member))
      equal_.told[at->id] = at->boot;
  }
}

bool scrubber::were_equal(const copies& asked) const {
  const bool known = std::any_of(equal_.told.begin(), equal_.told.end(), [this](const auto& told) {
    return cluster_.on(told.first).boot == told.second;
  });
  std::vector<scrub::witness> witnesses;
  for (const auto& [member, one] : asked) {
    witnesses.push_back({member, one.lineage});
    if (cluster_.how().shell.trust_echoes)
      for (const auto& then : equal_.copies)
        if (then.member == member)
          witnesses.back() = then;
  }
  return known && scrub::were_equal(equal_.copies, witnesses);
}

} // namespace troupe::sim
