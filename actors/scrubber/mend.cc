// What the archive lacks, put back where the log of the member here still holds it: hole by hole, in pieces
// of the size of a segment, one in memory at a time.
//
// Nothing is put that is not the log the archive had: the last entry of a hole must have the link that the
// archive has behind the hole, the first one must follow on what lies before it, and equal links are equal
// logs. Only what is chosen and durable here is read. Damaged objects stay where they are, under their names.
#include "actors/kit/log.h"
#include "actors/scrubber/scrubber_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::scrubber {

namespace {

constexpr std::uint64_t page_bytes = 512u << 10; // of the log, asked of the disk at once
constexpr std::size_t entries_max = 1u << 17;    // in an object, however short they are

using outcome = archive_work_done::outcome;

} // namespace

void scrubber_state::mend_archive() {
  proving->holes.assign(proving->seen.holes.begin(), proving->seen.holes.end());
  mend_next();
}

// The next hole of which the log here has anything; then the archive is read once more, if anything is new.
void scrubber_state::mend_next() {
  auto& p = *proving;
  const auto base = p.standing.base;
  const auto last = p.standing.committed;
  std::erase_if(p.holes, [&](const auto& hole) { return hole.last <= base || hole.first > last; });
  if (p.holes.empty() && !p.put_back)
    return settle_archive();
  if (p.holes.empty()) {
    p.now = proof::phase::survey_again;
    return survey_archive();
  }
  auto& hole = p.holes.front();
  if (hole.last > last) { // what lies behind is not known here to be chosen
    hole.last = last;
    hole.after.reset();
  }
  p.next = std::max(hole.first, base + 1);
  p.entries.clear();
  p.entry_bytes = 0;
  check_end_of_hole();
}

void scrubber_state::page_of_log(std::uint64_t from, std::uint64_t to, std::uint64_t bytes,
                                 void (scrubber_state::*then)(wire::log_page&)) {
  auto number = proving->number;
  self->request(options.disk, caf::infinite, wire::page_log{proving->order.group, from, to, bytes})
      .then(
          [this, number, then](wire::log_page& page) {
            if (!is_current_proof(number))
              return;
            prover() ? (this->*then)(page) : end_proof();
            send_out();
          },
          [this, number](const caf::error&) {
            if (is_current_proof(number))
              end_proof(); // this node is ending
          });
}

void scrubber_state::check_end_of_hole() {
  const auto last = proving->holes.front().last;
  page_of_log(last, last, 1, &scrubber_state::on_end_of_hole);
}

void scrubber_state::on_end_of_hole(wire::log_page& page) {
  auto& p = *proving;
  const auto& hole = p.holes.front();
  if (!page.result.ok() || page.entries.empty()) { // cut since, or damaged, which its own pass finds
    p.holes.pop_front();
    return mend_next();
  }
  if (hole.after && *hole.after != page.entries.front().link())
    return another_history(hole.last);
  collect_entries();
}

// Either this log or that archive is not what it claims to be: people have to look.
void scrubber_state::another_history(std::uint64_t index) {
  const auto why = "the archive has another history than the log here at entry " + std::to_string(index) +
                   "; nothing is put back";
  found(proving->order.group, finding::archive, why);
  unproved(why);
}

void scrubber_state::collect_entries() {
  auto& p = *proving;
  const auto room = options.piece_bytes - std::min(p.entry_bytes, options.piece_bytes);
  page_of_log(p.next, p.holes.front().last, std::min(page_bytes, std::max<std::uint64_t>(room, 1)),
              &scrubber_state::on_entries);
}

void scrubber_state::on_entries(wire::log_page& page) {
  auto& p = *proving;
  const auto& hole = p.holes.front();
  if (!page.result.ok() || page.entries.empty()) {
    p.holes.pop_front();
    return mend_next();
  }
  const auto& first = page.entries.front();
  if (first.index() == hole.first && hole.before && *hole.before != first.previous_link())
    return another_history(first.index());
  for (auto& entry : page.entries) {
    p.entry_bytes += entry.payload().size();
    p.next = entry.index() + 1;
    p.entries.push_back(std::move(entry));
  }
  const bool full = p.entry_bytes >= options.piece_bytes || p.entries.size() >= entries_max;
  full || p.next > hole.last ? put_entries() : collect_entries();
}

// That it is a log, whoever makes the segment looks at.
void scrubber_state::put_entries() {
  auto& p = *proving;
  archive_job job;
  job.what = archive_job::kind::put;
  job.whose = place_of_proof();
  job.about = std::make_shared<const msg::SegmentManifest>(p.archive.about);
  job.entries = std::make_shared<const std::vector<msg::Entry>>(std::move(p.entries));
  p.entries = {};
  p.entry_bytes = 0;
  ask_worker(std::move(job), &scrubber_state::on_put);
}

void scrubber_state::on_put(const archive_work_done& done) {
  auto& p = *proving;
  if (done.result != outcome::done) {
    kit::log(kit::level::warning, options.node, "scrubber",
             "group " + std::to_string(p.order.group) +
                 ": what its archive lacks was not put back: " + done.text);
    p.holes.pop_front();
    return mend_next();
  }
  p.put_back = true;
  if (p.next <= p.holes.front().last)
    return collect_entries();
  p.holes.pop_front();
  mend_next();
}

} // namespace troupe::scrubber
