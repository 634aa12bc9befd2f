// The second proof: the members of a group, as they were at one index, are what its archive makes of it.
//
// The scrubber beside the leader has the digests of all members and orders the proof from that beside another
// member, which has less to do. That one reads the group's archive again, puts back what is missing there
// (mend.cc), rebuilds the items in a scratch file, and compares. The order carries all that has to be known,
// so nothing is lost with a leader.
//
// The archive is believed against members only where they differ, only when it was rebuilt from the log
// alone (a snapshot was made by a member, who may have been wrong by then), and only where a member confirms
// it. Where members agree with each other and not with it, it is the archive that is doubted.
#include "actors/kit/log.h"
#include "actors/scrubber/scrubber_state.h"
#include <algorithm>
#include <caf/all.hpp>

namespace troupe::scrubber {

namespace {

constexpr std::size_t orders_max = 64;                // of about 50 KiB each
constexpr std::int64_t archive_lags_us = 600'000'000; // after that nobody waits for it to reach the index
constexpr std::size_t lost_told_max = 64;             // holes of a group that are remembered

using outcome = archive_work_done::outcome;

std::string entries_text(std::uint64_t first, std::uint64_t last) {
  return first == last ? "entry " + std::to_string(first)
                       : "entries " + std::to_string(first) + " to " + std::to_string(last);
}

// Of several, the first is named.
std::string more_of(std::size_t several) {
  return several > 1 ? " (and " + std::to_string(several - 1) + " more)" : std::string();
}

} // namespace

// --- beside the leader -------------------------------------------------------------------------------------

// To another member's node than this one, where there is one; and to another each time, since each has a log
// of its own to repair the archive from.
void scrubber_state::order_proof(std::uint64_t group, const comparison& one, bool arbitrate) {
  auto it = residents.find(group);
  const auto& seen = one.round->outcome();
  if (!proves() || it == residents.end() || seen.opinions.empty())
    return;
  std::vector<std::string> nodes;
  for (const auto& [member, node] : one.nodes)
    if (member != it->second.member)
      nodes.push_back(node);
  if (nodes.empty())
    nodes.push_back(options.node);
  msg::ScrubRequest request;
  request.set_group(group);
  auto& wish = *request.mutable_prove();
  wish.set_index(seen.index);
  wish.set_epoch(one.round->epoch());
  wish.set_arbitrate(arbitrate);
  for (const auto& opinion : seen.opinions) {
    auto& member = *wish.add_members();
    member.set_member(opinion.member);
    member.set_node(one.nodes.at(opinion.member));
    if (auto lineage = one.lineages.find(opinion.member); lineage != one.lineages.end())
      member.set_lineage(lineage->second);
    for (const auto& leaf : opinion.leaves) {
      member.add_sums(leaf.sum);
      member.add_items(leaf.items);
    }
  }
  auto id = ++next_id;
  auto& asked = questions[id];
  asked.group = group;
  asked.what = question::kind::proof;
  asked.asked_us = now();
  post(nodes[(group + it->second.proofs_ordered++) % nodes.size()], std::move(request), id);
}

void scrubber_state::on_proved(std::uint64_t group, const msg::Proved& news) {
  auto it = residents.find(group);
  if (it == residents.end())
    return;
  it->second.proved_us = now();
  it->second.report.set_proved_ms(news.at_ms());
  it->second.report.set_archive(news.archive());
  tell(it->second);
}

// --- beside the member that was chosen ---------------------------------------------------------------------

void scrubber_state::on_prove(const wire::delivery& from) {
  auto reply = wire::outgoing{from.from->node, wire::reply_to(from.parcel)};
  const auto& request = from.parcel.scrub_request();
  reply.parcel.mutable_scrub_reply()->set_state(take_order(request.group(), request.prove()));
  outbox.push_back(std::move(reply));
  drive_proof();
}

msg::ScrubReply::State scrubber_state::take_order(std::uint64_t group, const msg::Prove& wish) {
  auto it = residents.find(group);
  if (!proves() || it == residents.end())
    return msg::ScrubReply::GONE;
  auto same = [&](const proof_order& known) {
    return known.group == group && known.epoch == wish.epoch() && known.arbitrate == wish.arbitrate();
  };
  if ((proving && same(proving->order)) || std::any_of(orders.begin(), orders.end(), same))
    return msg::ScrubReply::HERE; // the earlier one will do
  if (orders.size() >= orders_max)
    return msg::ScrubReply::GONE;
  proof_order order;
  order.group = group;
  order.member = it->second.member;
  order.index = wish.index();
  order.epoch = wish.epoch();
  order.arbitrate = wish.arbitrate();
  order.since_us = now();
  for (const auto& one : wish.members()) {
    order.nodes[one.member()] = one.node();
    order.lineages[one.member()] = one.lineage();
    auto& opinion = order.opinions.emplace_back();
    opinion.member = one.member();
    for (int i = 0; i < std::min(one.sums_size(), one.items_size()); ++i)
      opinion.leaves.push_back({one.sums(i), one.items(i)});
  }
  orders.push_back(std::move(order));
  return msg::ScrubReply::HERE;
}

resident* scrubber_state::prover() {
  auto it = proving ? residents.find(proving->order.group) : residents.end();
  return it == residents.end() || it->second.member != proving->order.member ? nullptr : &it->second;
}

archive::place scrubber_state::place_of_proof() const {
  const auto& about = proving->archive.about;
  return {about.cluster_id(), about.table_id(), about.group()};
}

void scrubber_state::drive_proof() {
  if (proving || orders.empty())
    return;
  proving.emplace();
  proving->order = std::move(orders.front());
  orders.pop_front();
  proving->number = ++next_number;
  look_at_archive();
}

void scrubber_state::look_at_archive() {
  auto number = proving->number;
  self->request(options.archiver, caf::infinite, wire::view_archive{proving->order.group})
      .then(
          [this, number](const wire::archive_view& view) {
            if (!is_current_proof(number))
              return;
            if (!prover())
              return end_proof();
            proving->archive = view;
            if (view.known && view.archived >= proving->order.index)
              return look_at_log();
            if (now() - proving->order.since_us >= archive_lags_us)
              return unproved("the archive does not reach the entry at which the members were compared");
            auto order = std::move(proving->order); // others go first; this one when the next tick comes
            proving.reset();
            orders.push_back(std::move(order));
          },
          [this, number](const caf::error&) {
            if (is_current_proof(number))
              end_proof(); // this node is ending
          });
}

void scrubber_state::look_at_log() {
  auto number = proving->number;
  self->request(prover()->actor, caf::infinite, wire::standing_atom::value)
      .then(
          [this, number](const wire::log_standing& standing) {
            if (!is_current_proof(number))
              return;
            proving->standing = standing;
            proving->now = proof::phase::survey;
            survey_archive();
          },
          [this, number](const caf::error&) {
            if (is_current_proof(number))
              end_proof(); // the replica has ended
          });
}

void scrubber_state::ask_worker(archive_job job, void (scrubber_state::*then)(const archive_work_done&)) {
  auto number = proving->number;
  auto answered = [this, number, then](const archive_work_done& done) {
    meter->archive_bytes.Increment(static_cast<double>(done.read_bytes));
    if (!is_current_proof(number))
      return;
    prover() ? (this->*then)(done) : end_proof();
    send_out();
  };
  self->request(worker, caf::infinite, std::move(job)).then(answered, [this, number](const caf::error&) {
    if (is_current_proof(number))
      end_proof(); // this node is ending
  });
}

// --- what lies in the archive ------------------------------------------------------------------------------

void scrubber_state::survey_archive() {
  archive_job job;
  job.what = archive_job::kind::survey;
  job.whose = place_of_proof();
  ask_worker(std::move(job), &scrubber_state::on_survey);
}

void scrubber_state::on_survey(const archive_work_done& done) {
  if (done.result != outcome::done)
    return unproved("the archive cannot be read: " + done.text);
  auto& p = *proving;
  auto seen = done.found ? *done.found : history::group_survey();
  prover()->report.set_archive_ms(options.clock->unix_ms());
  if (seen.foreign > 0) {
    found(p.order.group, finding::archive, seen.findings.front());
    return unproved(seen.findings.front());
  }
  // What this node has seen there must be there, also where nothing follows it.
  if (seen.last < p.archive.archived)
    seen.holes.push_back({seen.last + 1, p.archive.archived, seen.last == 0 ? 0 : seen.last_link, {}});
  // An archive that was begun late has nothing of what came before, and a snapshot to begin with.
  auto never_there = [&](const history::group_survey::hole& hole) {
    return hole.first == 1 && hole.last <= seen.newest_snapshot && hole.last <= p.standing.base &&
           std::none_of(seen.damaged_segments.begin(), seen.damaged_segments.end(),
                        [&](const archive::extent& bad) { return bad.first <= hole.last; });
  };
  std::erase_if(seen.holes, never_there);
  p.seen = std::move(seen);
  if (p.now == proof::phase::survey_again) {
    meter->archives_mended.Increment();
    repaired(p.order.group);
    kit::log(kit::level::info, options.node, "scrubber",
             "group " + std::to_string(p.order.group) + ": its archive has been repaired" +
                 (p.seen.holes.empty() ? "" : ", as far as the log here reaches"));
    return settle_archive();
  }
  if (p.seen.holes.empty())
    return settle_archive();
  const auto& hole = p.seen.holes.front();
  if (!prover()->lost.contains({hole.first, hole.last}))
    found(p.order.group, finding::archive,
          entries_text(hole.first, hole.last) + more_of(p.seen.holes.size()) +
              " are in no sound segment of the archive" +
              (p.seen.damaged > 0 && !p.seen.notes.empty() ? ": " + p.seen.notes.front() : std::string()));
  p.now = proof::phase::mend;
  mend_archive();
}

// What has not been put back by now is not in any log here. The next proof comes from another member, whose
// log may reach further.
void scrubber_state::settle_archive() {
  auto& p = *proving;
  auto* one = prover();
  std::uint64_t bridge = 0; // a snapshot has to be taken at or above
  p.trouble.clear();
  if (!p.seen.holes.empty()) {
    const auto& hole = p.seen.holes.front();
    p.trouble = "history between entry " + std::to_string(hole.first) + " and entry " +
                std::to_string(hole.last) + more_of(p.seen.holes.size()) + " is lost";
    if (one->lost.size() < lost_told_max && one->lost.insert({hole.first, hole.last}).second)
      found(p.order.group, finding::archive, p.trouble + ": no log here holds it any more");
    if (p.seen.newest_snapshot < p.seen.holes.back().last)
      bridge = p.seen.holes.back().last;
  }
  if (p.seen.newest_damaged_snapshot > p.seen.newest_snapshot) {
    found(p.order.group, finding::archive,
          "the archived snapshot of entry " + std::to_string(p.seen.newest_damaged_snapshot) +
              " is damaged; another one is made");
    bridge = std::max(bridge, p.seen.newest_damaged_snapshot + 1);
  }
  if (bridge > 0)
    want_snapshot(bridge);
  one->report.set_archive(p.trouble);
  tell(*one);
  rebuild_reference();
}

// So that what comes later can be restored, whatever is gone. Not while it is in doubt what the items are.
void scrubber_state::want_snapshot(std::uint64_t index) {
  if (proving->order.arbitrate)
    return;
  self->send(options.archiver, wire::want_snapshot{proving->order.group, index});
}

// --- the copy made of it -----------------------------------------------------------------------------------

void scrubber_state::rebuild_reference() {
  auto& p = *proving;
  p.now = proof::phase::rebuild;
  archive_job job;
  job.what = archive_job::kind::rebuild;
  job.whose = place_of_proof();
  job.last = p.order.index;
  job.log_alone = p.order.arbitrate;
  job.from = p.archive.about.from();
  job.to = p.archive.about.to();
  job.item_bytes = p.standing.item_bytes;
  ask_worker(std::move(job), &scrubber_state::on_rebuilt);
}

void scrubber_state::on_rebuilt(const archive_work_done& done) {
  auto& p = *proving;
  if (done.result != outcome::done)
    return unproved("no copy could be rebuilt from the archive: " + done.text);
  auto opinions = p.order.opinions;
  opinions.push_back({0, done.leaves, true});
  for (const auto& one : opinions)
    if (one.leaves.size() != done.leaves.size())
      return unproved("the members' digests are of other ranges of keys");
  const auto seen = scrub::judge(opinions);
  if (seen.agreed())
    return confirmed();
  if (seen.reference_alone)
    return doubt_archive(seen, done);
  if (!p.order.arbitrate || seen.wrong.empty())
    return unproved("the members differ, and none is what the archive makes of the group");
  condemn_by_reference(seen);
}

void scrubber_state::confirmed() {
  auto& p = *proving;
  meter->proved.Increment();
  msg::Proved news;
  news.set_at_ms(options.clock->unix_ms());
  news.set_archive(p.trouble);
  for (const auto& [member, node] : p.order.nodes) {
    msg::ScrubRequest request;
    request.set_group(p.order.group);
    *request.mutable_proved() = news;
    post(node, std::move(request));
  }
  end_proof();
}

// Members that agree are never repaired from the archive. Whoever restores later gets what they have, from a
// snapshot that is made now.
void scrubber_state::doubt_archive(const scrub::verdict& seen, const archive_work_done& done) {
  auto& p = *proving;
  const auto why = "what the archive makes of it as of entry " + std::to_string(p.order.index) +
                   ", beginning with " +
                   (done.began_with == 0 ? "the first entry"
                                         : "the snapshot of entry " + std::to_string(done.began_with)) +
                   ", differs in " + std::to_string(seen.differing.size()) +
                   " of its ranges of keys from the members, who agree with each other";
  meter->disproved.Increment();
  found(p.order.group, finding::reference, why);
  want_snapshot(p.order.index);
  p.trouble = why;
  prover()->report.set_archive(why);
  tell(*prover());
  end_proof();
}

void scrubber_state::condemn_by_reference(const scrub::verdict& seen) {
  auto& p = *proving;
  meter->disproved.Increment();
  for (auto member : seen.wrong) {
    const auto& node = p.order.nodes.at(member);
    msg::Condemn sentence;
    sentence.set_member(member);
    sentence.set_epoch(p.order.epoch);
    sentence.set_lineage(p.order.lineages.at(member));
    sentence.set_why("member " + std::to_string(member) + " on " + node +
                     " is not what the archived log makes of the group as of entry " +
                     std::to_string(p.order.index) + ", and another member is");
    condemn(p.order.group, node, std::move(sentence));
  }
  end_proof();
}

void scrubber_state::unproved(const std::string& why) {
  meter->unproved.Increment();
  kit::log(kit::level::warning, options.node, "scrubber",
           "group " + std::to_string(proving->order.group) + ": not proved by its archive: " + why);
  if (auto* one = prover()) {
    one->report.set_archive(proving->trouble.empty() ? why : proving->trouble + "; " + why);
    tell(*one);
  }
  end_proof();
}

void scrubber_state::end_proof() {
  proving.reset();
  drive_proof();
}

} // namespace troupe::scrubber
